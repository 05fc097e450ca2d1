"""Like sets among few features, exactly: sets as bits, and every two compared by the bits that both have.

Where a good part of the features is active in a sample, lists of who has a feature are as long as the data, and no prefix is
rare; then comparing 64 features at a time is the shorter way.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.scores.set_marks import ones, with_room

WORD = 64
TILE = 8  # sets held against each other one at a time: fetched once for so many


def words_of(n_features: int) -> int:
    """Words of 64 bits a set takes."""
    return -(-n_features // WORD)


@njit(cache=True, nogil=True)
def bits_of(indptr, ids, words):
    """The sets as bits: uint64 (m, words)."""
    bits = np.zeros((indptr.size - 1, words), np.uint64)
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            bits[row, ids[e] >> 6] |= np.uint64(1) << np.uint64(ids[e] & 63)
    return bits


@njit(cache=True, nogil=True)
def compare(bits, size, first, begin, end, p, q):
    """The nearest of the sets begin … end − 1 among all (set, features in both), ties to the lowest sample, and their pairs
    with earlier sets that reach p/q: as in `core.scores.set_join`."""
    nearest, shared = np.full(end - begin, -1, np.int32), np.zeros(end - begin, np.int32)
    union = np.ones(end - begin, np.int64)
    found, count = np.empty((1024, 3), np.int32), 0
    for tile in range(begin, end, TILE):
        for other in range(size.size):
            for row in range(tile, min(tile + TILE, end)):
                if other == row:
                    continue
                k = row - begin
                low, high = np.int64(min(size[row], size[other])), np.int64(max(size[row], size[other]))
                if low * union[k] < shared[k] * high and low * q < p * high:
                    continue  # even if the smaller lay within the larger
                both = both_in_bits(bits, row, other)
                either = low + high - both
                more = both * union[k] - shared[k] * either
                if more > 0 or (more == 0 and both > 0 and first[other] < first[nearest[k]]):
                    nearest[k], shared[k], union[k] = other, both, either
                if other < row and both * q >= p * either:
                    found = with_room(found, count)
                    found[count, 0], found[count, 1], found[count, 2] = row, other, both
                    count += 1
    return nearest, shared, found[:count, 0].copy(), found[:count, 1].copy(), found[:count, 2].copy()


@njit(cache=True, nogil=True, inline="always")
def both_in_bits(bits, one, other):
    """How many features two sets have in common."""
    both = np.int64(0)
    for word in range(bits.shape[1]):
        both += ones(bits[one, word] & bits[other, word])
    return both
