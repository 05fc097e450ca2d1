"""How many features of a target a selection reaches, beside random rows of as many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import NOBODY, rows_with, seeded_order
from core.scores.curve import SEEDS
from core.scores.feature_sets import FeatureSets


@dataclass(frozen=True)
class TargetReach:
    """Of `wanted` features: `there`, those that enough samples of the pool have; `reached` by the selection and its base.

    `at_random`: the median over seeds of what random rows of at most as many tokens reach.
    """

    wanted: int
    there: int
    reached: int
    at_random: int


def target_reach(
    features: FeatureSets, ids: np.ndarray, *, wanted: np.ndarray, tokens: np.ndarray, free: np.ndarray,
    base: np.ndarray = NOBODY, c: int = 1, seeds: Sequence[int] = SEEDS,
) -> TargetReach:  # fmt: skip
    """Count what `ids` reach, in `c` rows or more, of `wanted`, bool (n_features).

    tokens: int (n); free: bool (n), what chance may draw from.
    """
    spent = int(tokens[ids].sum(dtype=np.int64))

    def reached(chosen: np.ndarray) -> int:
        return int(((rows_with(features, chosen, base=base) >= c) & wanted).sum())

    by_chance = []
    for seed in seeds:
        order = seeded_order(features.n_samples, seed)
        order = order[free[order]]
        by_chance.append(
            reached(order[: np.searchsorted(np.cumsum(tokens[order], dtype=np.int64), spent, side="right")])
        )
    there = int(((features.samples >= c) & wanted).sum())
    return TargetReach(int(wanted.sum()), there, reached(ids), int(np.median(by_chance)))
