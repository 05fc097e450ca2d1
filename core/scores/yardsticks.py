"""Yardsticks of a selection: features reached, and two that greedy did not optimise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.coverage import seeded_order
from core.scores.feature_sets import FeatureSets

HELD_OUT = 0.1  # of the groups of like rows
HELD_OUT_SEED = 1_000  # none of the seeds that draw random orders: those would begin with the rows set aside


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Things that rows have, and what it counts to reach one.

    sets: which things every row has; worth: int32 (things), None for 1 each; counted: bool (n), rows that can reach
    anything, None for all; total: what all things together are worth.
    """

    sets: FeatureSets
    total: int
    worth: np.ndarray | None = None
    counted: np.ndarray | None = None


def by_count(sets: FeatureSets) -> Yardstick:
    """Every thing that some row has counts once: features, or runs of words."""
    return Yardstick(sets, sets.live)


def by_held_out_rows(sets: FeatureSets, *, duplicate_of: np.ndarray, eligible: np.ndarray) -> Yardstick:
    """The features of rows set aside, each worth as many of those rows as have it; these rows themselves reach nothing.

    Set aside is a seeded tenth of the groups of like rows, whole, so that no copy of such a row is left to reach its
    features. What is reached, over `total`, is the share of the (row, feature) pairs of the rows set aside whose feature
    other chosen rows have. duplicate_of: int (n), the first row of the group, −1 for that row itself; eligible: bool
    (n), rows that count where they are set aside.
    """
    aside = held_out(duplicate_of)
    judged = np.repeat(aside & eligible, sets.richness)
    worth = np.bincount(sets.indices[judged], minlength=sets.n_features).astype(np.int32)
    return Yardstick(sets, int(worth.sum()), worth, ~aside)


def held_out(duplicate_of: np.ndarray) -> np.ndarray:
    """Which rows are set aside, bool (n): a seeded tenth of the groups, whatever is banned, pinned or chosen."""
    n = len(duplicate_of)
    first = np.where(duplicate_of < 0, np.arange(n), duplicate_of)
    order = seeded_order(n, HELD_OUT_SEED)
    groups = order[first[order] == order]
    drawn = np.zeros(n, bool)
    drawn[groups[: round(HELD_OUT * len(groups))]] = True
    return drawn[first]
