"""Greedy by weighted features, perhaps per token and wanted several times: what the options of sae-greedy ask for.

value(i) = worth_i · Σ_{j ∈ F(i), still wanted} w_j / cost_i; ties: lowest sample id; when no value is above 0, every
feature is wanted again and a new round begins.

Exact: values are fractions of whole numbers and compared as such. Every gain is kept current, as in sae-greedy; the
largest value is found on a heap (`core.selection.heap`), as values only fall within a round.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.selection.heap import heapify, sink

TAKEN = -(2**62)


def weighted_greedy(
    features: FeatureSets,
    left: np.ndarray,
    *,
    weights: np.ndarray,
    cost: np.ndarray,
    worth: np.ndarray,
    wanted: int,
    before: np.ndarray,
    most: int,
    one_pass: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The first `most` picks among `left` (int32, ascending) and their rounds, both int32; rows worth nothing last.

    weights: int64 (n_features); cost, worth: int64 (n), cost above 0. wanted: rows that a feature is wanted by.
    before: int64 (n_features), how many rows have it already. one_pass: walk once by the full value a round, and take
    whatever adds something.
    """
    state = _start(features.indptr, features.indices, left, weights, worth)
    useful = left[state.full[left] > 0]
    most = min(most, len(left))
    ids, rounds = np.empty(most, np.int32), np.ones(most, np.int32)
    missing = np.maximum(wanted - before, 0).astype(np.int32)
    done = (
        _rounds(state, useful, np.int32(wanted), missing, cost.astype(np.int64), one_pass, ids, rounds) if most else 0
    )
    rest = left[state.full[left] == 0]
    ids[done:] = rest[: most - done]
    rounds[done:] = rounds[done - 1] if done else 1
    return ids, rounds


class _State(NamedTuple):
    """n: rows, m: features, e: entries of the rows to choose from. Gains are sums of weights times the row's worth."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    worth: np.ndarray
    first: np.ndarray  # (m + 1), end (m): owner[first[j] : end[j]] are the rows that have j …
    end: np.ndarray
    owner: np.ndarray  # … (e) less most of the rows taken
    full: np.ndarray  # int64 (n): the gain of a row when everything is wanted
    gain: np.ndarray  # int64 (n): the gain now
    key: np.ndarray  # int64 (n): the gain with which a row was last put in its place on the heap


@njit(cache=True, nogil=True)
def _start(indptr, indices, left, weights, worth):
    first = np.zeros(weights.size + 1, np.int64)
    for row in left:
        for e in range(indptr[row], indptr[row + 1]):
            first[indices[e] + 1] += 1
    first = np.cumsum(first)
    end = first[:-1].copy()
    owner = np.empty(first[-1], np.int32)
    full = np.zeros(indptr.size - 1, np.int64)
    for row in left:
        for e in range(indptr[row], indptr[row + 1]):
            feature = indices[e]
            owner[end[feature]] = row
            end[feature] += 1
            full[row] += weights[feature] * worth[row]
    return _State(
        indptr, indices, weights, worth, first, end, owner, full, np.full_like(full, TAKEN), np.zeros_like(full)
    )


@njit(cache=True, nogil=True)
def _rounds(state, left, wanted, missing, cost, one_pass, ids, rounds):
    """Round after round until `ids` is full or `left` is used up; returns the end. missing (m): rows wanted in round 1."""
    at, number = 0, 1
    while left.size and at < ids.size:
        begin = at
        for row in left:
            state.gain[row] = state.full[row] if number > 1 else _gain(state, row, missing)
            state.key[row] = state.full[row] if one_pass else state.gain[row]
        at = _one_round(state, left.copy(), missing, cost, one_pass, ids, at)
        rounds[begin:at] = number
        left = left[state.gain[left] >= 0]
        missing[:] = wanted
        number += 1
    return at


@njit(cache=True, nogil=True)
def _gain(state, row, missing):
    total = 0
    for e in range(state.indptr[row], state.indptr[row + 1]):
        if missing[state.indices[e]] > 0:
            total += state.weights[state.indices[e]]
    return total * state.worth[row]


@njit(cache=True, nogil=True)
def _one_round(state, heap, missing, cost, one_pass, ids, at):
    size = heap.size
    heapify(heap, state.key, cost)
    while size and at < ids.size:
        row = heap[0]
        if one_pass or state.gain[row] == state.key[row]:
            if state.gain[row] == 0 and not one_pass:
                return at
            if state.gain[row] > 0:
                ids[at] = row
                at += 1
                state.gain[row] = TAKEN
                _count(state, row, missing)
            size -= 1
            heap[0] = heap[size]
        else:
            state.key[row] = state.gain[row]
        sink(heap, size, 0, state.key, cost)
    return at


@njit(cache=True, nogil=True)
def _count(state, row, missing):
    """Counts a row taken for its features; where none more is wanted, all who have the feature gain less."""
    for e in range(state.indptr[row], state.indptr[row + 1]):
        feature = state.indices[e]
        missing[feature] -= 1
        if missing[feature] == 0:
            place = state.first[feature]
            for o in range(state.first[feature], state.end[feature]):
                other = state.owner[o]
                state.gain[other] -= state.weights[feature] * state.worth[other]
                state.owner[place] = other
                place += state.gain[other] >= 0
            state.end[feature] = place
