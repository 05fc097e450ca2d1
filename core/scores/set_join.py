"""Which sets are alike, exactly: all pairs whose Jaccard index reaches a floor, and the nearest of any set.

J(x, y) = |x ∩ y| / |x ∪ y| ≥ p/q. With sets by size and features the rarest first, so like sets share one of the first
|x| − ⌈p·|x|/q⌉ + 1 features of the larger and one of the first |y| − ⌈2p·|y|/(p + q)⌉ + 1 of the smaller; only sets that
meet there are compared, and only where their sizes, the places where they meet and their marks leave the floor in reach.
Source: Bayardo, Ma, Srikant, "Scaling Up All Pairs Similarity Search" (AllPairs), WWW 2007; Xiao et al. (PPJoin), WWW 2008.

The nearest of a set is found by counting, for every other set, the features that both have; that tells its pairs as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from core.scores.distinct_sets import DistinctSets
from core.scores.feature_sets import FeatureSets
from core.scores.set_marks import differ, marks_of, with_room

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # one, other, features in common: int32 each
NEVER = (2, 1)  # a floor that no pair reaches


class Join(NamedTuple):
    """The sets and who has a feature among its first ones; as in `DistinctSets`."""

    p: np.int64  # the floor is p / q
    q: np.int64
    indptr: np.ndarray
    ids: np.ndarray
    marks: np.ndarray  # uint64 (m, WORDS)
    start: np.ndarray  # int64 (n_features + 1): holder[start[f] : start[f + 1]] have f among their first, ascending
    holder: np.ndarray  # int32
    left: np.ndarray  # int32: the features of that set from this one on


def join_of(sets: DistinctSets, p: int, q: int) -> Join:
    """The index that `pairs_of` looks into, for the floor p/q."""
    start, holder, left = _held(sets.indptr, sets.ids, sets.n_features, p, q)
    return Join(np.int64(p), np.int64(q), sets.indptr, sets.ids, marks_of(sets.indptr, sets.ids), start, holder, left)


@njit(cache=True, nogil=True)
def _held(indptr, ids, n_features, p, q):
    start = np.zeros(n_features + 1, np.int64)
    for row in range(indptr.size - 1):
        size = indptr[row + 1] - indptr[row]
        for e in range(indptr[row], indptr[row] + size + 1 + (-2 * p * size) // (p + q)):
            start[ids[e] + 1] += 1
    start = np.cumsum(start)
    at = start[:-1].copy()
    holder, left = np.empty(start[-1], np.int32), np.empty(start[-1], np.int32)
    for row in range(indptr.size - 1):
        size = indptr[row + 1] - indptr[row]
        for e in range(size + 1 + (-2 * p * size) // (p + q)):
            feature = ids[indptr[row] + e]
            holder[at[feature]], left[at[feature]] = row, size - e
            at[feature] += 1
    return start, holder, left


def meetings(sets: DistinctSets, p: int, q: int) -> float:
    """How often `pairs_of` looks at another set, at most: the holders of every set's first features, half of them before it."""
    return float(_meetings(sets.indptr, sets.ids, sets.n_features, p, q)) / 2


@njit(cache=True, nogil=True)
def _meetings(indptr, ids, n_features, p, q):
    held, asked = np.zeros(n_features, np.int64), np.zeros(n_features, np.int64)
    for row in range(indptr.size - 1):
        size = indptr[row + 1] - indptr[row]
        for e in range(size + 1 + (-2 * p * size) // (p + q)):
            held[ids[indptr[row] + e]] += 1
        for e in range(size + 1 + (-p * size) // q):
            asked[ids[indptr[row] + e]] += 1
    return (held.astype(np.float64) * asked).sum()


@njit(cache=True, nogil=True)
def pairs_of(join, begin, end):
    """All pairs that reach the floor of the sets begin … end − 1 with earlier ones, in order: `Pairs`."""
    p, q, indptr, ids = join.p, join.q, join.indptr, join.ids
    seen = np.full(indptr.size - 1, -1, np.int32)
    found, count = np.empty((1024, 3), np.int32), 0
    for row in range(begin, end):
        size = indptr[row + 1] - indptr[row]
        least = -(-p * size // q)  # smaller sets cannot reach the floor
        for at in range(size - least + 1):
            feature = ids[indptr[row] + at]
            for h in range(_from(join, feature, least), join.start[feature + 1]):
                other = join.holder[h]
                if other >= row:
                    break
                if seen[other] == row:
                    continue
                seen[other] = row
                both = size + indptr[other + 1] - indptr[other]
                wanted = -(-p * both // (p + q))
                if min(size - at, join.left[h]) < wanted or differ(join.marks, row, other, both - 2 * wanted):
                    continue
                b_end = indptr[other + 1]
                shared = common(ids, indptr[row] + at, indptr[row + 1], b_end - join.left[h], b_end, wanted)
                if shared >= wanted:
                    found = with_room(found, count)
                    found[count, 0], found[count, 1], found[count, 2] = row, other, shared
                    count += 1
    return found[:count, 0].copy(), found[:count, 1].copy(), found[:count, 2].copy()


@njit(cache=True, nogil=True)
def _from(join, feature, least):
    """The first place among the holders of a feature whose set has `least` features or more: they stand by size."""
    low, high = join.start[feature], join.start[feature + 1]
    while low < high:
        middle = (low + high) // 2
        row = join.holder[middle]
        if join.indptr[row + 1] - join.indptr[row] < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def common(ids, a, a_end, b, b_end, wanted):
    """How many ids two ascending runs have in common, or −1 as soon as they cannot be `wanted`."""
    found = 0
    while a < a_end and b < b_end:
        if min(a_end - a, b_end - b) < wanted - found:
            return -1
        mine, theirs = ids[a], ids[b]
        found += mine == theirs
        a += mine <= theirs
        b += theirs <= mine
    return found


@njit(cache=True, nogil=True)
def by_feature(indptr, ids, n_features):
    """Who has each feature: (start int64 (n_features + 1), holder int32 (entries), ascending)."""
    start = np.zeros(n_features + 1, np.int64)
    for e in range(ids.size):
        start[ids[e] + 1] += 1
    start = np.cumsum(start)
    at = start[:-1].copy()
    holder = np.empty(ids.size, np.int32)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            holder[at[ids[e]]] = row
            at[ids[e]] += 1
    return start, holder


@njit(cache=True, nogil=True)
def count_out(indptr, ids, first, start, holder, rows, p, q):
    """For each of `rows` the set with the largest Jaccard index, ties to the lowest sample, and what both have: int32.

    −1 and 0 for a set that shares nothing with any other. And the pairs with earlier sets that reach p/q: `Pairs`.
    """
    count = np.zeros(indptr.size - 1, np.int32)
    nearest, shared = np.full(rows.size, -1, np.int32), np.zeros(rows.size, np.int32)
    found, many = np.empty((1024, 3), np.int32), 0
    for k in range(rows.size):
        row = rows[k]
        count[:] = 0
        for e in range(indptr[row], indptr[row + 1]):
            for h in range(start[ids[e]], start[ids[e] + 1]):
                count[holder[h]] += 1
        size = indptr[row + 1] - indptr[row]
        best, union, who = np.int64(0), np.int64(1), -1
        for other in range(count.size):
            mine = np.int64(count[other])
            if mine == 0 or other == row:
                continue
            either = size + indptr[other + 1] - indptr[other] - mine
            more = mine * union - best * either  # > 0: a larger index than the best so far, without rounding
            if more > 0 or (more == 0 and first[other] < first[who]):
                best, union, who = mine, either, other
            if other < row and mine * q >= p * either:
                found = with_room(found, many)
                found[many, 0], found[many, 1], found[many, 2] = row, other, mine
                many += 1
        nearest[k], shared[k] = who, best
    return nearest, shared, found[:many, 0].copy(), found[:many, 1].copy(), found[:many, 2].copy()


def nearest_of(
    sets: DistinctSets, start: np.ndarray, holder: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of each of `rows` and what both have, as `count_out` tells them; start, holder: of `by_feature`."""
    nearest, shared, *_ = count_out(sets.indptr, sets.ids, sets.first, start, holder, rows, *NEVER)
    return nearest, shared


@njit(cache=True, nogil=True)
def in_both(indptr, indices, one, other):
    """How many features two rows have in common; both ascend."""
    return np.int64(common(indices, indptr[one], indptr[one + 1], indptr[other], indptr[other + 1], 0))


@njit(cache=True, nogil=True)
def _shared(indptr, indices, one, other):
    found = np.empty(one.size, np.int64)
    for k in range(one.size):
        found[k] = in_both(indptr, indices, one[k], other[k])
    return found


def overlaps(features: FeatureSets, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Jaccard's index of the samples one[k] and other[k]: float64 (pairs), 0 for two empty sets."""
    shared = _shared(features.indptr, features.indices, one, other)
    return shared / np.maximum(1, features.richness[one] + features.richness[other] - shared)
