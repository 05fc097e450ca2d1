"""Random samples of the same lengths: what stays of a difference between some samples and the pool once length is equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets

DRAWS = 100
SEED = 0
TAILS = (0.025, 0.975)
FEATURES_REACHED = "features reached"


class LikeLengths:
    """Draws sets of samples with the same number in each group of like length; without replacement.

    groups: int (n) from 0; eligible: bool (n), who may be drawn (None: all).
    """

    def __init__(self, groups: np.ndarray, eligible: np.ndarray | None = None) -> None:
        self._of = np.asarray(groups, np.int64)
        who = np.arange(len(groups)) if eligible is None else np.flatnonzero(eligible)
        order = who[np.argsort(self._of[who], kind="stable")]
        ends = np.cumsum(np.bincount(self._of[who], minlength=int(self._of.max(initial=-1)) + 1))
        self._members = np.split(order, ends[:-1]) if len(ends) else []

    def draw(self, rng: np.random.Generator, ids: np.ndarray) -> np.ndarray:
        """As many samples of each group as `ids` has, int64; all there are where fewer are eligible."""
        wanted = np.bincount(self._of[ids], minlength=len(self._members))
        drawn = [
            rng.choice(own, min(size, len(own)), replace=False, shuffle=False)
            for own, size in zip(self._members, wanted.tolist(), strict=True)
            if size
        ]
        return np.concatenate([np.empty(0, np.int64), *drawn])


@dataclass(frozen=True, slots=True)
class Remains:
    """A measure of chosen samples beside random ones, and beside random ones of the same lengths: means and 95 % bands.

    kept: the share of the difference to random samples that is left at equal length, None where there is no difference
    beyond the band.
    """

    measure: str
    chosen: float
    random: float
    random_low: float
    random_high: float
    matched: float
    matched_low: float
    matched_high: float

    @property
    def kept(self) -> float | None:
        if self.random_low <= self.chosen <= self.random_high:
            return None
        return (self.chosen - self.matched) / (self.chosen - self.random)

    @property
    def beyond_length(self) -> bool:
        """Whether the chosen samples lie outside the band of samples of the same lengths."""
        return not self.matched_low <= self.chosen <= self.matched_high


def remains(
    ids: np.ndarray, *, features: FeatureSets, measures: Mapping[str, np.ndarray], groups: np.ndarray, eligible: np.ndarray,
    draws: int = DRAWS,
) -> list[Remains]:  # fmt: skip
    """Every measure, by its mean over the samples `ids`, and the features that they reach together.

    measures: float (n) each, NaN where one is not defined. groups: int (n), of like length. eligible: bool (n), who may be
    drawn in place of a chosen sample; the chosen ones among them.
    """
    plain = LikeLengths(np.zeros(len(groups), np.int64), eligible)
    like = LikeLengths(groups, eligible)
    rng = np.random.default_rng(SEED)
    sets = [[source.draw(rng, ids) for _ in range(draws)] for source in (plain, like)]
    found = [_beside(FEATURES_REACHED, ids, sets, lambda own: _features_in(features, own))]
    return found + [_beside(name, ids, sets, partial(_mean, values)) for name, values in measures.items()]


def _features_in(features: FeatureSets, ids: np.ndarray) -> float:
    return float(_reached(features.indptr, features.indices, ids, features.n_features))


def _beside(
    name: str, ids: np.ndarray, sets: list[list[np.ndarray]], measure: Callable[[np.ndarray], float]
) -> Remains:
    figures = [measure(np.asarray(ids, np.int64))]
    for drawn in sets:
        values = np.array([measure(own) for own in drawn])
        figures += [float(values.mean()), *map(float, np.quantile(values, TAILS))]
    return Remains(name, *figures)


def _mean(values: np.ndarray, ids: np.ndarray) -> float:
    known = values[ids][~np.isnan(values[ids])]
    return float(known.mean()) if len(known) else float("nan")


@njit(cache=True, nogil=True)
def _reached(indptr, indices, ids, n_features):
    seen = np.zeros(n_features, np.bool_)
    count = 0
    for sample in ids:
        for e in range(indptr[sample], indptr[sample + 1]):
            if not seen[indices[e]]:
                seen[indices[e]] = True
                count += 1
    return count
