"""Trains a sparse autoencoder on the user's own data: for any model, at any place that analyses read."""
