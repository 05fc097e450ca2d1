"""Chosen samples to a file for the trainer, with a manifest that proves what was done."""
