"""How many features an order of samples reaches: features active in at least c of the rows taken so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

ROWS_NEEDED = (1, 3, 10)  # once is easy, so three and ten rows are shown beside it
GRID = 160  # points of a curve that is drawn

NOBODY = np.empty(0, np.int32)


def reached(
    features: FeatureSets,
    order: np.ndarray,
    *,
    c: Sequence[int] = ROWS_NEEDED,
    base: np.ndarray = NOBODY,
    worth: np.ndarray | None = None,
    counted: np.ndarray | None = None,
) -> np.ndarray:
    """Features active in ≥ c rows of `base` and the first 1, 2, … rows of `order`: int32 (len(c), len(order)).

    worth: int (n_features), what a feature adds when it is reached (None: 1 each; their sum must fit int32);
    counted: bool (n), rows whose features do not count are False (None: all count).
    """
    counted = np.ones(features.n_samples, np.bool_) if counted is None else counted
    order = np.array(order, np.int32)  # a copy: an array that is read-only would be compiled for anew
    base = np.ascontiguousarray(base, np.int32)
    rows_of = _count_rows(features.indptr, features.indices, features.n_features, base[counted[base]])
    worth = np.ones(features.n_features, np.int32) if worth is None else np.ascontiguousarray(worth, np.int32)
    return _reached(features.indptr, features.indices, rows_of, order, np.asarray(c, np.int32), worth, counted)


def rows_with(features: FeatureSets, ids: np.ndarray, *, base: np.ndarray = NOBODY) -> np.ndarray:
    """In how many rows of `ids` and `base` together each feature is active: int32 (n_features)."""
    ids = np.concatenate([np.asarray(base, np.int32), np.asarray(ids, np.int32)])
    return _count_rows(features.indptr, features.indices, features.n_features, ids)


def reached_at_tokens(
    curve: np.ndarray, tokens_in_order: np.ndarray, grid_tokens: np.ndarray, *, before: int = 0
) -> np.ndarray:
    """The curve on a token axis: its value after the longest prefix within each budget (`before` if no row fits).

    curve: (k), one row of `reached`; tokens_in_order: int (k); grid_tokens: int (g). Returns int32 (g).
    """
    rows = np.searchsorted(np.cumsum(tokens_in_order, dtype=np.int64), grid_tokens, side="right")
    return np.concatenate(([before], curve)).astype(np.int32)[rows]


def seeded_order(n: int, seed: int) -> np.ndarray:
    """What "random" means everywhere, int32 (n): drawn over all n ids, so that filtering never reshuffles."""
    return np.random.Generator(np.random.PCG64(seed)).permutation(n).astype(np.int32)


def token_grid(tokens: np.ndarray) -> np.ndarray:
    """Budgets to draw a curve at, int64: even on a logarithmic axis from about one row to everything.

    tokens: int (n), what a budget counts.
    """
    high = max(1, int(tokens.sum(dtype=np.int64)))
    low = min(high, max(1, int(np.median(tokens)) if len(tokens) else 1))
    return np.unique(np.geomspace(low, high, GRID).round().astype(np.int64))


def knee(tokens: np.ndarray, reached: np.ndarray) -> int | None:
    """The place at which a curve lies farthest above its chord, on a logarithmic token axis; None where it never does.

    The chord joins the curve's first and last point [our choice, after the rule of Satopää et al. 2011]: a description
    of the curve's shape, which moves with where the axis begins; ties go to the fewest tokens.
    """
    if len(tokens) < 3 or reached[-1] <= reached[0]:
        return None
    along = np.log(tokens / tokens[0]) / np.log(tokens[-1] / tokens[0])
    above = (reached - reached[0]) / (reached[-1] - reached[0]) - along
    place = int(np.argmax(above))
    return place if above[place] > 1e-9 else None


@njit(cache=True, nogil=True)
def _reached(indptr, indices, rows_of, order, needed, worth, counted):
    now = np.zeros(needed.size, np.int32)
    for feature in range(rows_of.size):
        for t in range(needed.size):
            if rows_of[feature] >= needed[t]:
                now[t] += worth[feature]
    out = np.empty((needed.size, order.size), np.int32)
    for k in range(order.size):
        if counted[order[k]]:
            for e in range(indptr[order[k]], indptr[order[k] + 1]):
                feature = indices[e]
                rows_of[feature] += 1
                for t in range(needed.size):
                    if rows_of[feature] == needed[t]:
                        now[t] += worth[feature]
        for t in range(needed.size):  # a slice would take numba seconds longer to compile
            out[t, k] = now[t]
    return out


@njit(cache=True, nogil=True)
def _count_rows(indptr, indices, n_features, ids):
    rows_of = np.zeros(n_features, np.int32)
    for k in range(ids.size):
        for e in range(indptr[ids[k]], indptr[ids[k] + 1]):
            rows_of[indices[e]] += 1
    return rows_of
