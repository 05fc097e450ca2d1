"""Sums of real numbers in whole units of 2^-16: adding them rounds nothing, so no order of adding matters.

A sum over 10^9 tokens of values up to 10^5 fits. The rounding happens once a batch: a mean over its tokens moves by
less than 10^-8.
"""

import numpy as np

UNIT = 2.0**-16


def to_fixed(sums: np.ndarray) -> np.ndarray:
    """Sums, float64, in units: int64."""
    assert np.all(np.abs(sums) < 2.0**46), "a sum of activations is not finite, or beyond all bounds"
    return np.rint(sums / UNIT).astype(np.int64)


def to_means(sums: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The means float64 of sums in units (n, width) over `tokens` (n); 0 where there are none."""
    return sums * UNIT / np.maximum(tokens, 1)[:, None]
