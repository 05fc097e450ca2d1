"""Gamut's engine: from a file of instruction data to a chosen, exported and provable subset of it."""

from pathlib import Path

from core.kernels import forget_stale_kernels

__version__ = "0.1.0"

forget_stale_kernels(Path(__file__).parent)  # before anything compiles or loads one
