"""What a subset misses: features that too few of its rows have, groups it reaches badly, and what more rows would add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.coverage import NOBODY, rows_with
from core.scores.feature_sets import FeatureSets

FAR = 0.5  # a row is far from the subset when less than this share of its features is reached


@dataclass(frozen=True, eq=False)
class Missed:
    """Features that fewer than c rows of a subset have, int32 (k), those of the most rows of the pool first.

    pool_rows: int32 (k), the rows of the pool that have each; live: how many features any row of the pool has.
    """

    features: np.ndarray
    pool_rows: np.ndarray
    live: int


@dataclass(frozen=True, slots=True)
class Region:
    """A group of rows and how well a subset reaches it.

    rows: those that may be chosen; chosen: those that are; pairs, reached: the (row, feature) pairs of the rows that
    are not chosen, and those of them whose feature the subset reaches; far: rows not chosen of which less than half
    the features are reached.
    """

    name: str
    rows: int
    chosen: int
    pairs: int
    reached: int
    far: int

    @property
    def share(self) -> float:
        """The share of the pairs that is reached; 1 where there are none."""
        return self.reached / self.pairs if self.pairs else 1.0


@dataclass(frozen=True, eq=False)
class Bought:
    """What further rows reach that was missed, int32 (k) in the order they come, and `by` int32 (k), the row that adds it."""

    features: np.ndarray
    by: np.ndarray


def missed(
    features: FeatureSets, ids: np.ndarray, *, eligible: np.ndarray, c: int = 1, base: np.ndarray = NOBODY
) -> Missed:
    """The features of eligible rows that fewer than c rows of `ids` and `base` have; ties to the lowest feature id.

    eligible: bool (n), the rows of the pool.
    """
    in_pool = rows_with(features, np.flatnonzero(eligible))
    lacking = np.flatnonzero((in_pool > 0) & (rows_with(features, ids, base=base) < c))
    order = lacking[np.argsort(-in_pool[lacking], kind="stable")]
    return Missed(order.astype(np.int32), in_pool[order], int(np.count_nonzero(in_pool)))


def bought(
    features: FeatureSets, ids: np.ndarray, further: np.ndarray, *, c: int = 1, base: np.ndarray = NOBODY
) -> Bought:
    """The features that `further` rows, taken one by one after `ids`, bring up to c rows."""
    rows_of = rows_with(features, ids, base=base)
    found, by = _bring(features.indptr, features.indices, rows_of, np.ascontiguousarray(further, np.int32), c)
    return Bought(found, by)


def regions(
    features: FeatureSets, ids: np.ndarray, *, codes: np.ndarray, names: tuple[str, ...], eligible: np.ndarray, c: int = 1,
    base: np.ndarray = NOBODY,
) -> list[Region]:  # fmt: skip
    """How well a subset reaches each group of eligible rows: the least chosen share first, then the larger, then by name.

    codes: int (n), a row's place in `names`, −1 for none.
    """
    covered = rows_with(features, ids, base=base) >= c
    hits = features.hits(covered)
    chosen = np.zeros(features.n_samples, bool)
    chosen[ids] = True
    counted = (codes >= 0) & (eligible | chosen)
    left = counted & ~chosen
    far = left & (hits < FAR * features.richness)

    def by_group(rows: np.ndarray, weights: np.ndarray | None = None) -> list[int]:
        own = None if weights is None else weights[rows]
        return np.bincount(codes[rows], own, minlength=len(names)).astype(np.int64).tolist()

    figures = (
        by_group(counted),
        by_group(chosen & counted),
        by_group(left, features.richness),
        by_group(left, hits),
        by_group(far),
    )
    found = [Region(name, *own) for name, *own in zip(names, *figures, strict=True) if own[0]]
    return sorted(found, key=lambda region: (region.chosen / region.rows, -region.rows, region.name))


@njit(cache=True, nogil=True)
def _bring(indptr, indices, rows_of, further, c):
    found, by, at = np.empty(rows_of.size, np.int32), np.empty(rows_of.size, np.int32), 0
    for row in further:
        for e in range(indptr[row], indptr[row + 1]):
            rows_of[indices[e]] += 1
            if rows_of[indices[e]] == c:
                found[at], by[at] = indices[e], row
                at += 1
    return found[:at].copy(), by[:at].copy()
