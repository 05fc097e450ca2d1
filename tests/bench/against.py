"""Two sets of samples compared feature by feature: seconds, and how many features length alone makes seem different."""

from __future__ import annotations

import time

import numpy as np

from core.scores.enrichment import enrichment
from core.scores.feature_sets import FeatureSets

SAMPLES, ACTIVE, TIMES = 52_000, 223, 5
LENGTH_SAMPLES, LENGTH_FEATURES = 15_000, 2_000


def bench() -> list[tuple[str, float, str]]:
    """Rows (what, value, note) on generated data."""
    rows = []
    for n_features in (4_096, 131_072):
        features, tokens = _zipf(n_features)
        for share in (0.02, 0.2, 0.5):
            a = np.random.default_rng(1).random(SAMPLES) < share
            enrichment(features, a=a, b=~a, tokens=tokens, same=np.arange(SAMPLES))
            seconds = []
            for _ in range(TIMES):
                began = time.perf_counter()
                enrichment(features, a=a, b=~a, tokens=tokens, same=np.arange(SAMPLES))
                seconds.append(time.perf_counter() - began)
            note = f"{len(features.indices) / 1e6:.1f} M entries, {n_features} features, median of {TIMES}"
            rows.append((f"A against B, A {share:.0%} of {SAMPLES} samples: s", float(np.median(seconds)), note))
    return rows + _length_alone()


def _zipf(n_features: int) -> tuple[FeatureSets, np.ndarray]:
    rng = np.random.default_rng(0)
    density = 1 / np.arange(1, n_features + 1) ** 0.9
    drawn = np.sort(rng.choice(n_features, size=(SAMPLES, ACTIVE), p=density / density.sum()), axis=1)
    kept = np.ones_like(drawn, bool)
    kept[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    tokens = np.maximum(5, rng.lognormal(4.5, 1, SAMPLES)).astype(np.int32)
    return FeatureSets(indptr, drawn[kept].astype(np.int32), n_features), tokens


def _length_alone() -> list[tuple[str, float, str]]:
    """Features whose chance depends on nothing but length; A drawn in proportion to it."""
    rng = np.random.default_rng(7)
    tokens = np.maximum(5, rng.lognormal(4.5, 1, LENGTH_SAMPLES)).astype(int)
    rates = np.exp(rng.uniform(np.log(1e-5), np.log(3e-2), LENGTH_FEATURES))
    active = rng.random((LENGTH_SAMPLES, LENGTH_FEATURES)) < 1 - (1 - rates) ** tokens[:, None]
    indptr = np.concatenate([[0], np.cumsum(active.sum(axis=1))]).astype(np.int64)
    features = FeatureSets(indptr, np.nonzero(active)[1].astype(np.int32), LENGTH_FEATURES)
    a = rng.random(LENGTH_SAMPLES) < np.minimum(1, 0.2 * tokens / tokens.mean())
    found = enrichment(features, a=a, b=~a, tokens=tokens, same=np.arange(LENGTH_SAMPLES))
    note = f"{LENGTH_FEATURES} features, {LENGTH_SAMPLES} samples, A in proportion to length; 5 % are put up with"
    rows = []
    for name, odds in (("at equal length", found.adjusted), ("ignoring length", found.plain)):
        told = len(found.common_in_a(odds)) + len(found.common_in_b(odds))
        rows.append((f"called different, {name}: % of features", 100 * told / LENGTH_FEATURES, note))
    return rows
