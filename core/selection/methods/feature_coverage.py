"""feature-coverage: greedy on a concave sum, so that a feature covered often counts less and less, but never nothing.

f(S) = Σ_j w_j √(Σ_{i ∈ S} x_ij); i* = argmax f(S ∪ {i}) − f(S); ties: lowest sample id.
Source: Wei, Iyer & Bilmes, Submodularity in Data Subset Selection and Active Learning, ICML 2015; apricot's
feature-based function.

Exact on whole numbers: x_ij in steps, √ as a table of whole numbers whose steps never grow, so that gains are sums
that no order of adding changes, and only fall. That makes lazy greedy exact (see `core.selection.heap`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.selection.feature_weights import (
    RARITY,
    RARITY_HELP,
    RARITY_LABEL,
    RARITY_WORDS,
    counting,
    only,
    rarity_weights,
)
from core.selection.heap import heapify, sink
from core.selection.method import Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along

STEPS = 16  # of a strength, relative to the feature's largest
SUM_BITS = 61  # of the largest gain: it has to fit into 64 bits


@dataclass(frozen=True, kw_only=True)
class FeatureCoverageOptions:
    values: str = option(
        "active",
        "what a row adds to a feature: active, 1 if it has it; strength, its strength over the feature's largest",
        label="What a row adds to a feature",
        choices=("active", "strength"),
        words=("1 if it is active", "its strength, relative to its largest"),
    )
    rarity: str = option("equal", RARITY_HELP, label=RARITY_LABEL, choices=RARITY, words=RARITY_WORDS)
    support: int = option(
        1,
        "a feature counts when at least this many rows that repeat no other have it",
        label="Rows that must have a feature",
        unit="rows",
        low=1,
    )
    target: str = option(
        "",
        "only features that this activates count: column=value, group:NAME, analysis:NAME, selection:NAME or features:NAME",
        label="Cover only what this activates",
    )


def rank(pool: Pool, options: FeatureCoverageOptions, *, upto: int | None = None) -> Ranking:
    """Pins and base count first; then the greedy order. Rows without a feature that counts come last, in id order."""
    keep = counting(pool, support=options.support, target=options.target)
    features = only(pool.features, keep)
    if options.values == "strength":
        amounts, unit = _steps(features, pool.known.strengths[keep[pool.features.indices]]), STEPS
    else:
        amounts, unit = np.ones(len(features.indices), np.int64), 1
    weights = rarity_weights(features, options.rarity)
    most = pool.available if upto is None else min(upto, pool.available)
    there = np.concatenate([pool.base, pool.pins]).astype(np.int32)
    table = _root_table(features, amounts, unit, weights)
    order = _greedy(
        features.indptr,
        features.indices,
        amounts,
        weights,
        table,
        there,
        pool.candidates,
        max(0, most - len(pool.pins)),
    )
    return ranking_along(pool, order, upto)


def _steps(features: FeatureSets, strengths: np.ndarray) -> np.ndarray:
    """Strengths as 1 … STEPS, in parts of each feature's largest: int64 (entries)."""
    largest = np.zeros(features.n_features, np.float32)
    np.maximum.at(largest, features.indices, strengths)
    share = strengths.astype(np.float64) / largest[features.indices]
    return np.clip(np.ceil(share * STEPS), 1, STEPS).astype(np.int64)


def _root_table(features: FeatureSets, amounts: np.ndarray, unit: int, weights: np.ndarray) -> np.ndarray:
    """√(c / unit) for c = 0, 1, … as whole numbers that begin at 0 and whose steps never grow: int64."""
    sums = np.bincount(features.indices, amounts, features.n_features)
    before = np.concatenate([[0.0], np.cumsum(weights[features.indices], dtype=np.float64)])
    richest = float(np.diff(before[features.indptr]).max(initial=0))  # the largest weight that a row adds up to
    bits = min(34, int(SUM_BITS - np.log2(max(richest, 1.0))))
    steps = np.rint(2.0**bits * np.diff(np.sqrt(np.arange(int(sums.max(initial=0)) + 2) / unit)))
    return np.concatenate([[0], np.cumsum(np.minimum.accumulate(steps).astype(np.int64))])


@njit(cache=True, nogil=True)
def _greedy(indptr, indices, amounts, weights, table, there, candidates, most):
    """The first `most` candidates by their gains: int32."""
    covered = np.zeros(weights.size, np.int64)
    for row in there:
        _add(indptr, indices, amounts, covered, row)
    key, cost = np.zeros(indptr.size - 1, np.int64), np.ones(indptr.size - 1, np.int64)
    for row in candidates:
        key[row] = _gain(indptr, indices, amounts, weights, table, covered, row)
    heap = candidates.copy()
    heapify(heap, key, cost)
    picks, size = np.empty(min(most, candidates.size), np.int32), candidates.size
    at, fresh = 0, -1
    while at < picks.size:
        row = heap[0]
        now = key[row] if row == fresh else _gain(indptr, indices, amounts, weights, table, covered, row)
        if now == key[row]:
            picks[at], fresh = row, -1
            at, size = at + 1, size - 1
            _add(indptr, indices, amounts, covered, row)
            heap[0] = heap[size]
        else:
            key[row], fresh = now, row
        sink(heap, size, 0, key, cost)
    return picks


@njit(cache=True, nogil=True)
def _gain(indptr, indices, amounts, weights, table, covered, row):
    total = 0
    for e in range(indptr[row], indptr[row + 1]):
        had = covered[indices[e]]
        total += weights[indices[e]] * (table[had + amounts[e]] - table[had])
    return total


@njit(cache=True, nogil=True)
def _add(indptr, indices, amounts, covered, row):
    for e in range(indptr[row], indptr[row + 1]):
        covered[indices[e]] += amounts[e]


METHOD = Method(
    name="feature-coverage",
    title="Feature coverage, concave",
    summary="Takes the sample that adds most to a sum of square roots: the tenth row with a feature still counts, but less.",
    source="Wei, Iyer & Bilmes, Submodularity in Data Subset Selection and Active Learning, ICML 2015",
    notes=(
        "[paper] Greedy on Σ_j w_j √(Σ_i x_ij), which is submodular: greedy reaches at least 63 % of the best value.",
        "[choice] x is 1 for an active feature, or its strength in sixteenths of the feature's largest.",
        "[choice] Square roots as whole numbers (to 2⁻³⁴), so that ties are exact; they go to the lowest sample id.",
        "[choice] Without rounds: a feature never stops counting. Pins and base count before the first pick.",
        "[choice] Like every sum over features it likes rich, hence long rows: look at tokens.",
    ),
    options=FeatureCoverageOptions,
    rank=rank,
    whole_upto=10_000,
)
