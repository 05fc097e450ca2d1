"""Pairs of like sets among very many, by MinHash: sets whose signatures agree in a whole band are compared, exactly.

Two sets agree in one hash with the probability of their Jaccard index s, so in one of b bands of r hashes with
1 − (1 − s^r)^b: that is the recall to expect; what is found is counted out, so nothing is found that is not there.
Source: Broder, "On the resemblance and containment of documents", 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive
Datasets", chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.distinct_sets import DistinctSets
from core.scores.set_join import Pairs, common
from core.scores.set_marks import differ, marks_of, with_room

CHANCE = 2e-4  # at most so large a part of random pairs may agree in a band: they are compared in vain
RECALL = 0.85  # at the smallest overlap that is looked for
SEED = 0
WIDEST = 2_000  # of the sets that agree in a band, each is compared with so many before it
AT_ONCE = 250_000  # sets of a band looked through between two words about the progress
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Bands:
    """So many bands of so many hashes."""

    bands: int
    rows: int

    def recall_at(self, similarity: float) -> float:
        """The share of pairs of that Jaccard index that are found."""
        return 1 - (1 - similarity**self.rows) ** self.bands

    @property
    def floor(self) -> float:
        """The smallest whole hundredth from 0.6 on at which RECALL is to be expected."""
        return next(at / 100 for at in range(60, 101) if self.recall_at(at / 100) >= RECALL)


WAYS = (Bands(42, 6), Bands(40, 8), Bands(48, 10), Bands(48, 12), Bands(48, 16))


def bands_for(random_overlaps: np.ndarray) -> Bands:
    """The fewest hashes in a band that keep pairs apart that are as alike as random ones: float64 (random pairs)."""
    vain = (np.minimum(1, way.bands * (random_overlaps**way.rows)).mean() for way in WAYS)
    return next((way for way, share in zip(WAYS, vain, strict=True) if share <= CHANCE), WAYS[-1])


def band_keys(
    sets: DistinctSets, way: Bands, *, seed: int = SEED, progress: Progress = lambda done, of: None
) -> np.ndarray:
    """What each set's signature is in each band, as one number: uint64 (m, bands)."""
    table = np.random.Generator(np.random.PCG64(seed)).integers(
        0, 1 << 32, (sets.n_features, way.bands * way.rows), np.uint32
    )
    keys = np.empty((len(sets), way.bands), np.uint64)
    for begin in range(0, len(sets), AT_ONCE):
        end = min(len(sets), begin + AT_ONCE)
        progress(begin, len(sets))
        _sign(sets.indptr, sets.ids, table, way.rows, begin, end, keys)
    return keys


@njit(cache=True, nogil=True)
def _sign(indptr, ids, table, rows, begin, end, keys):
    least = np.empty(table.shape[1], np.uint32)
    for row in range(begin, end):
        least[:] = np.uint32(0xFFFFFFFF)
        for e in range(indptr[row], indptr[row + 1]):
            hashes = table[ids[e]]
            for k in range(least.size):
                least[k] = min(least[k], hashes[k])
        for band in range(keys.shape[1]):
            key = np.uint64(0)
            for k in range(band * rows, (band + 1) * rows):
                key = (key ^ np.uint64(least[k])) * np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(29)
            keys[row, band] = key


def likely_pairs(
    sets: DistinctSets,
    keys: np.ndarray,
    p: int,
    q: int,
    *,
    progress: Progress = lambda done, of: None,
    widest: int = WIDEST,
) -> Iterator[tuple[Pairs, int]]:
    """The pairs of each band that reach p/q and were in no earlier one, and how many comparisons a crowded band left out."""
    marks = marks_of(sets.indptr, sets.ids)
    places = np.zeros(keys.shape, np.int32)  # of each set among those that agree with it in a band
    for band in range(keys.shape[1]):
        own = np.ascontiguousarray(keys[:, band])
        order = np.argsort(own, kind="stable")
        ends = np.flatnonzero(np.concatenate([own[order][1:] != own[order][:-1], [True]])) + 1 if len(own) else order
        begin = 0
        while begin < len(ends):
            first = int(ends[begin - 1]) if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, first + AT_ONCE, side="right")))
            progress(band * len(own) + first, keys.shape[1] * len(own))
            x, y, shared, left_out = _within(
                sets.indptr, sets.ids, marks, keys, places, band, order, first, ends[begin:end], p, q, widest
            )
            yield (x, y, shared), int(left_out)
            begin = end


@njit(cache=True, nogil=True)
def _within(indptr, ids, marks, keys, places, band, order, first, ends, p, q, widest):
    found, count, left_out = np.empty((1024, 3), np.int32), 0, 0
    for end in ends:
        left_out += max(0, (end - first - widest) * (end - first - widest - 1) // 2) if end - first > widest else 0
        for k in range(first + 1, end):
            row = order[k]
            places[row, band] = k - first
            size = indptr[row + 1] - indptr[row]
            for h in range(max(first, k - widest), k):
                other = order[h]
                theirs = indptr[other + 1] - indptr[other]
                both = size + theirs
                wanted = -(-p * both // (p + q))
                if min(size, theirs) < wanted or differ(marks, row, other, both - 2 * wanted):
                    continue
                if _met_before(keys, places, row, other, band, widest):
                    continue
                shared = common(ids, indptr[row], indptr[row + 1], indptr[other], indptr[other + 1], wanted)
                if shared >= wanted:
                    found = with_room(found, count)
                    found[count, 0], found[count, 1], found[count, 2] = row, other, shared
                    count += 1
        first = end
    return found[:count, 0].copy(), found[:count, 1].copy(), found[:count, 2].copy(), left_out


@njit(cache=True, nogil=True)
def _met_before(keys, places, row, other, band, widest):
    """Whether two sets agree in an earlier band too, and were compared there."""
    for earlier in range(band):
        if keys[row, earlier] == keys[other, earlier] and places[row, earlier] - places[other, earlier] <= widest:
            return True
    return False
