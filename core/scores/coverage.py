"""How many features an order of samples reaches: features active in at least c of the rows taken so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

ROWS_NEEDED = (1, 3, 10)  # once is easy, so three and ten rows are shown beside it


NOBODY = np.empty(0, np.int32)


def reached(
    features: FeatureSets, order: np.ndarray, *, c: Sequence[int] = ROWS_NEEDED, base: np.ndarray = NOBODY
) -> np.ndarray:
    """Features active in ≥ c rows of `base` and the first 1, 2, … rows of `order`: int32 (len(c), len(order))."""
    order = np.ascontiguousarray(order, np.int32)
    base = np.ascontiguousarray(base, np.int32)
    rows_of = _count_rows(features.indptr, features.indices, features.n_features, base)
    return _reached(features.indptr, features.indices, rows_of, order, np.asarray(c, np.int32))


def reached_at(features: FeatureSets, ids: np.ndarray, *, c: int = 1, base: np.ndarray = NOBODY) -> int:
    """Features active in ≥ c rows of the set `ids` and `base` together."""
    ids = np.concatenate([np.asarray(base, np.int32), np.asarray(ids, np.int32)])
    counts = _count_rows(features.indptr, features.indices, features.n_features, ids)
    return int(np.count_nonzero(counts >= c))


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


def random_band(
    features: FeatureSets,
    tokens: np.ndarray,
    eligible: np.ndarray,
    *,
    seeds: Sequence[int],
    grid_tokens: np.ndarray,
    c: int = 1,
    base: np.ndarray = NOBODY,
) -> np.ndarray:
    """What chance reaches: `reached` by random orders of the eligible rows at each token budget.

    Returns int32 (seeds, grid). tokens: int (n), what a budget counts; eligible: bool (n);
    grid_tokens: int (g), in any order.
    The order of a seed is that of the method `random` with the same seed.
    """
    grid = np.asarray(grid_tokens)
    band = np.zeros((len(seeds), len(grid)), np.int32)
    before = reached_at(features, NOBODY, c=c, base=base)
    for s, seed in enumerate(seeds):
        order = seeded_order(features.n_samples, seed)
        order = order[eligible[order]]
        spent = np.cumsum(tokens[order], dtype=np.int64)
        order = order[: np.searchsorted(spent, grid.max(initial=0), side="right")]
        band[s] = reached_at_tokens(reached(features, order, c=(c,), base=base)[0], tokens[order], grid, before=before)
    return band


@njit(cache=True, nogil=True)
def _reached(indptr, indices, rows_of, order, needed):
    now = np.array([np.sum(rows_of >= t) for t in needed], np.int32)
    out = np.empty((needed.size, order.size), np.int32)
    for k in range(order.size):
        for e in range(indptr[order[k]], indptr[order[k] + 1]):
            rows_of[indices[e]] += 1
            for t in range(needed.size):
                now[t] += rows_of[indices[e]] == needed[t]
        out[:, k] = now
    return out


@njit(cache=True, nogil=True)
def _count_rows(indptr, indices, n_features, ids):
    rows_of = np.zeros(n_features, np.int32)
    for k in range(ids.size):
        for e in range(indptr[ids[k]], indptr[ids[k] + 1]):
            rows_of[indices[e]] += 1
    return rows_of
