"""Gamut's engine: from a file of instruction data to a chosen, exported and provable subset of it."""

__version__ = "0.1.0"
