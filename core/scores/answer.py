"""The one sentence on a selection: how many random rows reach as many features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import NOBODY, reached, reached_at, seeded_order
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
    before: int = 0  # what the base reaches by itself; `reached` counts it in


@dataclass(frozen=True, eq=False)
class Chance:
    """What random orders of a pool reach: by seed, features after 1, 2, … rows, and the tokens spent on them."""

    reached: tuple[np.ndarray, ...]
    spent: tuple[np.ndarray, ...]


def chance(
    features: FeatureSets,
    *,
    tokens: np.ndarray,
    eligible: np.ndarray,
    seeds: Sequence[int] = SEEDS,
    base: np.ndarray = NOBODY,
) -> Chance:
    """Random orders of the eligible rows, whole, added to `base`; `tokens`: int (n), what a budget counts. One pass a seed."""
    orders = [order[eligible[order]] for order in (seeded_order(features.n_samples, seed) for seed in seeds)]
    return Chance(
        tuple(reached(features, order, c=(1,), base=base)[0] for order in orders),
        tuple(np.cumsum(tokens[order], dtype=np.int64) for order in orders),
    )


def answer(
    features: FeatureSets, ids: np.ndarray, *, tokens: np.ndarray, beside: Chance, base: np.ndarray = NOBODY
) -> Answer:
    """Compare the selection `ids`, added to `base`, with chance; `tokens`: int (n), what a budget counts."""
    got, before = reached_at(features, ids, base=base), reached_at(features, NOBODY, base=base)
    rows, spent, same = [], [], []
    for curve, paid in zip(beside.reached, beside.spent, strict=True):
        same.append(int(curve[min(len(ids), len(curve)) - 1]) if len(ids) and len(curve) else before)
        needed = int(np.searchsorted(curve, got)) + 1 if got > before else 0
        if needed <= len(curve):
            rows.append(needed)
            spent.append(int(paid[needed - 1]) if needed else 0)
    found = bool(rows) and len(rows) == len(beside.reached)
    return Answer(
        rows=len(ids),
        tokens=int(tokens[ids].sum(dtype=np.int64)),
        reached=got,
        live=features.live,
        random_rows=int(np.median(rows)) if found else None,
        random_tokens=int(np.median(spent)) if found else None,
        at_random=int(np.median(same)) if same else 0,
        before=before,
    )
