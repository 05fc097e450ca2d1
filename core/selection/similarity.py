"""One pass over rows that takes each one below a similarity τ to those taken so far: by union, Jaccard or cosine.

τ is a fraction of whole numbers p/q, so that no rounding decides who is taken.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

WORD = 64


class Alike(Protocol):
    def take(self, walk: np.ndarray, there: np.ndarray, tau: Fraction, most: int) -> np.ndarray:
        """Which rows of `walk` pass, bool: at most `most`. walk: int32, |F| descending, none empty; there: taken before."""


class Union:
    """Similar is who has most of its features in the union of those taken: |F(i) ∩ U| / |F(i)|."""

    def __init__(self, features: FeatureSets) -> None:
        self._features = features

    def take(self, walk: np.ndarray, there: np.ndarray, tau: Fraction, most: int) -> np.ndarray:
        """As `Alike.take`."""
        sets = self._features
        covered = np.zeros(sets.n_features, np.bool_)
        for row in there:
            covered[sets.row(row)] = True
        return _below_union(sets.indptr, sets.indices, walk, covered, tau.numerator, tau.denominator, most)


class Jaccard:
    """Similar is who shares much with one row taken: |F(i) ∩ F(k)| / |F(i) ∪ F(k)|.

    Each row taken is looked at, but most by a signature only: bit b says whether an odd number of the features that
    fall to b are active. Two sets differ in at least as many features as their signatures do in bits.
    """

    def __init__(self, features: FeatureSets) -> None:
        self._features = features

    @cached_property
    def _signatures(self) -> np.ndarray:
        bits = WORD
        while bits < 2 * self._features.richness.mean():
            bits *= 2
        return _sign(self._features.indptr, self._features.indices, bits // WORD)

    def take(self, walk: np.ndarray, there: np.ndarray, tau: Fraction, most: int) -> np.ndarray:
        """As `Alike.take`."""
        sets = self._features
        there = there[sets.richness[there] > 0].astype(np.int32)
        p, q = tau.numerator, tau.denominator
        return _below_jaccard(sets.indptr, sets.indices, self._signatures, walk, there, p, q, most)


@njit(cache=True, nogil=True)
def _below_union(indptr, indices, walk, covered, p, q, most):
    taken, left = np.zeros(walk.size, np.bool_), most
    for k in range(walk.size):
        if left == 0:
            break
        first, end = indptr[walk[k]], indptr[walk[k] + 1]
        allowed = (p * (end - first) - 1) // q  # the most covered features with which it is still below τ
        for e in range(first, end):
            allowed -= covered[indices[e]]
            if allowed < 0:
                break
        if allowed >= 0:
            taken[k] = True
            left -= 1
            for e in range(first, end):
                covered[indices[e]] = True
    return taken


@njit(cache=True, nogil=True)
def _sign(indptr, indices, words):
    """The signature of every row: uint64 (n, words)."""
    signs = np.zeros((indptr.size - 1, words), np.uint64)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            mixed = np.uint64(indices[e]) * np.uint64(0x9E3779B97F4A7C15)
            bit = (mixed >> np.uint64(32)) % np.uint64(words * 64)
            signs[row, bit // np.uint64(64)] ^= np.uint64(1) << (bit % np.uint64(64))
    return signs


@njit(cache=True, nogil=True)
def _below_jaccard(indptr, indices, signs, walk, there, p, q, most):
    taken, left = np.zeros(walk.size, np.bool_), most
    n = there.size + min(walk.size, most)
    against = np.empty(n, np.int32)  # the rows taken, those from the walk by descending size
    against[: there.size] = there
    kept = np.empty((n, signs.shape[1]), np.uint64)
    for t in range(there.size):
        kept[t] = signs[there[t]]
    count = low = there.size
    for k in range(walk.size):
        if left == 0:
            break
        row = walk[k]
        size = indptr[row + 1] - indptr[row]
        while low < count and p * (indptr[against[low] + 1] - indptr[against[low]]) > q * size:
            low += 1  # too large for this row and for all that follow
        if _alike(indptr, indices, signs[row], row, kept, against, 0, there.size, p, q) or _alike(
            indptr, indices, signs[row], row, kept, against, low, count, p, q
        ):
            continue
        taken[k] = True
        left -= 1
        against[count], kept[count] = row, signs[row]
        count += 1
    return taken


@njit(cache=True, nogil=True)
def _alike(indptr, indices, sign, row, kept, against, first, end, p, q):
    """Whether the Jaccard similarity of `row` with one of against[first:end] is p/q or more."""
    size = indptr[row + 1] - indptr[row]
    for a in range(end - 1, first - 1, -1):  # the last taken are nearest in size
        both = size + indptr[against[a] + 1] - indptr[against[a]]
        needed = -((-p * both) // (p + q))  # J ≥ p/q means so many shared features
        most_apart = both - 2 * needed
        apart = 0
        for w in range(sign.size):
            apart += _bits(sign[w] ^ kept[a, w])
        if apart <= most_apart and _shared(indptr, indices, row, against[a], most_apart) >= needed:
            return True
    return False


@njit(cache=True, nogil=True, inline="always")
def _bits(x):
    """How many bits of a word are set."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _shared(indptr, indices, one, other, most_apart):
    """|F(one) ∩ F(other)|, or −1 as soon as they differ in more than `most_apart` features."""
    a, b, shared, apart = indptr[one], indptr[other], 0, 0
    while a < indptr[one + 1] and b < indptr[other + 1]:
        if indices[a] == indices[b]:
            a, b, shared = a + 1, b + 1, shared + 1
            continue
        apart += 1
        if apart > most_apart:
            return -1
        if indices[a] < indices[b]:
            a += 1
        else:
            b += 1
    return shared
