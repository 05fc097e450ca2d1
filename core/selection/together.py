"""What several capabilities choose beside each other: what they share, what they all choose, and what kinds they pick.

Each capability chooses alone, by the same method and the same number of rows. Chance is told beside everything: two
random choices of k of N samples share k/N of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import GamutError
from core.selection.known import Grouping
from core.selection.methods.registry import find
from core.selection.pool import Pool


@dataclass(frozen=True, eq=False)
class Picks:
    """What each capability chooses alone: `ids` int32 (capabilities, k), best first, out of `n` that may be chosen."""

    names: tuple[str, ...]
    ids: np.ndarray
    n: int
    samples: int

    @property
    def rows(self) -> int:
        return self.ids.shape[1]

    @property
    def chance(self) -> float:
        """The share that two random choices have in common."""
        return self.rows / self.n if self.n else 0.0


@dataclass(frozen=True, eq=False)
class Core:
    """How many capabilities choose each sample: `chosen_by` int32 (samples).

    `rows[m − 1]`: int64 (capabilities), samples chosen by at least m; `expected`: float64, what independent random
    choices would have.
    """

    chosen_by: np.ndarray
    rows: np.ndarray
    expected: np.ndarray

    def ids(self, least: int) -> np.ndarray:
        """The samples chosen under at least so many capabilities, int32: by most first, ties to the lowest id."""
        found = np.flatnonzero(self.chosen_by >= max(1, least))
        return found[np.argsort(-self.chosen_by[found], kind="stable")].astype(np.int32)


@dataclass(frozen=True, eq=False)
class Transfer:
    """Capability × category of what it picks: `counts` int64 (capabilities, categories), and `pool` int64 (categories).

    The pool is what may be chosen. `low` and `high` int64 (categories): the middle 95 % of what a random choice of as many
    rows holds of a category (hypergeometric).
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    counts: np.ndarray
    pool: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Of the picks of each capability, float64 (capabilities, categories)."""
        return self.counts / np.maximum(1, self.counts.sum(axis=1, keepdims=True))

    @property
    def pool_shares(self) -> np.ndarray:
        """Of the pool, float64 (categories)."""
        return self.pool / max(1, int(self.pool.sum()))

    @property
    def times(self) -> np.ndarray:
        """How many times its share of the pool a category has among the picks, NaN where the pool has none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.shares / self.pool_shares


def picks_of(pool: Pool, names: Sequence[str], *, method: str = "nait", options: Any = None, rows: int) -> Picks:
    """What each capability of `names` chooses alone by a method that takes capabilities; pins of the pool are left aside.

    `rows`: at most so many, at most what may be chosen. `GamutError` for a method without capabilities.
    """
    found = find(method)
    options = found.options() if options is None else options
    if not hasattr(options, "capabilities"):
        raise GamutError(f"Method “{method}” takes no capabilities; choose one that does, such as “nait”.")
    if len(names) != len(set(names)):
        raise GamutError(f"A capability is named twice in {', '.join(names)}; name each once.")
    free = replace(pool, pins=np.empty(0, np.int32))
    rows = min(rows, len(free.candidates))
    alone = {"shares": ""} if hasattr(options, "shares") else {}
    orders = [found.rank(free, replace(options, capabilities=name, **alone), upto=rows).sample_ids for name in names]
    return Picks(
        tuple(names), np.array(orders, np.int32).reshape(len(names), rows), len(free.candidates), pool.n_samples
    )


def overlaps(picks: Picks) -> np.ndarray:
    """How many samples each pair of capabilities chooses both, int64 (capabilities, capabilities)."""
    chosen = np.zeros((len(picks.names), picks.samples), np.float32)
    for own, ids in zip(chosen, picks.ids, strict=True):
        own[ids] = 1
    return np.rint(chosen @ chosen.T).astype(np.int64)


def core_of(picks: Picks) -> Core:
    """Which samples are chosen under several capabilities."""
    from scipy.stats import binom  # slow to import

    chosen_by = np.bincount(picks.ids.ravel(), minlength=picks.samples).astype(np.int32)
    least = np.arange(1, len(picks.names) + 1)
    rows = np.array([int((chosen_by >= m).sum()) for m in least], np.int64)
    return Core(chosen_by, rows, picks.n * binom.sf(least - 1, len(picks.names), picks.chance))


def transfer(picks: Picks, grouping: Grouping, *, free: np.ndarray) -> Transfer:
    """What categories the capabilities pick; `free` bool (samples): what may be chosen."""
    from scipy.stats import hypergeom

    size = len(grouping.names)
    counts = np.array([np.bincount(grouping.codes[ids], minlength=size) for ids in picks.ids], np.int64)
    pool = np.bincount(grouping.codes[free], minlength=size).astype(np.int64)
    chance = hypergeom(int(pool.sum()), pool, picks.rows)
    low, high = (np.nan_to_num(chance.ppf(at)).astype(np.int64) for at in (0.025, 0.975))
    return Transfer(picks.names, grouping.names, counts.reshape(len(picks.names), size), pool, low, high)
