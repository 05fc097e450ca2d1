"""Labels: what a feature is about, in words; whose words they are, and how far they hold."""
