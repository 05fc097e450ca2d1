"""The one sentence on a selection: how many random rows reach as many features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import reached, reached_at, seeded_order
from core.scores.feature_sets import FeatureSets

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Answer:
    """A selection beside chance: `reached` of `live` features by `rows` rows.

    `random_rows`: the median over seeds of how many random rows reach as many; None where not even the whole pool,
    drawn at random, does (then `at_random` says what as many random rows reach, which is always given).
    """

    rows: int
    tokens: int
    reached: int
    live: int
    random_rows: int | None
    random_tokens: int | None
    at_random: int


def answer(
    features: FeatureSets, ids: np.ndarray, *, tokens: np.ndarray, eligible: np.ndarray, seeds: Sequence[int] = SEEDS
) -> Answer:
    """Compare `ids` with random orders of the eligible rows; `tokens`: int (n), what a budget counts."""
    got = reached_at(features, ids)
    rows, spent, same = [], [], []
    for seed in seeds:
        order = seeded_order(features.n_samples, seed)
        order = order[eligible[order]]
        curve = reached(features, order, c=(1,))[0]
        same.append(int(curve[min(len(ids), len(curve)) - 1]) if len(ids) and len(curve) else 0)
        needed = int(np.searchsorted(curve, got)) + 1 if got else 0
        if needed > len(curve):
            continue
        rows.append(needed)
        spent.append(int(tokens[order[:needed]].sum(dtype=np.int64)))
    found = len(rows) == len(seeds)
    return Answer(
        rows=len(ids),
        tokens=int(tokens[ids].sum(dtype=np.int64)),
        reached=got,
        live=features.live,
        random_rows=int(np.median(rows)) if found else None,
        random_tokens=int(np.median(spent)) if found else None,
        at_random=int(np.median(same)) if same else 0,
    )
