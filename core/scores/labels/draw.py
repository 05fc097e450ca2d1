"""Draw contexts of features: where each is active, and silent ones to tell them from; seeded, each sample once a feature.

A context is a scored token of a sample. All draws hash feature, sample and seed, so that they depend on no order.
"""

from __future__ import annotations

import numba
import numpy as np

TRIES = 48  # random draws before a list is gone through
LOOKED = 4096  # of a list gone through at most


@numba.njit(cache=True, nogil=True)
def mixed(one, two, three):
    """64 well-mixed bits of three numbers (the finaliser of splitmix64)."""
    value = (np.uint64(one) << np.uint64(40)) ^ (np.uint64(two) << np.uint64(12)) ^ np.uint64(three)
    value += np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def draw_active(sample, band, half, wanted, most, feature, seed):
    """Which of a feature's active samples are drawn from one half: rows int64, at most `most`, evenly by strength band.

    sample, band: int (m) of one feature. A band that has fewer leaves its share to the others.
    """
    bands = 0
    for row in range(len(sample)):
        bands = max(bands, band[row] + 1)
    there = np.zeros(bands, np.int64)
    for row in range(len(sample)):
        there[band[row]] += half[sample[row]] == wanted
    quota = fill(there, most)
    drawn = np.empty(quota.sum(), np.int64)
    filled = 0
    for own in range(bands):
        if quota[own] == 0:
            continue
        rows = np.empty(there[own], np.int64)
        keys = np.empty(there[own], np.uint64)
        found = 0
        for row in range(len(sample)):
            if band[row] == own and half[sample[row]] == wanted:
                rows[found] = row
                keys[found] = mixed(feature, sample[row], seed)
                found += 1
        order = np.argsort(keys)
        for place in range(quota[own]):
            drawn[filled] = rows[order[place]]
            filled += 1
    return drawn


@numba.njit(cache=True, nogil=True)
def fill(there, most):
    """How many to take of each band: as even as what is there allows, the strongest bands first; at most `most` in all."""
    quota = np.zeros(len(there), np.int64)
    left = most
    while left > 0:
        given = 0
        for own in range(len(there) - 1, -1, -1):
            if left > 0 and quota[own] < there[own]:
                quota[own] += 1
                left -= 1
                given += 1
        if given == 0:
            break
    return quota


@numba.njit(cache=True, nogil=True)
def draw_alike(places, active, members, first, last, sample_of, pointer, scored, feature, seed):
    """For each drawn place a silent sample's token at the same position, −1 where there is none: int64 places.

    members[first[i]:last[i]] are the samples like that of place i. active: the feature's samples, ascending.
    """
    chosen = np.full(len(places), -1, np.int64)
    taken = np.full(len(places), -1, np.int64)
    for row in range(len(places)):
        low, size = first[row], last[row] - first[row]
        position = places[row] - pointer[sample_of[places[row]]]
        for draw in range(TRIES + min(size, LOOKED)):
            if size == 0:
                break
            if draw < TRIES:
                candidate = members[low + np.int64(mixed(feature, row * 64 + draw, seed) % np.uint64(size))]
            else:
                candidate = members[low + draw - TRIES]
            place = pointer[candidate] + position
            fits = place < pointer[candidate + 1] and scored[place] and not _has(active, candidate)
            if fits and not np.any(taken[:row] == candidate):
                chosen[row], taken[row] = place, candidate
                break
    return chosen


@numba.njit(cache=True, nogil=True)
def draw_same_token(places, active, occurrences, starts, ids, sample_of, feature, seed):
    """For each drawn place the same token in a silent sample, −1 where there is none: int64 places.

    occurrences[starts[t]:starts[t + 1]]: the scored places of token t in the half that is drawn from.
    """
    chosen = np.full(len(places), -1, np.int64)
    taken = np.full(len(places), -1, np.int64)
    for row in range(len(places)):
        token = ids[places[row]]
        low, size = starts[token], starts[token + 1] - starts[token]
        begin = np.int64(mixed(feature, row, seed + 7) % np.uint64(max(size, 1)))
        for draw in range(TRIES + min(size, LOOKED)):
            if size == 0:
                break
            if draw < TRIES:
                place = occurrences[low + np.int64(mixed(feature, row * 64 + draw, seed + 3) % np.uint64(size))]
            else:
                place = occurrences[low + (begin + draw - TRIES) % size]
            candidate = sample_of[place]
            if not _has(active, candidate) and not np.any(taken[:row] == candidate):
                chosen[row], taken[row] = place, candidate
                break
    return chosen


@numba.njit(cache=True, nogil=True)
def silent_at(places, active, sample_of):
    """Which of some places lie in samples in which the feature is silent: bool."""
    silent = np.empty(len(places), np.bool_)
    for row in range(len(places)):
        silent[row] = not _has(active, sample_of[places[row]])
    return silent


@numba.njit(cache=True, nogil=True)
def _has(ascending, value):
    found = np.searchsorted(ascending, value)
    return found < len(ascending) and ascending[found] == value
