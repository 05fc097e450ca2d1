"""A part of a pool that knows nothing of the others: it gives its best rows, and a bound that no row it keeps can beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.selection.heap import heapify, sink

GONE = -1


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a shard: sample ids (int32, ascending) and their feature sets, none empty."""

    ids: np.ndarray
    features: FeatureSets


@dataclass(frozen=True, eq=False)
class Best:
    """What a shard gives: rows by falling gain, ties by sample id, and the bound on those that it keeps.

    ids: int32 (k); row k has gained the features indices[indptr[k] : indptr[k + 1]], those that are not covered yet.
    gain, sample_id: the best row that it keeps; gain 0 where none adds anything.
    """

    ids: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    gain: int
    sample_id: int

    @property
    def nbytes(self) -> int:
        """Bytes of what is sent."""
        return self.ids.nbytes + self.indptr.nbytes + self.indices.nbytes + 16


class Shard:
    """Rows on a heap by a gain that they once had, and so may have at most."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._key = np.zeros(len(rows.ids), np.int64)
        self._cost = np.ones(len(rows.ids), np.int64)
        self._heap = np.empty(0, np.int64)

    def begin(self, without: np.ndarray) -> None:
        """Begin a round: every row is here but `without` (sample ids), each with all its features to gain."""
        self._key[:] = self._rows.features.richness
        self._heap = np.flatnonzero(~np.isin(self._rows.ids, without))
        heapify(self._heap, self._key, self._cost)

    def best(self, covered: np.ndarray, most: int) -> Best:
        """The best rows, `most` at most, which leave the shard until the round ends.

        covered: the features of U as bits (`numpy.packbits`); within a round it only grows.
        """
        features = self._rows.features
        known = np.unpackbits(covered, count=features.n_features).view(np.bool_)
        taken, size = _take(features.indptr, features.indices, known, self._heap, self._key, self._cost, most)
        self._heap = self._heap[:size]
        new = [row[~known[row]] for row in map(features.row, taken)]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in new])]).astype(np.int64)
        top = int(self._heap[0]) if size else GONE
        return Best(
            self._rows.ids[taken], indptr, np.concatenate([np.empty(0, np.int32), *new]),
            int(self._key[top]) if size else 0, int(self._rows.ids[top]) if size else GONE,
        )  # fmt: skip


def in_shards(features: FeatureSets, left: np.ndarray, n: int) -> list[Rows]:
    """The rows `left` (int32, ascending) in n pieces of about as many entries each, or fewer where there are fewer rows."""
    ends = np.cumsum(features.richness[left], dtype=np.int64)
    places = np.searchsorted(ends, ends[-1] * np.arange(1, n) / n) if len(left) else np.empty(0, np.int64)
    return [_rows(features, ids) for ids in np.split(left, places) if len(ids)]


def _rows(features: FeatureSets, ids: np.ndarray) -> Rows:
    sizes = features.richness[ids].astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    taken = np.repeat(features.indptr[ids] - indptr[:-1], sizes) + np.arange(indptr[-1])
    return Rows(ids.astype(np.int32), FeatureSets(indptr, features.indices[taken], features.n_features))


@njit(cache=True, nogil=True)
def _take(indptr, indices, covered, heap, key, cost, most):
    """Takes rows off the heap while they add something; the row then at the top has its gain of now as its key."""
    taken = np.empty(min(most, heap.size), np.int64)
    found, size = 0, heap.size
    while size:
        row = heap[0]
        gain = 0
        for e in range(indptr[row], indptr[row + 1]):
            gain += not covered[indices[e]]
        if gain == key[row]:
            if gain == 0 or found == taken.size:
                break
            taken[found] = row
            found += 1
            size -= 1
            heap[0] = heap[size]
        else:
            key[row] = gain
        sink(heap, size, 0, key, cost)
    return taken[:found], size
