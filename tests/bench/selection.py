"""How long exact greedy takes on 52,000 generated rows, beside the numpy decrement over a CSC."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from core.scores.feature_sets import Activity, FeatureSets, feature_sets, thresholds
from core.selection import sae_greedy
from core.selection.pool import Pool

ROWS, SHORT = 52_000, 1_000

Row = tuple[str, float, str]


def bench() -> list[Row]:
    """(name, seconds, note): medians of 3; generation and conversion once each, in rows of their own."""
    seconds, features = _once(generate)
    note = f"{features.n_samples:,} rows, {len(features.indices):,} entries, {features.live:,} live features"
    rows = [("generate Zipf features (setup)", seconds, note)]
    pool = _pool(features)
    seconds, _ = _once(lambda: sae_greedy.rank(pool, sae_greedy.SaeGreedyOptions(), upto=1))
    rows.append(("first call (setup)", seconds, "compiles, or reads the kernels' cache"))
    seconds, full = _median_of_3(lambda: sae_greedy.rank(pool, sae_greedy.SaeGreedyOptions()))
    rows.append(("sae-greedy, full order", seconds, f"{full.rounds[-1]} rounds, one thread"))
    seconds, short = _median_of_3(lambda: sae_greedy.rank(pool, sae_greedy.SaeGreedyOptions(), upto=SHORT))
    rows.append((f"sae-greedy, k = {SHORT:,}", seconds, f"{short.rounds[-1]} rounds, one thread"))
    seconds, csc = _once(lambda: _to_csc(features))
    rows.append(("rows to CSC (the rival's setup)", seconds, ""))
    seconds, rival = _median_of_3(lambda: _decrement(features, *csc, SHORT))
    same = "same picks" if np.array_equal(rival, short.sample_ids) else "OTHER PICKS"
    rows.append((f"numpy decrement, k = {SHORT:,}", seconds, same))
    return rows + _bench_many_rounds() + _bench_sets(features)


def generate(
    *, rows: int = ROWS, n_features: int = 65_536, per_row: int = 300, exponent: float = 1.2, seed: int = 0
) -> FeatureSets:
    """Sets of Zipf features, about `per_row` in each; the default's long tail gives a dozen rounds."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, n_features + 1) ** exponent
    inverse = np.cumsum(popularity / popularity.sum())
    # Repeats within a row are dropped, so more are drawn than wanted: measured on the first rows.
    draws = per_row
    while np.mean([len(np.unique(np.searchsorted(inverse, rng.random(draws)))) for _ in range(50)]) < per_row:
        draws += max(1, per_row // 10)
    kept = [np.unique(np.searchsorted(inverse, rng.random(draws))) for _ in range(rows)]
    indptr = np.concatenate(([0], np.cumsum([len(row) for row in kept])))
    indices = np.minimum(np.concatenate(kept), n_features - 1).astype(np.int32)
    return FeatureSets(indptr.astype(np.int64), indices, n_features)


def _pool(features: FeatureSets) -> Pool:
    n = features.n_samples
    tokens = np.ones(n, np.int32)
    return Pool(
        features=features,
        scored_tokens=tokens,
        response_tokens=tokens,
        conversation_tokens=tokens,
        eligible=np.ones(n, bool),
    )


def _bench_many_rounds() -> list[Row]:
    """The shape of the bundled pair: few features, each of them common, so that a round is short."""
    pool = _pool(generate(n_features=4_096, per_row=60, exponent=0.8))
    seconds, full = _median_of_3(lambda: sae_greedy.rank(pool, sae_greedy.SaeGreedyOptions()))
    entries = f"{len(pool.features.indices):,} entries, {full.rounds[-1]} rounds"
    return [("sae-greedy, full order, 4,096 features", seconds, entries)]


def _bench_sets(features: FeatureSets) -> list[Row]:
    """Thresholds and sets from the long table, with made-up strengths."""
    table: dict[str, Any] = {
        "sample": np.repeat(np.arange(features.n_samples, dtype=np.int32), features.richness),
        "feature": features.indices,
        "strength": np.random.default_rng(1).gamma(2, 1, len(features.indices)).astype(np.float32),
        "n_samples": features.n_samples,
        "n_features": features.n_features,
    }
    seconds, (cut, quantile) = _median_of_3(lambda: thresholds(Activity(), **table))
    rows = [("thresholds, automatic quantile", seconds, f"quantile {quantile:.3f}")]
    seconds, sets = _median_of_3(lambda: feature_sets(cut, **table))
    return [*rows, ("feature sets at those thresholds", seconds, f"{len(sets.indices):,} entries kept")]


def _to_csc(features: FeatureSets) -> tuple[np.ndarray, np.ndarray]:
    by_feature = np.argsort(features.indices, kind="stable")
    owner = np.repeat(np.arange(features.n_samples, dtype=np.int32), features.richness)
    size = np.bincount(features.indices, minlength=features.n_features)
    return np.concatenate(([0], np.cumsum(size))), owner[by_feature]


def _decrement(features: FeatureSets, start: np.ndarray, owner: np.ndarray, k: int) -> np.ndarray:
    """The same greedy with every gain kept current: covering a feature takes 1 from all rows that have it."""
    gain, covered = features.richness.copy(), np.zeros(features.n_features, bool)
    picks: list[int] = []
    while len(picks) < k:
        best = int(gain.argmax())
        if gain[best] <= 0:
            gain, covered = features.richness.copy(), np.zeros(features.n_features, bool)
            gain[picks] = -1
            continue
        row = features.row(best)
        for feature in row[~covered[row]]:
            gain[owner[start[feature] : start[feature + 1]]] -= 1
        covered[row] = True
        gain[best] = -1
        picks.append(best)
    return np.array(picks, np.int32)


def _once(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def _median_of_3(call: Callable[[], Any]) -> tuple[float, Any]:
    runs = [_once(call) for _ in range(3)]
    return median(seconds for seconds, _ in runs), runs[-1][1]
