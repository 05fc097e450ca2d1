"""The area under the ROC curve with an interval, and balanced accuracy: how well a label tells active from silent."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

Z = 1.959963984540054  # of a two-sided interval of 95 %
FEWEST = 30  # positives or negatives, else "too few"


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the ROC curve (or a balanced accuracy) with its 95 % interval over `n` negatives; NaN for too few."""

    value: float
    low: float
    high: float
    n: int

    @property
    def measured(self) -> bool:
        return self.value == self.value


def unmeasured(n: int) -> Area:
    """No area, of `n` negatives."""
    return Area(nan, nan, nan, n)


def area(positives: np.ndarray, negatives: np.ndarray) -> Area:
    """AUROC of scores: P(positive > negative) + ½ P(equal), by rank sums (Mann and Whitney 1947)."""
    m, n = len(positives), len(negatives)
    if min(m, n) < FEWEST:
        return unmeasured(n)
    value = auroc(positives, negatives)
    return Area(value, *_interval(value, m, n), n)


def auroc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """P(positive > negative) + ½ P(equal), NaN where one side is empty."""
    if not len(positives) or not len(negatives):
        return nan
    ordered = np.sort(negatives)
    below, upto = np.searchsorted(ordered, positives, "left"), np.searchsorted(ordered, positives, "right")
    return float((below + upto).sum() / (2 * len(positives) * len(negatives)))


def _interval(value: float, m: int, n: int) -> tuple[float, float]:
    """A score interval with the variance of Hanley and McNeil (1982): method 5 of Newcombe (2006).

    It needs no exception for an area of exactly 1, where the usual ones have no width.
    """

    def gap(candidate: float) -> float:
        half = (m + n) / 2 - 1
        spread = (1 - candidate) / (2 - candidate) + candidate / (1 + candidate)
        return abs(value - candidate) - Z * sqrt(candidate * (1 - candidate) / (m * n) * (1 + half * spread))

    return _root(gap, value, 0.0), _root(gap, value, 1.0)


def _root(gap, near: float, far: float) -> float:
    """Where `gap` turns positive on the way from `near` to `far`, by bisection."""
    if gap(far) <= 0:
        return far
    for _ in range(50):
        middle = (near + far) / 2
        near, far = (middle, far) if gap(middle) <= 0 else (near, middle)
    return (near + far) / 2


def balanced_accuracy(hits: int, positives: int, false: int, negatives: int) -> Area:
    """(recall + specificity) / 2 of yes/no answers, with the interval of Wilson's for both rates, joined (Newcombe 1998)."""
    if min(positives, negatives) < FEWEST:
        return unmeasured(negatives)
    recall, specificity = hits / positives, 1 - false / negatives
    (a, b), (c, d) = _wilson(recall, positives), _wilson(specificity, negatives)
    value = (recall + specificity) / 2
    down, up = (sqrt((x - recall) ** 2 + (y - specificity) ** 2) / 2 for x, y in ((a, c), (b, d)))
    return Area(value, max(0.0, value - down), min(1.0, value + up), negatives)


def _wilson(share: float, n: int) -> tuple[float, float]:
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    reach = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return middle - reach, middle + reach
