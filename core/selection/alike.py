"""Which chosen row a row is too much alike: Jaccard's index of feature sets above a cap, exact, by an inverted index.

J(x, y) = |x ∩ y| / |x ∪ y| > p/q. With features in one order, the rarest first, two sets that are so much alike share one
of the first |x| − ⌊p·|x|/q⌋ features of x and one of the first |y| − ⌊p·|y|/q⌋ of y; only rows that meet there are
compared, and only where their sizes and the places where they meet leave the cap within reach.
Source: Xiao et al., "Efficient Similarity Joins for Near Duplicate Detection" (PPJoin), WWW 2008.

Before two sets are walked, their marks are (`core.scores.set_marks`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.scores.set_marks import WORDS, differ, marks_of, rarest_first


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
    ids = rarest_first(features)
    room = _room(features.indptr, ids, features.n_features, p, q)
    first = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    holder, left, size = (np.empty(first[-1], np.int32) for _ in range(3))
    seen = np.full(features.n_samples, -1, np.int32)
    marks = marks_of(features.indptr, ids)
    return Likeness(p, q, features.indptr, ids, first, first[:-1].copy(), holder, left, size, seen, marks)


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
                if differ(like.marks, row, other, size + like.size[h] - 2 * wanted):
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
