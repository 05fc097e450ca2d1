"""What is kept of a batch: one file a table, or a family of them."""
