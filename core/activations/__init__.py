"""Text to numbers: render, tokenise, plan batches, run the model once and pool SAE features by sample and role."""
