"""Curves: what the first 1, 2, … rows of an order reach, computed once and only looked up afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import NOBODY, ROWS_NEEDED, reached, seeded_order
from core.scores.yardsticks import Yardstick

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class Curve:
    """What an order of k rows reaches by a yardstick, in at least c rows for every c of `ROWS_NEEDED`.

    reached: int32 (c, k + 1), after 0, 1, … rows, the base counted in; spent: int64 (k + 1), tokens of these rows.
    """

    reached: np.ndarray
    spent: np.ndarray

    def after(self, rows: int, *, c: int = 1) -> int:
        """What the first `rows` rows reach; all of them where there are fewer."""
        return int(self.reached[ROWS_NEEDED.index(c), min(rows, len(self.spent) - 1)])

    def within(self, tokens: np.ndarray, *, c: int = 1) -> np.ndarray:
        """What the longest prefix within each budget reaches: int32, as many as `tokens`."""
        return self.reached[ROWS_NEEDED.index(c), np.searchsorted(self.spent, tokens, side="right") - 1]

    def rows_for(self, amount: int, *, c: int = 1) -> int | None:
        """The fewest rows that reach `amount`; None where all of them do not."""
        rows = int(np.searchsorted(self.reached[ROWS_NEEDED.index(c)], amount))
        return rows if rows < len(self.spent) else None


def curve_along(yardstick: Yardstick, order: np.ndarray, *, tokens: np.ndarray, base: np.ndarray = NOBODY) -> Curve:
    """The curve of an order of rows added to `base`; tokens: int (n), what a budget counts. One pass over the order."""
    before = _before(yardstick, base)
    along = reached(yardstick.sets, order, base=base, worth=yardstick.worth, counted=yardstick.counted)
    spent = np.concatenate([[0], np.cumsum(tokens[order], dtype=np.int64)])
    return Curve(np.concatenate([before[:, None], along], axis=1), spent)


def chance(
    yardstick: Yardstick,
    *,
    tokens: np.ndarray,
    eligible: np.ndarray,
    seeds: Sequence[int] = SEEDS,
    base: np.ndarray = NOBODY,
) -> tuple[Curve, ...]:
    """The curves of random orders of the eligible rows, those of the method `random` with these seeds."""
    orders = (seeded_order(yardstick.sets.n_samples, seed) for seed in seeds)
    return tuple(curve_along(yardstick, order[eligible[order]], tokens=tokens, base=base) for order in orders)


def _before(yardstick: Yardstick, base: np.ndarray) -> np.ndarray:
    """What the base reaches by itself: int32 (c)."""
    if not len(base):
        return np.zeros(len(ROWS_NEEDED), np.int32)
    return reached(yardstick.sets, base, worth=yardstick.worth, counted=yardstick.counted)[:, -1]
