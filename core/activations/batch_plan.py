"""Which samples run together: decided by token counts and settings alone, so that every run computes the same numbers."""

import numpy as np

from core.activations.settings import AnalysisSettings


def plan_batches(lengths: np.ndarray, settings: AnalysisSettings) -> list[np.ndarray]:
    """Group samples into batches of like length, longest first (what does not fit in memory fails at once).

    `lengths`: int (n), tokens of each sample, all ≥ 1. Returns int32 arrays of sample ids: every id once, in a batch
    at most `batch_samples` long and at most `batch_tokens` padded tokens (a longer single sample is a batch of its own).
    """
    order = np.lexsort((np.arange(len(lengths)), -lengths)).astype(np.int32)
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        fit = max(1, settings.batch_tokens // int(lengths[order[start]]))
        stop = min(len(order), start + min(fit, settings.batch_samples))
        batches.append(order[start:stop])
        start = stop
    return batches
