"""Trains the small language model and the sparse autoencoder that ship with the program."""
