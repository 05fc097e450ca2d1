"""How far richness is a matter of length, with intervals that resample what belongs together.

Explained by length: 1 − (mean square within groups of like length) / (mean square of all), the share of the variance of
richness that goes with length in whatever form (ε², Kelley 1935): no line is fitted to what bends. Intervals are
percentile bootstraps over clusters (tasks, or groups of copies), 95 %: rows of one task are no independent evidence. That
of ε² is a basic one (Davison & Hinkley 1997, 5.2): where whole tasks fall into a group, a resample differs between groups by
more than the data do, as the data do by more than the truth, and so the draws are reflected about the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

DRAWS = 200
FEWER_DRAWS = 100  # above MANY rows, where intervals are narrow and draws slow
MANY = 200_000
DEFINED = 0.99  # of the draws in which a figure has to be defined to get an interval: five clusters or so hold it
NOTHING = 1e-9  # a sum of squares that is as good as none
SEED = 0
TAILS = (0.025, 0.975)
LENGTH_GROUPS = 100
ROWS_A_GROUP = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None where it is not defined, limits also where a resample has none."""

    value: float | None
    low: float | None = None
    high: float | None = None


def like_lengths(scored_tokens: np.ndarray, *, most: int = LENGTH_GROUPS) -> np.ndarray:
    """The group of like length of every sample, int (n), from the shortest on: about equally many samples each."""
    n = len(scored_tokens)
    wanted = max(1, min(most, n // ROWS_A_GROUP))
    if n == 0:
        return np.empty(0, np.int64)
    ends = np.unique(np.quantile(scored_tokens, np.arange(1, wanted + 1) / wanted, method="inverted_cdf"))
    if len(ends) > 1 and np.count_nonzero(scored_tokens > ends[-2]) < ROWS_A_GROUP // 2:
        ends = np.delete(
            ends, -2
        )  # where many are equally long, cut at the context length say, few are left behind them
    return np.searchsorted(ends, scored_tokens)


def explained(groups: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """ε²: the share of the variance of y that goes with its group, corrected for their number; NaN where y is constant.

    A row that counts twice is no second row: under weights w a mean of n = Σw takes Σw² / n degrees of freedom, 1 where all
    count once. Else every resample would find more between the groups than there is, the more the smaller they are.
    """
    weights = np.ones(len(y)) if weights is None else weights
    n, held = weights.sum(), np.bincount(groups, weights)
    y = y - (weights @ y / n if n else 0)
    total = weights @ y**2
    between = np.bincount(groups, weights * y)
    used = held > 0
    within = total - (between[used] ** 2 / held[used]).sum()
    squares = np.bincount(groups, weights**2)[used]
    left = n - (squares / held[used]).sum()
    if total <= NOTHING or left <= NOTHING:
        return float("nan")
    return float(1 - (within / left) / (total / (n - squares.sum() / n)))


class Correlations:
    """Correlations of x and y within each group, for any weights; groups: int (n) from 0, −1 for none."""

    def __init__(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> None:
        every = np.zeros(len(x), np.int64) if groups is None else np.asarray(groups, np.int64)
        self._used = every >= 0
        self._groups = every[self._used]
        self._count = int(self._groups.max(initial=-1 if groups is not None else 0)) + 1  # all: one, of no rows too
        self._x, self._y = (np.asarray(side, np.float64)[self._used] for side in (x, y))

    def linear(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pearson's r, and how much y grows with x by least squares: float64 (groups), NaN where a side is constant."""
        n, xx, yy, xy = _moments(self._groups, self._x, self._y, weights[self._used], self._count)
        steady = (n < 3) | (xx <= NOTHING) | (yy <= NOTHING)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(steady, np.nan, xy / np.sqrt(xx * yy)), np.where(steady, np.nan, xy / xx)

    def spearman(self, weights: np.ndarray) -> np.ndarray:
        """Pearson's of the ranks within the group, ties at their middle rank, ranked anew under the weights."""
        own = weights[self._used]
        ranks = [_ranks(*cells, own) for cells in self._cells]
        n, xx, yy, xy = _moments(self._groups, ranks[0], ranks[1], own, self._count)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where((n < 3) | (xx <= NOTHING) | (yy <= NOTHING), np.nan, xy / np.sqrt(xx * yy))

    def partial(self, weights: np.ndarray) -> float:
        """Pearson's r of x and y, both less the mean of their group; NaN where nothing varies within groups."""
        _, xx, yy, xy = _moments(self._groups, self._x, self._y, weights[self._used], self._count)
        spread = float(xx.sum() * yy.sum())
        return float(xy.sum() / np.sqrt(spread)) if spread > NOTHING else float("nan")

    @cached_property
    def _cells(self) -> list[tuple[np.ndarray, int]]:
        return [_cells(self._groups, side) for side in (self._x, self._y)]


def means(values: np.ndarray, groups: np.ndarray, count: int, weights: np.ndarray) -> np.ndarray:
    """The weighted mean of the values of each group, float64 (count); values that are NaN do not count."""
    known = ~np.isnan(values) & (groups >= 0)
    own = weights[known]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.bincount(groups[known], own * values[known], minlength=count) / np.bincount(
            groups[known], own, minlength=count
        )


def estimates(
    statistic: Callable[[np.ndarray], np.ndarray], clusters: np.ndarray, *, draws: int | None = None,
    shares: Sequence[int] = (),
) -> list[Estimate]:  # fmt: skip
    """Every figure of a statistic with its interval; clusters: int (n), from 0, all of which are resampled whole.

    statistic: weights float64 (n) → figures float64 (m), NaN where one is not defined. A figure that fewer than about five
    clusters hold gets no interval: too many resamples would be without it. shares: which figures are ε², whose draws are
    reflected about the value.
    """
    plain = statistic(np.ones(len(clusters)))
    count = int(clusters.max(initial=-1)) + 1
    if count < 2:
        return [Estimate(_defined(value)) for value in plain]
    rng = np.random.default_rng(SEED)
    draws = draws_of(len(clusters)) if draws is None else draws
    drawn = np.array([statistic(_drawn(rng, clusters, count)) for _ in range(draws)])
    known = (~np.isnan(drawn)).mean(axis=0) >= DEFINED
    limits = np.full((2, len(plain)), np.nan)
    limits[:, known] = np.nanquantile(drawn[:, known], TAILS, axis=0)
    for at in shares:
        low, high = 2 * plain[at] - limits[::-1, at]
        limits[:, at] = min(low, plain[at]), min(max(high, plain[at]), 1.0)
    return [Estimate(*map(_defined, three)) for three in zip(plain, *limits, strict=True)]


def draws_of(rows: int) -> int:
    """How many resamples intervals are made of."""
    return DRAWS if rows <= MANY else FEWER_DRAWS


def clusters_of(tasks: np.ndarray | None, same: np.ndarray) -> np.ndarray:
    """Clusters to resample, int (n), numbered from 0.

    tasks: int (n), −1 where a sample has none; same: int (n), equal for copies. A sample without a task is in the
    cluster of its copies.
    """
    key = same if tasks is None else np.where(tasks >= 0, tasks, tasks.max(initial=0) + 1 + same)
    return np.unique(key, return_inverse=True)[1]


def _drawn(rng: np.random.Generator, clusters: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)[clusters]


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _cells(groups: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, int]:
    """Samples of one group and value share a cell; cells are numbered by group, then value."""
    _, value = np.unique(side, return_inverse=True)
    _, cell = np.unique(groups * (value.max(initial=0) + 1) + value, return_inverse=True)
    return cell, int(cell.max(initial=-1)) + 1


def _ranks(cell: np.ndarray, count: int, weights: np.ndarray) -> np.ndarray:
    """Middle ranks up to a constant of the group, which no correlation within it sees."""
    held = np.bincount(cell, weights, minlength=count)
    return (np.cumsum(held) - held / 2)[cell]


@njit(cache=True, nogil=True)
def _moments(groups, x, y, weights, count):
    """Per group: the weight, and the weighted sums of squares and products about its means; float64 (count) each."""
    n, mx, my = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(groups.size):
        n[groups[i]] += weights[i]
        mx[groups[i]] += weights[i] * x[i]
        my[groups[i]] += weights[i] * y[i]
    for g in range(count):
        if n[g] > 0:
            mx[g] /= n[g]
            my[g] /= n[g]
    xx, yy, xy = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(groups.size):
        dx, dy = x[i] - mx[groups[i]], y[i] - my[groups[i]]
        xx[groups[i]] += weights[i] * dx * dx
        yy[groups[i]] += weights[i] * dy * dy
        xy[groups[i]] += weights[i] * dx * dy
    return n, xx, yy, xy
