"""The mean state of a pool, layer by layer: what the controls are compared with."""

from __future__ import annotations

import numpy as np

from core.store.analyses import Analysis
from core.store.contents import EVERY
from core.store.derived import kept_table
from core.store.vectors import layer_means, state_rows


def pool_mean(analysis: Analysis, site: str) -> np.ndarray:
    """The mean over the samples of their own means, float32 (layers, d); kept beside the analysis.

    Where the analysis does not keep every sample's states: the mean over all tokens that count, which it always keeps.
    """
    held = analysis.contents
    every = held.neurons == EVERY if site == "mlp" else held.vectors
    if not every:
        return layer_means(analysis, site=site).means.astype(np.float32)

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        layers = range(held.shape.layers)
        return {"site": site}, {f"layer_{layer}": _mean(analysis, layer, site) for layer in layers}

    _, columns = kept_table(analysis, f"pool-mean-{site}", make)
    return np.stack([columns[f"layer_{layer}"] for layer in range(held.shape.layers)])


def _mean(analysis: Analysis, layer: int, site: str) -> np.ndarray:
    pieces = state_rows(analysis, layer, site=site)
    total = sum(states.sum(axis=0, dtype=np.float64) for _, states in pieces)
    return (total / max(1, analysis.n_samples)).astype(np.float32)
