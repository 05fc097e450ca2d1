"""Which features are active in the same samples as one feature, and how much oftener than chance has it.

With n samples, of which n_f and n_g hold the features f and g, and c both: lift = c · n / (n_f · n_g), the ratio of
the samples that hold both to those expected if the two were independent. A lift read off few samples is a matter of
luck: so neighbours are ordered by its lower bound, lift · max(0, 1 − 1.96 / √c) (the usual interval of a count).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets

TOGETHER = 5  # samples that must hold both
WIDTH = 1.96  # standard errors of a count, for 95 %


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A feature beside another: `together` samples hold both, `samples` hold it; lift and its lower bound."""

    feature_id: int
    together: int
    samples: int
    lift: float
    low: float


def coactive(features: FeatureSets, feature_id: int, *, limit: int = 20, together: int = TOGETHER) -> list[Neighbour]:
    """The features that share most samples with one beyond chance, by the lift's lower bound; ties to the lowest id.

    Exact counts over all samples. Only features that share `together` samples or more; GamutError for an unknown id.
    """
    if not 0 <= feature_id < features.n_features:
        raise GamutError(f"There is no feature {feature_id}; this SAE has features 0 to {features.n_features - 1}.")
    both = _together(features.indptr, features.indices, feature_id, np.zeros(features.n_features, np.int64))
    own = int(both[feature_id])
    both[feature_id] = 0
    able = np.flatnonzero(both >= max(1, together))
    if not able.size:
        return []
    samples = features.samples
    lift = both[able] * float(features.n_samples) / (own * samples[able].astype(np.float64))
    low = lift * np.maximum(0.0, 1 - WIDTH / np.sqrt(both[able]))
    best = np.lexsort((able, -low))[:limit]
    return [
        Neighbour(int(g), int(both[g]), int(samples[g]), float(lift[at]), float(low[at]))
        for at, g in zip(best, able[best], strict=True)
    ]


@numba.njit(cache=True, nogil=True)
def _together(indptr, indices, wanted, count):
    """Adds up, for every feature, the samples that hold it and `wanted`; ids ascend within a sample."""
    for sample in range(len(indptr) - 1):
        low, high = indptr[sample], indptr[sample + 1]
        row = indices[low:high]
        place = np.searchsorted(row, wanted)
        if place < high - low and row[place] == wanted:
            for feature in row:
                count[feature] += 1
    return count
