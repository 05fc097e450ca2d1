"""The distinct sets among many: samples with the very same features are told apart from near-copies, and cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.scores.set_marks import rarest_first


@dataclass(frozen=True, eq=False)
class DistinctSets:
    """The distinct sets that are not empty, by size, then by their first sample. m: sets, n: samples.

    indptr: int64 (m + 1) and ids: int32 (entries), each set's features as places in the order of rarity, ascending.
    first: int32 (m), the lowest sample with that set; times: int64 (m), how many have it. of: int32 (n), the set of each
    sample, −1 for a sample without active features. n_features: of the whole analysis.
    """

    indptr: np.ndarray
    ids: np.ndarray
    first: np.ndarray
    times: np.ndarray
    of: np.ndarray
    n_features: int

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def size(self) -> np.ndarray:
        """Features of each set: int32 (m)."""
        return np.diff(self.indptr).astype(np.int32)

    @cached_property
    def second(self) -> np.ndarray:
        """The lowest sample but one with each set, −1 where there is none: int32 (m)."""
        found = np.full(len(self), -1, np.int32)
        others = np.flatnonzero(self.of >= 0)
        others = others[self.first[self.of[others]] != others][::-1]
        found[self.of[others]] = others  # the last one written is the lowest
        return found


def distinct_sets(features: FeatureSets) -> DistinctSets:
    """The distinct sets of samples: by fingerprints, each compared feature by feature before two count as one."""
    ids = rarest_first(features)
    prints = _fingerprints(features.indptr, ids)
    size = features.richness
    order = np.lexsort((np.arange(features.n_samples), prints[:, 1], prints[:, 0], size))
    order = order[np.searchsorted(size[order], 1) :]  # without the empty ones
    new = _begins(features.indptr, ids, prints, order)
    group = np.cumsum(new) - 1
    first = order[new]
    place = np.empty(len(first), np.int64)
    by_size = np.lexsort((first, size[first]))
    place[by_size] = np.arange(len(first))
    of = np.full(features.n_samples, -1, np.int32)
    of[order] = place[group]
    first = first[by_size].astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(size[first], dtype=np.int64)])
    times = np.bincount(of[of >= 0], minlength=len(first)).astype(np.int64)
    return DistinctSets(indptr, _rows(features.indptr, ids, first, indptr), first, times, of, features.n_features)


@njit(cache=True, nogil=True)
def _fingerprints(indptr, ids):
    """Two sums of mixed features for every row: uint64 (rows, 2)."""
    prints = np.zeros((indptr.size - 1, 2), np.uint64)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            x = np.uint64(ids[e] + 1) * np.uint64(0x9E3779B97F4A7C15)
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)  # the finaliser of SplitMix64
            x = x ^ (x >> np.uint64(31))
            prints[row, 0] += x
            prints[row, 1] ^= x * x
    return prints


@njit(cache=True, nogil=True)
def _begins(indptr, ids, prints, order):
    """Whether each row in order has another set than the one that its run began with: bool."""
    new = np.ones(order.size, np.bool_)
    began = 0
    for k in range(1, order.size):
        row, other = order[k], order[began]
        new[k] = prints[row, 0] != prints[other, 0] or prints[row, 1] != prints[other, 1]
        new[k] = new[k] or not _same(indptr, ids, row, other)
        if new[k]:
            began = k
    return new


@njit(cache=True, nogil=True)
def _same(indptr, ids, row, other):
    a, b = indptr[row], indptr[other]
    size = indptr[row + 1] - a
    if indptr[other + 1] - b != size:
        return False
    return bool((ids[a : a + size] == ids[b : b + size]).all())


@njit(cache=True, nogil=True)
def _rows(indptr, ids, rows, to):
    out = np.empty(to[-1], np.int32)
    for k in range(rows.size):
        for e in range(to[k + 1] - to[k]):
            out[to[k] + e] = ids[indptr[rows[k]] + e]
    return out
