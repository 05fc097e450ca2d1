"""How much may be taken: a number of rows, a percentage, or a number of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np

from core.errors import GamutError
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Exactly one of rows, percent (of the samples left after bans) and tokens (of whole conversations)."""

    rows: int | None = None
    percent: float | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        if len(given) != 1:
            seen = ", ".join(f"{name} {value}" for name, value in given.items()) or "none"
            raise GamutError(f"The budget names {seen}; give exactly one of rows, percent and tokens.")
        for name in given.keys() & {"rows", "tokens"}:
            if given[name] < 1 or given[name] != int(given[name]):
                raise GamutError(f"The budget is {given[name]} {name}; give a whole number from 1 upwards.")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise GamutError(f"The budget is {self.percent} percent; give a number above 0 and up to 100.")


def needed(budget: Budget, pool: Pool) -> int:
    """How long a ranking must be for this budget, whatever its order; GamutError if it cannot be met.

    For tokens: no prefix within the budget has more rows than the pins and the shortest candidates that fit.
    """
    if budget.tokens is not None:
        pinned = pool.conversation_tokens[pool.pins]
        _refuse_if_pins_exceed(int(pinned.sum(dtype=np.int64)), budget.tokens, "tokens")
        shortest_first = np.sort(pool.conversation_tokens[pool.candidates])
        return _longest_prefix(np.concatenate([pinned, shortest_first]), budget.tokens)
    rows = _rows(budget, pool.available)
    _refuse_if_pins_exceed(len(pool.pins), rows, "rows")
    return rows


def size(ranking: Ranking, budget: Budget, pool: Pool) -> int:
    """How many of the ranking's first samples the budget buys.

    rows: that many. percent p: ⌊n·p/100 + ½⌋ of the n samples left after bans (pins count). tokens T: the
    longest prefix whose conversation tokens sum to T or less; the first row that does not fit ends it.
    ValueError when the ranking was stopped too early to tell.
    """
    most = needed(budget, pool)
    if len(ranking) < most:
        raise ValueError(f"the ranking has {len(ranking)} rows, this budget needs {most}")
    if budget.tokens is None:
        return most
    return _longest_prefix(pool.conversation_tokens[ranking.sample_ids], budget.tokens)


def _rows(budget: Budget, available: int) -> int:
    if budget.percent is not None:
        # As typed, in exact arithmetic: in floats 1.15 % of 3,000 is 34.499…, one row short.
        return floor(available * Fraction(str(float(budget.percent))) / 100 + Fraction(1, 2))
    assert budget.rows is not None
    if budget.rows > available:
        raise GamutError(
            f"The budget is {budget.rows} rows, but {available} samples are available after bans and "
            f"filters; ask for {available} or fewer."
        )
    return budget.rows


def _refuse_if_pins_exceed(pins: int, budget: int, unit: str) -> None:
    if pins > budget:
        raise GamutError(
            f"The pinned samples alone take {pins} {unit}, but the budget is {budget}; "
            f"raise the budget to at least {pins} {unit} or remove pins."
        )


def _longest_prefix(tokens: np.ndarray, budget: int) -> int:
    return int(np.searchsorted(np.cumsum(tokens, dtype=np.int64), budget, side="right"))
