"""One pass over rows that takes each one whose strengths are below a cosine τ to those of every row taken so far.

cos(i, k) = Σ_j x_ij x_kj / (‖x_i‖ ‖x_k‖), sums in float64 by ascending feature; taken while (q dot)² < p² ‖x_i‖² ‖x_k‖².

Which rows taken are worth a look: of a row's features, rarest first, all but a tail whose norm is below τ / 2 are looked
up among the rows taken. Who shares none of them has a smaller cosine than τ (Cauchy–Schwarz), and so has who shares
too little: dot ≤ shared part + ‖tail‖.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

TAIL = 0.5


class Cosine:
    """Similar is whose strengths point as those of one row taken do: see `core.selection.similarity.Alike`."""

    def __init__(self, features: FeatureSets, strengths: np.ndarray) -> None:
        self._features, self._strengths = features, strengths.astype(np.float64)

    @cached_property
    def _by_rarity(self) -> tuple[np.ndarray, np.ndarray]:
        """The entries of every row with the rarest feature first, int64 (entries), and squared norms, float64 (n)."""
        sets = self._features
        rows = np.bincount(sets.indices, minlength=sets.n_features)
        row_of = np.repeat(np.arange(sets.n_samples), sets.richness)
        squares = np.zeros(sets.n_samples)
        _squares(sets.indptr, self._strengths, squares)
        return np.lexsort((sets.indices, rows[sets.indices], row_of)), squares

    def take(self, walk: np.ndarray, there: np.ndarray, tau: Fraction, most: int) -> np.ndarray:
        """As `Alike.take`."""
        sets, (order, squares) = self._features, self._by_rarity
        there = there[sets.richness[there] > 0].astype(np.int32)
        rows = np.concatenate([there, walk]).astype(np.int32)
        p, q = float(tau.numerator), float(tau.denominator)
        entries = (sets.indptr, sets.indices, self._strengths, order, squares)
        taken = _below_cosine(*entries, sets.n_features, rows, len(there), p, q, most)
        return taken[len(there) :]


@njit(cache=True, nogil=True)
def _squares(indptr, strengths, squares):
    for row in range(squares.size):
        for e in range(indptr[row], indptr[row + 1]):
            squares[row] += strengths[e] * strengths[e]


class _Taken(NamedTuple):
    """Who of the rows taken has a feature, and how strongly: place[first[j] : end[j]] of feature j, in walking order."""

    first: np.ndarray
    end: np.ndarray
    place: np.ndarray  # in the walk
    strength: np.ndarray


@njit(cache=True, nogil=True)
def _below_cosine(indptr, indices, strengths, order, squares, m, rows, before, p, q, most):
    """Which of `rows` pass; the first `before` are taken in any case."""
    passed = np.zeros(rows.size, np.bool_)
    first = np.zeros(m + 1, np.int64)
    for row in rows:
        for e in range(indptr[row], indptr[row + 1]):
            first[indices[e] + 1] += 1
    first = np.cumsum(first)
    taken = _Taken(first, first[:-1].copy(), np.empty(first[-1], np.int32), np.empty(first[-1], np.float64))
    shared, touched = np.zeros(rows.size), np.empty(rows.size, np.int32)
    left = most
    for k in range(rows.size):
        if left == 0:
            break
        row = rows[k]
        if k >= before:
            if _alike(indptr, indices, strengths, order, squares, row, rows, taken, shared, touched, p, q):
                continue
            left -= 1
        passed[k] = True
        for e in range(indptr[row], indptr[row + 1]):
            end = taken.end[indices[e]]
            taken.place[end], taken.strength[end] = k, strengths[e]
            taken.end[indices[e]] += 1
    return passed


@njit(cache=True, nogil=True)
def _alike(indptr, indices, strengths, order, squares, row, rows, taken, shared, touched, p, q):
    """Whether a row's cosine with one of those taken is τ = p/q or more. shared (zeros) and touched are room to work in."""
    norm, tau = np.sqrt(squares[row]), p / q
    tail, count = squares[row], 0
    for o in range(indptr[row], indptr[row + 1]):
        if tail < (TAIL * tau * norm) ** 2:
            break
        e = order[o]
        for at in range(taken.first[indices[e]], taken.end[indices[e]]):
            place = taken.place[at]
            if shared[place] == 0:
                touched[count] = place
                count += 1
            shared[place] += strengths[e] * taken.strength[at]
        tail -= strengths[e] * strengths[e]
    rest = np.sqrt(max(tail, 0.0)) + 1e-6 * norm
    alike = False
    for t in range(count):
        place = touched[t]
        known, shared[place] = shared[place], 0.0
        limit = tau * norm * np.sqrt(squares[rows[place]])
        if not alike and known + rest * np.sqrt(squares[rows[place]]) >= limit:
            dot = _dot(indptr, indices, strengths, row, rows[place])
            alike = (q * dot) ** 2 >= p * p * squares[row] * squares[rows[place]]
    return alike


@njit(cache=True, nogil=True)
def _dot(indptr, indices, strengths, one, other):
    a, b, dot = indptr[one], indptr[other], 0.0
    while a < indptr[one + 1] and b < indptr[other + 1]:
        if indices[a] == indices[b]:
            dot += strengths[a] * strengths[b]
        step_a, step_b = indices[a] <= indices[b], indices[b] <= indices[a]
        a, b = a + step_a, b + step_b
    return dot
