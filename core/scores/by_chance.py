"""How many of a feature's samples a random subset of equal tokens holds: the yardstick of a subset's own number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 200
SEED = 0


@dataclass(frozen=True, slots=True)
class ByChance:
    """The share of a subset's samples that hold the feature: `own`, of the `pool`, and the middle 95 % of random subsets."""

    own: float
    pool: float
    low: float
    high: float


def by_chance(holds: np.ndarray, *, chosen: np.ndarray, tokens: np.ndarray, draws: int = DRAWS) -> ByChance:
    """A subset beside random ones of as many tokens.

    holds, chosen: bool (n), whether the feature is active in a sample and whether it is in the subset. tokens: int (n).
    A random subset is a seeded order of all samples, taken as long as its tokens do not exceed the subset's.
    """
    budget = int(tokens[chosen].sum())
    rng = np.random.default_rng(SEED)
    shares = []
    for _ in range(draws):
        order = rng.permutation(len(holds))
        rows = max(1, int(np.searchsorted(np.cumsum(tokens[order], dtype=np.int64), budget, side="right")))
        shares.append(holds[order[:rows]].mean())
    low, high = np.quantile(shares, [0.025, 0.975])
    return ByChance(float(holds[chosen].mean()), float(holds.mean()), float(low), float(high))
