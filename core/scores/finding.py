"""How well a capability finds the rows of its kind in a pool, by each method that may look for them, beside simple controls.

AUROC: P(a row of the kind scores higher than another) + ½ P(equal). Precision: the share of the kind among the best 10 %,
and among as many of the best as there are rows of the kind; where scores are equal at the cut, the mean over all ways to
break the tie. Length matched: rows of other kinds weigh so that their lengths are distributed as those of the kind, in bins
of half a doubling, and the share of the kind stays the same. Intervals: percentiles of a bootstrap over tasks, those that
hold the kind and the others drawn apart. Rows are drawn, those of the kind and the others apart, where tasks are not known,
among few tasks that hold the kind, and among the others of a single task: a task drawn from one is always the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from core.store.contrast import length_bins

DRAWS = 200
LEVEL = 0.95
SHARE = 0.10
FEW_TASKS = 5  # an interval from fewer tasks than that says little
NAIT = "nait"


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def apart(self) -> bool:
        """Whether 0 lies outside the interval, for differences; an interval without width says nothing."""
        return not self.without_width and (self.low > 0 or self.high < 0)

    @property
    def without_width(self) -> bool:
        """Whether every draw gave the same."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Found:
    """How well one method finds the kind: `auroc`, precision among the best 10 % and among as many as there are.

    `behind`: AUROC of `nait` less that of this method, on the same draws; None for `nait` itself or without it.
    """

    method: str
    auroc: Figure
    precision: Figure
    precision_at_all: Figure
    behind: Figure | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`rows` of the kind among `samples`; `tasks`: how many hold the kind, `other_tasks` none of it; None where tasks are rows.

    `plain` and `matched`: every method, in the order given, as things are and with lengths matched. `unmatched`: rows of the
    kind in length bins without any other row, which count nowhere in `matched`. `left_out`: samples that were learned from
    and count nowhere; `caveat`: what is to be said of those that may count.
    """

    rows: int
    samples: int
    tasks: int | None
    plain: tuple[Found, ...]
    matched: tuple[Found, ...]
    unmatched: int
    missing: Mapping[str, str] = field(default_factory=dict)
    other_tasks: int | None = None
    left_out: int = 0
    caveat: str = ""

    @property
    def base(self) -> float:
        """The share of the kind: the precision of a random choice."""
        return self.rows / self.samples


def find_kind(
    scores: Mapping[str, np.ndarray], kind: np.ndarray, *, lengths: np.ndarray, tasks: np.ndarray | None = None,
    draws: int = DRAWS, seed: int = 0,
) -> Finding:  # fmt: skip
    """How well each score (by method, float (n)) finds the rows of a kind, bool (n).

    lengths: int (n), scored tokens. tasks: int (n) of small numbers, None for each row its own. There must be rows of the
    kind and others.
    """
    kind = np.asarray(kind, bool)
    rows, n = int(kind.sum()), len(kind)
    if not 0 < rows < n:
        raise ValueError(f"{rows} of {n} rows are of the kind; there must be some, and others")
    bins = length_bins(np.asarray(lengths))
    both = np.isin(bins, np.intersect1d(bins[kind], bins[~kind]))
    times = _draws(kind, tasks, draws, seed)
    sides = {}
    for matched in (False, True):
        weights = [_weights(kind, bins, drawn, both) if matched else drawn for drawn in times]
        sides[matched] = _side(scores, kind, weights)
    held = None if tasks is None else len(np.unique(tasks[kind]))
    return Finding(
        rows=rows, samples=n, tasks=held, plain=sides[False], matched=sides[True], unmatched=int((kind & ~both).sum()),
        other_tasks=None if tasks is None or held is None else len(np.unique(tasks)) - held,
    )  # fmt: skip


def _draws(kind: np.ndarray, tasks: np.ndarray | None, draws: int, seed: int) -> list[np.ndarray]:
    """How often each row counts: once in the first, then as its unit is drawn among those alike; float64 (n) each."""
    n = len(kind)
    tasks = np.arange(n) if tasks is None else np.unique(tasks, return_inverse=True)[1]
    holding = np.bincount(tasks, kind, minlength=tasks.max() + 1) > 0
    holds = holding[tasks]
    groups = [holds & kind, holds & ~kind] if holding.sum() < FEW_TASKS else [holds]
    by_row = [holding.sum() < FEW_TASKS] * len(groups) + [(~holding).sum() < 2]
    units = [np.unique(np.flatnonzero(own) if rows else tasks[own], return_inverse=True)[1]
             for own, rows in zip((*groups, ~holds), by_row, strict=True)]  # fmt: skip
    rng = np.random.default_rng(seed)
    found = [np.ones(n)]
    for _ in range(draws):
        times = np.zeros(n)
        for own, unit in zip((*groups, ~holds), units, strict=True):
            if len(unit):
                size = int(unit.max()) + 1
                times[own] = np.bincount(rng.integers(0, size, size), minlength=size)[unit]
        found.append(times)
    return found


def _weights(kind: np.ndarray, bins: np.ndarray, times: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Weights with which the others' lengths are as those of the kind; none for bins that only one side has."""
    weights = np.where(both, times, 0.0)
    own, others = (np.bincount(bins, weights * side) for side in (kind, ~kind))
    used = (own > 0) & (others > 0)
    wanted = np.where(used, own, 0) / max(own[used].sum(), 1e-300) * others[used].sum()
    factor = np.where(used, wanted / np.where(used, others, 1), 0)
    return np.where(kind, np.where(used[bins], weights, 0), weights * factor[bins])


def _side(scores: Mapping[str, np.ndarray], kind: np.ndarray, weights: list[np.ndarray]) -> tuple[Found, ...]:
    told = {method: _figures(np.asarray(score, np.float64), kind, weights) for method, score in scores.items()}
    found = []
    for method, (auroc, precision, at_all) in told.items():
        behind = None if method == NAIT or NAIT not in told else _figure(told[NAIT][0] - auroc)
        found.append(Found(method, _figure(auroc), _figure(precision), _figure(at_all), behind))
    return tuple(found)


def _figures(score: np.ndarray, kind: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """AUROC and both precisions under each weighting, float64 (3, weightings)."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return np.array([_weighted(order, last, kind, own, SHARE) for own in weights]).T


def _figure(values: np.ndarray) -> Figure:
    """The first value, with percentiles of the others."""
    drawn = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(drawn) else (np.nan, np.nan)
    return Figure(float(values[0]), float(low), float(high))


@njit(cache=True, nogil=True)
def _weighted(order, last, kind, weights, share):
    """AUROC, precision at `share` of all weight and at the kind's own weight; rows best first, `last` ends equal scores."""
    positive = negative = 0.0
    for row in range(order.size):
        if kind[row]:
            positive += weights[row]
        else:
            negative += weights[row]
    if positive <= 0 or negative <= 0:
        return np.nan, np.nan, np.nan
    cuts = ((positive + negative) * share, positive)
    hits, reached = np.zeros(2), np.zeros(2)
    pairs = above = own = other = 0.0
    for place in range(order.size):
        row = order[place]
        if kind[row]:
            own += weights[row]
        else:
            other += weights[row]
        if last[place]:
            pairs += own * (negative - above - other / 2)
            above += other
            for at in range(2):
                if own + other > 0 and reached[at] < cuts[at]:
                    part = min(1.0, (cuts[at] - reached[at]) / (own + other))
                    hits[at] += part * own
                    reached[at] += part * (own + other)
            own = other = 0.0
    return pairs / (positive * negative), hits[0] / cuts[0], hits[1] / cuts[1]
