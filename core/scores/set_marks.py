"""Features in the order of rarity, and marks of sets: what spares a search for like sets most of its comparisons.

Bit b of a mark says whether an odd number of features fall on b. The bits in which two marks differ are at most as many
as the features that only one of the two has: too many, and they cannot be alike.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

WORDS = 16  # 64 bits each, of a mark
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio: neighbouring features fall on distant bits


def rarest_first(features: FeatureSets) -> np.ndarray:
    """Every row's features as places in the order of rarity, ascending: int32 (entries); ties to the lowest feature id."""
    rarity = np.empty(features.n_features, np.int32)
    rarity[np.argsort(features.samples, kind="stable")] = np.arange(features.n_features, dtype=np.int32)
    return _rarest_first(features.indptr, features.indices, rarity)


@njit(cache=True, nogil=True)
def _rarest_first(indptr, indices, rarity):
    """Two counting sorts, by feature, then by row."""
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
def marks_of(indptr, ids):
    """The mark of every row: uint64 (rows, WORDS)."""
    marks = np.zeros((indptr.size - 1, WORDS), np.uint64)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            bit = (np.uint64(ids[e]) * SPREAD) >> np.uint64(54)  # the upper 10 bits: 0 to 1,023
            marks[row, bit >> np.uint64(6)] ^= np.uint64(1) << (bit & np.uint64(63))
    return marks


@njit(cache=True, nogil=True)
def differ(marks, row, other, most):
    """Whether two marks differ in more than `most` bits."""
    bits = 0
    for word in range(WORDS):
        bits += ones(marks[row, word] ^ marks[other, word])
        if bits > most:
            return True
    return False


@njit(cache=True, nogil=True, inline="always")
def ones(word):
    """How many bits of 64 are set, in a form that compilers make one instruction of."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def with_room(found, count):
    """The same rows with room for one more behind the first `count`: twice as many where all are taken."""
    if count < found.shape[0]:
        return found
    wider = np.empty((2 * count, found.shape[1]), found.dtype)
    wider[:count] = found
    return wider
