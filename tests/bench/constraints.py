"""How long constraints take along a ranking at hand: what a click on a quota or on the cap on near-duplicates costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

import numpy as np

from core.scores.feature_sets import FeatureSets
from core.selection.constrained import ranked_within
from core.selection.constraints import Constraints
from core.selection.known import Given, Grouping
from core.selection.methods.random_order import METHOD, RandomOptions
from core.selection.quotas import CAP, FLOOR, SHARE, Quota
from tests.bench.zipf import generate, pool_of

ROWS = 52_000
COPIES = 0.1  # of the rows repeat another one, less a tenth of its features

Row = tuple[str, float, str]


def bench() -> Iterator[Row]:
    """Rows (what, value, note): seconds, medians of 3, one thread, kernels compiled."""
    features = with_near_copies(generate(ROWS))
    rng = np.random.default_rng(0)
    names = tuple(f"s{k}" for k in range(12))
    sources = Grouping(rng.integers(0, len(names), ROWS).astype(np.int32), names)
    pool = replace(pool_of(features), known=Given(groupings={"source": sources}))
    ranking = METHOD.rank(pool, RandomOptions())
    cap, floor = (Quota(kind=kind, column="source", value="s1", amount=500) for kind in (CAP, FLOOR))
    jobs = [
        ("cap on a value", Constraints(quotas=(cap,)), None),
        ("floor of a value", Constraints(quotas=(floor,)), None),
        ("shares as in the pool", Constraints(quotas=(Quota(kind=SHARE, column="source"),)), None),
        ("near-duplicates above 0.9", Constraints(near_duplicates=0.9), None),
        ("near-duplicates above 0.8", Constraints(near_duplicates=0.8), 1.5),
        ("near-duplicates above 0.6", Constraints(near_duplicates=0.6), None),
    ]
    for what, wanted, aim in jobs:
        found = ranked_within(pool, wanted, ranking.head)  # compiles
        seconds = []
        for _ in range(3 if aim else 1):
            begin = time.perf_counter()
            ranked_within(pool, wanted, ranking.head)
            seconds.append(time.perf_counter() - begin)
        note = f"{ROWS:,} rows, whole order; {ROWS - len(found):,} passed over"
        yield f"constraints, {what}", median(seconds), note + (f"; aim {aim:g} s" if aim else "")


def with_near_copies(features: FeatureSets) -> FeatureSets:
    """The sets with a share of the rows replaced by near-copies of others."""
    rng = np.random.default_rng(2)
    rows = [features.row(i) for i in range(features.n_samples)]
    for i in rng.choice(features.n_samples, int(COPIES * features.n_samples), replace=False):
        other = rows[rng.integers(features.n_samples)]
        rows[i] = np.sort(rng.permutation(other)[: max(1, int(0.9 * len(other)))])
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return FeatureSets(indptr, np.concatenate(rows).astype(np.int32), features.n_features)
