"""Which chosen row a row is too much alike: Jaccard's index of feature sets above a cap, exact, by an inverted index.

J(x, y) = |x ∩ y| / |x ∪ y| > p/q. With features in one order, the rarest first, two sets that are so much alike share one
of the first |x| − ⌊p·|x|/q⌋ features of x and one of the first |y| − ⌊p·|y|/q⌋ of y; only rows that meet there are
compared, and only where their sizes and the places where they meet leave the cap within reach.
Source: Xiao et al., "Efficient Similarity Joins for Near Duplicate Detection" (PPJoin), WWW 2008.

Before two sets are walked, their marks are: bit b of a mark says whether an odd number of features fall on b. The bits in
which two marks differ are at most as many as the features that only one of the two has: too many, and they cannot be alike.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

WORDS = 16  # 64 bits each, of a mark
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio: neighbouring features fall on distant bits


class Likeness(NamedTuple):
    """The index over the rows held so far. n: rows, m: features, e: entries."""

    p: np.int64  # the cap is p / q; q = 0: there is none
    q: np.int64
    indptr: np.ndarray  # int64 (n + 1)
    ids: np.ndarray  # int32 (e): each row's features as places in the order of rarity, ascending
    first: np.ndarray  # int64 (m + 1): holder[first[f] : end[f]] are the rows held that have f among their first
    end: np.ndarray  # int64 (m)
    holder: np.ndarray  # int32
    left: np.ndarray  # int32: the features of that row from this one on
    size: np.ndarray  # int32: all features of that row
    seen: np.ndarray  # int32 (n): the last row that this one was compared with
    marks: np.ndarray  # uint64 (n, WORDS)


def likeness(features: FeatureSets, cap: float | None) -> Likeness:
    """An index that holds nobody yet; `cap` 0 to 1, as typed: 0.7 means seven tenths; None lets everybody pass."""
    none = np.empty(0, np.int32)
    if cap is None:
        none64 = np.zeros(1, np.int64)
        return Likeness(
            np.int64(0),
            np.int64(0),
            none64,
            none,
            none64,
            none64,
            none,
            none,
            none,
            none,
            np.empty((0, WORDS), np.uint64),
        )
    ratio = Fraction(str(float(cap)))
    p, q = np.int64(ratio.numerator), np.int64(ratio.denominator)
    held_by = np.bincount(features.indices, minlength=features.n_features)
    rarity = np.empty(features.n_features, np.int32)
    rarity[np.argsort(held_by, kind="stable")] = np.arange(features.n_features, dtype=np.int32)
    ids = _rarest_first(features.indptr, features.indices, rarity)
    room = _room(features.indptr, ids, features.n_features, p, q)
    first = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    holder, left, size = (np.empty(first[-1], np.int32) for _ in range(3))
    seen = np.full(features.n_samples, -1, np.int32)
    marks = _marks(features.indptr, ids)
    return Likeness(p, q, features.indptr, ids, first, first[:-1].copy(), holder, left, size, seen, marks)


@njit(cache=True, nogil=True)
def _rarest_first(indptr, indices, rarity):
    """Every row's features as places in the order of rarity, ascending: two counting sorts, by feature, then by row."""
    start = np.zeros(rarity.size + 1, np.int64)
    for e in range(indices.size):
        start[rarity[indices[e]] + 1] += 1
    start = np.cumsum(start)
    row_of = np.empty(indices.size, np.int32)
    at = start[:-1].copy()
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            feature = rarity[indices[e]]
            row_of[at[feature]] = row
            at[feature] += 1
    ids, to = np.empty(indices.size, np.int32), indptr[:-1].copy()
    for feature in range(rarity.size):
        for e in range(start[feature], start[feature + 1]):
            ids[to[row_of[e]]] = feature
            to[row_of[e]] += 1
    return ids


@njit(cache=True, nogil=True)
def _room(indptr, ids, n_features, p, q):
    """How many rows have each feature among their first."""
    room = np.zeros(n_features, np.int64)
    for row in range(indptr.size - 1):
        size = indptr[row + 1] - indptr[row]
        for e in range(indptr[row], indptr[row] + size - p * size // q):
            room[ids[e]] += 1
    return room


@njit(cache=True, nogil=True)
def _marks(indptr, ids):
    marks = np.zeros((indptr.size - 1, WORDS), np.uint64)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            bit = (np.uint64(ids[e]) * SPREAD) >> np.uint64(54)  # the upper 10 bits: 0 to 1,023
            marks[row, bit >> np.uint64(6)] ^= np.uint64(1) << (bit & np.uint64(63))
    return marks


@njit(cache=True, nogil=True)
def _differ(marks, row, other, most):
    """Whether two marks differ in more than `most` bits."""
    bits = 0
    for word in range(WORDS):
        bits += _ones(marks[row, word] ^ marks[other, word])
        if bits > most:
            return True
    return False


@njit(cache=True, nogil=True)
def _ones(word):
    """How many bits of 64 are set, added up in pairs, fours, bytes."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def hold(like, row):
    """Hold a row: later ones must not be too much alike it."""
    if like.q == 0:
        return
    size = like.indptr[row + 1] - like.indptr[row]
    for at in range(size - like.p * size // like.q):
        feature = like.ids[like.indptr[row] + at]
        to = like.end[feature]
        like.holder[to], like.left[to], like.size[to] = row, size - at, size
        like.end[feature] = to + 1


@njit(cache=True, nogil=True)
def alike(like, row):
    """A row held that is too much alike this one, −1 where there is none; a row is asked about once before it is held."""
    if like.q == 0:
        return -1
    p, q, begin = like.p, like.q, like.indptr[row]
    size = like.indptr[row + 1] - begin
    for at in range(size - p * size // q):
        feature = like.ids[begin + at]
        for h in range(like.first[feature], like.end[feature]):
            both = p * (size + like.size[h])  # they must share more than both / (p + q) features …
            if min(size - at, like.left[h]) * (p + q) <= both:  # … and from where they meet first, can share this many
                continue
            other = like.holder[h]
            if like.seen[other] != row:
                like.seen[other] = row
                wanted = both // (p + q) + 1
                if _differ(like.marks, row, other, size + like.size[h] - 2 * wanted):
                    continue
                if _share(like, begin + at, begin + size, other, like.left[h], wanted):
                    return other
    return -1


@njit(cache=True, nogil=True)
def _share(like, a, a_end, other, left, wanted):
    """Whether the features of one row from place a on and the last `left` of another have `wanted` or more in common."""
    b_end = like.indptr[other + 1]
    b = b_end - left
    found = 0
    while found < wanted and min(a_end - a, b_end - b) >= wanted - found:
        mine, theirs = like.ids[a], like.ids[b]
        found += mine == theirs
        a += mine <= theirs
        b += theirs <= mine
    return found >= wanted
