"""What a sample, a feature or a direction is worth: plain arrays in, plain arrays out."""
