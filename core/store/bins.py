"""The fixed bins of a feature's histograms, and the strength bands of its examples: the same for every analysis.

Fixed in advance, counts of parts, analyses and pools simply add up. All are read off the bits of a float, so that no
logarithm rounds differently on another machine.
"""

import numpy as np

LOWEST, OCTAVES, STEPS = -6, 16, 4  # from 2^-6 to 2^10, each doubling in four equal steps
STRENGTH_BINS = OCTAVES * STEPS + 2  # the first takes what is weaker, the last what is stronger
POSITION_BINS = 16  # doublings: bin b holds the positions 2^b to 2^(b+1) - 1, the last all beyond
BANDS = OCTAVES  # an octave of strength each; the first and the last take what lies beyond them
_EXPONENT_BIAS, _MANTISSA = 127, 23


def strength_bins(strength: np.ndarray) -> np.ndarray:
    """The histogram bin of strengths > 0, float32 (n): int32 (n)."""
    quarter = (strength.view(np.int32) >> (_MANTISSA - 2)) - STEPS * (_EXPONENT_BIAS + LOWEST)
    return np.clip(quarter + 1, 0, STRENGTH_BINS - 1)


def strength_edges() -> np.ndarray:
    """The lower edges of all strength bins, float64: the first is 0, the upper edge of a bin is the next one's lower."""
    octave = 2.0 ** np.arange(LOWEST, LOWEST + OCTAVES)
    inside = (octave[:, None] * (1 + np.arange(STEPS) / STEPS)).ravel()
    return np.concatenate([[0.0], inside, [2.0 ** (LOWEST + OCTAVES)]])


def position_bins(position: np.ndarray) -> np.ndarray:
    """The histogram bin of positions ≥ 1, int (n): int32 (n)."""
    doublings = np.frexp(np.maximum(position, 1).astype(np.float64))[1] - 1
    return np.minimum(doublings, POSITION_BINS - 1).astype(np.int32)


def strength_bands(strength: np.ndarray) -> np.ndarray:
    """The band of strengths > 0, float32 (n): int32 (n), the octave from 2^-6 on."""
    octave = (strength.view(np.int32) >> _MANTISSA) - (_EXPONENT_BIAS + LOWEST)
    return np.clip(octave, 0, BANDS - 1)


def band_edges(band: int) -> tuple[float, float]:
    """The strengths from (inclusive) and to (exclusive) that a band holds; the outermost are open."""
    low = 0.0 if band == 0 else 2.0 ** (LOWEST + band)
    return low, float("inf") if band == BANDS - 1 else 2.0 ** (LOWEST + band + 1)
