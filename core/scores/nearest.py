"""The samples that share most with one sample: by their active features, a rare feature weighing more than a common one.

With w_g = ln(n / n_g) for a feature that n_g of n samples hold: likeness = Σ w over F(i) ∩ F(j) / Σ w over F(i) ∪ F(j),
Jaccard's index with weights. A feature that every sample holds weighs nothing. Exact: every sample is compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets


@dataclass(frozen=True, slots=True)
class Near:
    """A sample beside another: features both hold, Jaccard's index, and the index with weights that it is ordered by."""

    sample_id: int
    shared: int
    jaccard: float
    likeness: float


def nearest(features: FeatureSets, sample_id: int, *, limit: int = 10) -> list[Near]:
    """The samples most like one sample, the likest first, ties to the lowest id; only those that share a feature."""
    if not 0 <= sample_id < features.n_samples:
        raise GamutError(f"There is no sample {sample_id}; there are samples 0 to {features.n_samples - 1}.")
    return _nearest(features, features.row(sample_id), limit, without=sample_id)


def nearest_to(features: FeatureSets, row: np.ndarray, *, limit: int = 10) -> list[Near]:
    """The samples most like a text that is none of them; `row`: its active features, ascending."""
    return _nearest(features, row, limit)


def _nearest(features: FeatureSets, row: np.ndarray, limit: int, without: int | None = None) -> list[Near]:
    own = np.zeros(features.n_features, np.bool_)
    own[row] = True
    weights = rarity(features)
    shared, weight, mass = _shared(features.indptr, features.indices, own, weights)
    if without is not None:
        shared[without] = 0
    union = sum(weights[row].tolist()) + mass - weight  # added up in order, as `mass` is: a copy is 1 like
    likeness = np.divide(weight, union, out=np.zeros_like(weight), where=union > 0)
    able = np.flatnonzero(shared)
    best = able[np.lexsort((able, -likeness[able]))[:limit]]
    sizes = len(row) + features.richness[best] - shared[best]
    return [
        Near(int(j), int(shared[j]), float(shared[j] / size), float(likeness[j]))
        for j, size in zip(best, sizes, strict=True)
    ]


def rarity(features: FeatureSets) -> np.ndarray:
    """ln(n / n_g) of every feature, float64 (n_features); 0 for one that no sample holds."""
    held = features.samples
    return np.where(held > 0, np.log(features.n_samples / np.maximum(held, 1)), 0.0)


@numba.njit(cache=True, nogil=True)
def _shared(indptr, indices, own, weights):
    """Of every sample the features that `own` marks: how many, and their weights in sum; and the weights of all it holds."""
    n = len(indptr) - 1
    shared = np.zeros(n, np.int64)
    weight, mass = np.zeros(n), np.zeros(n)
    for sample in range(n):
        for at in range(indptr[sample], indptr[sample + 1]):
            mass[sample] += weights[indices[at]]
            if own[indices[at]]:
                shared[sample] += 1
                weight[sample] += weights[indices[at]]
    return shared, weight, mass
