"""One pass over rows that takes each one whose strengths are below a cosine τ to those of every row taken so far.

cos(i, k) = Σ_j x_ij x_kj / (‖x_i‖ ‖x_k‖), sums in float64 by ascending feature; taken while (q dot)² < p² ‖x_i‖² ‖x_k‖².

Which rows taken are worth a look: of a row's features, rarest first, all but a tail whose norm is below 0.9 τ are looked
up among the rows taken. Who shares none of them has a smaller cosine than τ (Cauchy–Schwarz), and so has who shares
too little: dot ≤ shared part + ‖tail‖.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

TAIL = 0.9


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


@njit(cache=True, nogil=True)
def _below_cosine(indptr, indices, strengths, order, squares, m, rows, before, p, q, most):
    """Which of `rows` pass; the first `before` are taken in any case."""
    taken = np.zeros(rows.size, np.bool_)
    # Who of those taken has a feature: a list a feature, linked through the entries. head (m): its first entry.
    head, after = np.full(m, -1, np.int64), np.empty(indices.size, np.int64)
    place_of = np.empty(indices.size, np.int32)  # the place in `rows` of the row of an entry
    shared, touched = np.zeros(rows.size), np.empty(rows.size, np.int32)
    left = most
    for k in range(rows.size):
        if left == 0:
            break
        row = rows[k]
        if k >= before:
            if _alike(
                indptr, indices, strengths, order, squares, row, rows, head, after, place_of, shared, touched, p, q
            ):
                continue
            left -= 1
        taken[k] = True
        for e in range(indptr[row], indptr[row + 1]):
            after[e], head[indices[e]], place_of[e] = head[indices[e]], e, k
    return taken


@njit(cache=True, nogil=True)
def _alike(indptr, indices, strengths, order, squares, row, rows, head, after, place_of, shared, touched, p, q):
    """Whether a row's cosine with one of those taken is τ = p/q or more. shared (zeros) and touched are room to work in."""
    norm, tau = np.sqrt(squares[row]), p / q
    tail, count = squares[row], 0
    for o in range(indptr[row], indptr[row + 1]):
        if tail < (TAIL * tau * norm) ** 2:
            break
        e = order[o]
        other = head[indices[e]]
        while other >= 0:
            place = place_of[other]
            if shared[place] == 0:
                touched[count] = place
                count += 1
            shared[place] += strengths[e] * strengths[other]
            other = after[other]
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
