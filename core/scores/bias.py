"""How a subset differs from its pool: exact figures, each beside what random subsets of equal tokens show.

A subset against its pool has no sampling error, so the differences are plain; the band says which of them a random
choice would show too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import seeded_order

DRAWS = 200
BAND = (0.025, 0.975)  # of the draws: 95 of 100 random subsets lie within
QUANTILES = (0.1, 0.5, 0.9)
QUANTILE_NAMES = ("10 % quantile", "median", "90 % quantile")


@dataclass(frozen=True, eq=False)
class Shares:
    """A facet by groups: `names[codes[i]]` is the group of row i; codes int (n), −1 for none."""

    name: str
    codes: np.ndarray
    names: tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        return self.names

    def measure(self, ids: np.ndarray) -> np.ndarray:
        """The share of each group among the rows `ids`: float64 (groups)."""
        own = self.codes[ids]
        return np.bincount(own[own >= 0], minlength=len(self.names)) / max(1, len(ids))


@dataclass(frozen=True, eq=False)
class Marks:
    """A facet of marks, of which a row has none, one or more: `members` bool (marks, n)."""

    name: str
    members: np.ndarray
    values: tuple[str, ...]

    def measure(self, ids: np.ndarray) -> np.ndarray:
        """The share of the rows `ids` that have each mark: float64 (marks)."""
        return self.members[:, ids].sum(axis=1) / max(1, len(ids))


@dataclass(frozen=True, eq=False)
class Repeats:
    """A facet of likeness: rows of one `group`, int (n), repeat each other."""

    name: str
    group: np.ndarray
    values: tuple[str, ...] = ("repeats another chosen row",)

    def measure(self, ids: np.ndarray) -> np.ndarray:
        """The share of the rows `ids` that repeat another of them: float64 (1)."""
        return np.array([(len(ids) - len(np.unique(self.group[ids]))) / max(1, len(ids))])


@dataclass(frozen=True, eq=False)
class Numbers:
    """A facet of numbers: float64 (n), NaN where one is missing."""

    name: str
    numbers: np.ndarray
    unit: str = ""
    values: tuple[str, ...] = ("mean", *QUANTILE_NAMES)

    def measure(self, ids: np.ndarray) -> np.ndarray:
        """Mean and quantiles over the rows `ids` that have a number: float64 (4), NaN where none has."""
        own = self.numbers[ids]
        own = own[~np.isnan(own)]
        return np.array([own.mean(), *np.quantile(own, QUANTILES)]) if len(own) else np.full(4, np.nan)


Facet = Shares | Marks | Repeats | Numbers


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a subset beside its pool's, and the band of random subsets of equal tokens.

    outside: how far beyond the band, in half its width; 0 within it.
    """

    facet: str
    value: str
    share: bool
    unit: str
    subset: float
    pool: float
    low: float
    high: float
    outside: float


def bias(
    ids: np.ndarray, *, facets: Sequence[Facet], eligible: np.ndarray, tokens: np.ndarray, draws: int = DRAWS
) -> list[Difference]:
    """The differences of the rows `ids` from the eligible rows, the farthest beyond its band first; ties in the order given.

    eligible: bool (n), the pool; tokens: int (n), what a budget counts. Draw s is the longest prefix of the method
    `random` with seed s that costs no more than `ids` do.
    """
    pool = np.flatnonzero(eligible)
    spent = int(tokens[ids].sum(dtype=np.int64))
    samples = [_draw(seed, eligible, tokens, spent) for seed in range(draws)]
    found = []
    for facet in facets:
        drawn = np.array([facet.measure(sample) for sample in samples])
        found += _differences(facet, facet.measure(ids), facet.measure(pool), drawn, rows=len(ids))
    return sorted(found, key=lambda difference: -difference.outside)


def _draw(seed: int, eligible: np.ndarray, tokens: np.ndarray, spent: int) -> np.ndarray:
    order = seeded_order(len(eligible), seed)
    order = order[eligible[order]]
    return order[: np.searchsorted(np.cumsum(tokens[order], dtype=np.int64), spent, side="right")]


def _differences(facet: Facet, mine: np.ndarray, pool: np.ndarray, drawn: np.ndarray, *, rows: int) -> list[Difference]:
    counted = ~np.isnan(drawn).any(axis=0) & ~np.isnan(mine) & ~np.isnan(pool) & ((mine != 0) | (pool != 0))
    share = not isinstance(facet, Numbers)
    found = []
    for at in np.flatnonzero(counted):
        low, high = (float(edge) for edge in np.quantile(drawn[:, at], BAND))
        beyond = max(low - mine[at], mine[at] - high, 0.0)
        # A band without width (nobody drew this group) is as wide as one row, or as a number that is as good as equal.
        width = (high - low) / 2 or (1 / max(1, rows) if share else max(abs(pool[at]), 1.0) * 1e-3)
        found.append(
            Difference(
                facet.name, facet.values[at], share, getattr(facet, "unit", ""), float(mine[at]), float(pool[at]), low, high,
                float(beyond / width),
            )
        )  # fmt: skip
    return found
