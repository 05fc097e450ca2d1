"""How much may be taken: a number of rows, a percentage, or a number of tokens, of all or of those that are trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numba import njit

from core.activations.trainer_templates import OWN
from core.errors import GamutError
from core.scores.trainer_rows import Counted
from core.selection.pool import Pool
from core.selection.ranking import Ranking, largest_first

TRAINED = "trained_tokens"
UNITS = ("rows", "percent", "tokens", TRAINED)
UNIT_WORDS = {TRAINED: "trained tokens"}  # the others are called as they are
MOST = 10**18  # sums of tokens are of 64 bits


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Exactly one of rows, percent (of the samples left after bans), tokens (of whole conversations) and trained tokens.

    counted: how trained tokens are counted; None: those of the answers, as the analysis read them.
    skip_to_fit: a row that does not fit into the tokens left is skipped, and the next that fits is taken; else it ends
    the selection.
    """

    rows: int | None = None
    percent: float | None = None
    tokens: int | None = None
    trained_tokens: int | None = None
    counted: Counted | None = None
    skip_to_fit: bool = False

    def __post_init__(self) -> None:
        given = {name: value for name in UNITS if (value := getattr(self, name)) is not None}
        if len(given) != 1:
            seen = ", ".join(f"{unit_words(name)} {value}" for name, value in given.items()) or "none"
            raise GamutError(f"The budget names {seen}; give exactly one of rows, percent, tokens and trained tokens.")
        for name in given.keys() & {"rows", "tokens", TRAINED}:
            if not 1 <= given[name] < MOST or given[name] != int(given[name]):
                raise GamutError(
                    f"The budget is {given[name]} {unit_words(name)}; give a whole number from 1 upwards, of at most 18 digits."
                )
        if self.percent is not None and not 0 < self.percent <= 100:
            raise GamutError(f"The budget is {self.percent:g} percent; give a number above 0 and up to 100.")
        if self.skip_to_fit and self.limit is None:
            raise GamutError(
                "Rows that do not fit can only be skipped under a budget of tokens; give one, or do not skip."
            )
        if isinstance(self.counted, dict):  # as a saved selection or a manifest holds it
            object.__setattr__(self, "counted", Counted(**self.counted))
        if self.counted is not None and self.trained_tokens is None:
            raise GamutError(
                "A trainer's way of counting goes with a budget of trained tokens; give one, or name no trainer."
            )

    @property
    def unit(self) -> str:
        """One of `UNITS`."""
        return next(name for name in UNITS if getattr(self, name) is not None)

    @property
    def amount(self) -> float:
        """How much, in that unit."""
        return getattr(self, self.unit)

    @property
    def limit(self) -> int | None:
        """The most tokens, of all or of those trained on; None where rows are counted."""
        return self.trained_tokens if self.tokens is None else self.tokens

    def limited(self, tokens: int) -> Budget:
        """The same with another limit of tokens."""
        return replace(self, tokens=tokens) if self.tokens is not None else replace(self, trained_tokens=tokens)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, less what is not set; `Budget(**…)` is the way back."""
        counted = {} if self.counted is None else {"counted": self.counted.as_dict()}
        return {self.unit: self.amount} | counted | ({"skip_to_fit": True} if self.skip_to_fit else {})


def unit_words(unit: str) -> str:
    """A unit as people call it."""
    return UNIT_WORDS.get(unit, unit)


def counted_words(said: dict[str, Any]) -> str:
    """How the trained tokens of a budget, as plain values, are counted."""
    if not said.get("counted"):
        return "of the answers, as the analysis read them"
    by = said["counted"]
    template = "its own template" if by["template"] == OWN else f"the template {by['template']}"
    return f"as {by['trainer']} leaves them at {by['cutoff']} tokens, by the tokenizer {by['tokenizer']} and {template}"


def costs(budget: Budget, pool: Pool) -> np.ndarray:
    """What each sample takes of a limit of tokens: int32 (n). Raises `GamutError` where that was not counted yet."""
    if budget.trained_tokens is None:
        return pool.conversation_tokens
    return pool.response_tokens if budget.counted is None else pool.known.trained_tokens(budget.counted)


def needed(budget: Budget, pool: Pool) -> int:
    """How long a ranking must be for this budget, whatever its order; GamutError if it cannot be met.

    For tokens: no prefix within the budget has more rows than the pins and the shortest candidates that fit; all of
    them, where rows that do not fit are skipped.
    """
    if budget.limit is not None:
        tokens = costs(budget, pool)
        pinned = tokens[pool.pins]
        _refuse_if_pins_exceed(int(pinned.sum(dtype=np.int64)), budget.limit, unit_words(budget.unit))
        if budget.skip_to_fit:
            return pool.available
        shortest_first = np.sort(tokens[pool.candidates])
        return _longest_prefix(np.concatenate([pinned, shortest_first]), budget.limit)
    rows = _rows(budget, pool.available)
    _refuse_if_pins_exceed(len(pool.pins), rows, "rows")
    return rows


def bought(ranking: Ranking, budget: Budget, pool: Pool) -> np.ndarray:
    """The places of the ranking that the budget buys, int64, ascending: its first ones, unless rows are skipped to fit.

    rows: that many. percent p: ⌊n·p/100 + ½⌋ of the n samples left after bans (pins count). tokens T: the
    longest prefix whose tokens (of conversations, or those trained on) sum to T or less; the first row that does not fit
    ends it or is skipped.
    `GamutError` where constraints leave fewer rows, or floors need more; ValueError when the ranking was stopped too
    early to tell.
    """
    most = needed(budget, pool)
    if not decides(ranking, budget, pool):
        raise ValueError(f"the ranking has {len(ranking)} rows, this budget needs {most}")
    tokens = costs(budget, pool)[ranking.sample_ids]
    if budget.limit is None:
        if len(ranking) < most:
            raise GamutError(_too_few(ranking, most))
        places = np.arange(most)
    elif budget.skip_to_fit:
        places = np.flatnonzero(_fitting(tokens, budget.limit))
    else:
        places = np.arange(_longest_prefix(tokens, budget.limit))
    _refuse_if_floors_exceed(ranking, places, tokens, budget)
    return places


def decides(ranking: Ranking, budget: Budget, pool: Pool) -> bool:
    """Whether a ranking is long enough to tell what the budget buys: for tokens, once its rows exceed them."""
    if ranking.complete or len(ranking) >= needed(budget, pool):
        return True
    if budget.limit is None or budget.skip_to_fit:
        return False
    return int(costs(budget, pool)[ranking.sample_ids].sum(dtype=np.int64)) > budget.limit


def size(ranking: Ranking, budget: Budget, pool: Pool) -> int:
    """How many samples of the ranking the budget buys; as `bought`."""
    return len(bought(ranking, budget, pool))


def about_rows(budget: Budget, pool: Pool) -> int:
    """How many rows a budget buys whatever the order: of tokens, as many as fit at the mean length of what may be chosen."""
    if budget.limit is None:
        return min(_rows(budget, pool.available), len(pool.candidates))
    lengths = costs(budget, pool)[pool.candidates]
    return min(len(lengths), int(budget.limit / max(1.0, float(lengths.mean()))) if len(lengths) else 0)


def _too_few(ranking: Ranking, wanted: int) -> str:
    passed = "; ".join(f"{words}: {rows} passed over" for words, rows in largest_first(ranking.left_out))
    return (
        f"The budget asks for {wanted} rows, but the constraints leave {len(ranking)} ({passed}); ask for {len(ranking)} "
        "or fewer, or loosen a constraint."
    )


def _refuse_if_floors_exceed(ranking: Ranking, places: np.ndarray, tokens: np.ndarray, budget: Budget) -> None:
    first = ranking.pinned + ranking.floor
    if ranking.floor and not np.array_equal(places[:first], np.arange(first)):
        need = first if budget.limit is None else int(tokens[:first].sum(dtype=np.int64))
        unit = "rows" if budget.limit is None else unit_words(budget.unit)
        raise GamutError(
            f"The pins and the rows that floors want take {need} {unit}, more than this budget of {budget.amount:g} "
            f"{unit_words(budget.unit)} buys; raise it to {need} {unit} or lower a floor."
        )


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


@njit(cache=True, nogil=True)
def _fitting(tokens, budget):
    """Which rows fit, taken in order while tokens are left for them."""
    fits = np.zeros(tokens.size, np.bool_)
    for k in range(tokens.size):
        fits[k] = tokens[k] <= budget
        budget -= tokens[k] * fits[k]
    return fits
