"""Which features are active in which sample: a threshold per feature, and the sets F(i) of active ones.

One rule everywhere: a feature is active in a sample when its strength (the maximum over the span's tokens) is
strictly above the feature's threshold. So a threshold of 0 is the SAE's own activation function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from core.errors import GamutError

AUTO_SHARE = 0.015  # of the live features, active in the median sample (1–2 % is sought)
AUTO_STEPS = 1000  # the automatic quantile is a whole number of thousandths, so it can be typed in again


@dataclass(frozen=True, eq=False)
class FeatureSets:
    """The set F(i) of active features of every sample, as compressed rows.

    indptr: int64 (n_samples + 1); indices: int32 (entries), ascending within a row and each id once.
    """

    indptr: np.ndarray
    indices: np.ndarray
    n_features: int

    @property
    def n_samples(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def richness(self) -> np.ndarray:
        """|F(i)|: int32 (n_samples)."""
        return np.diff(self.indptr).astype(np.int32)

    @cached_property
    def samples(self) -> np.ndarray:
        """In how many samples each feature is active: int64 (n_features)."""
        return np.bincount(self.indices, minlength=self.n_features)

    @cached_property
    def live(self) -> int:
        """How many features are active in at least one sample."""
        return int(np.count_nonzero(self.samples))

    def row(self, sample_id: int) -> np.ndarray:
        """F(sample_id): int32, ascending (a view)."""
        return self.indices[self.indptr[sample_id] : self.indptr[sample_id + 1]]

    def hits(self, marked: np.ndarray) -> np.ndarray:
        """How many of each sample's features are marked: int32 (n_samples); marked: bool (n_features)."""
        return _hits(self.indptr, self.indices, marked)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """When a feature counts as active.

    mode: "quantile" of each feature's own strengths, or one "raw" threshold theta for all.
    quantile: 0 to 1; None lets the data choose, so that the median sample has AUTO_SHARE of the live ones.
    """

    mode: str = "quantile"
    quantile: float | None = None
    theta: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in ("quantile", "raw"):
            raise GamutError(f"Activity mode is “{self.mode}”; allowed are “quantile” and “raw”.")
        if self.quantile is not None and not 0 <= self.quantile <= 1:
            raise GamutError(
                f"The activity quantile is {self.quantile}; give a number from 0 to 1, or none for automatic."
            )
        if not 0 <= self.theta < float("inf"):
            raise GamutError(f"The raw threshold is {self.theta}; give 0 or a larger number.")


def thresholds(
    activity: Activity,
    *,
    sample: np.ndarray,
    feature: np.ndarray,
    strength: np.ndarray,
    n_samples: int,
    n_features: int,
) -> tuple[np.ndarray, float | None]:
    """Threshold of every feature: float32 (n_features), and the quantile behind them (None in mode "raw").

    sample, feature: int32 (entries), sorted by sample, then feature; strength: float32 (entries), the maximum
    over the span's tokens, one entry per sample and feature. Entries not above 0 are no activations.

    Mode "quantile" [our choice: the paper uses one raw θ = 10 for its own SAE, which is not comparable
    between features or SAEs]: with x₀ ≤ … ≤ x_{m−1} a feature's own positive strengths over
    samples, the threshold is the largest float32 below x_r, r = ⌈q·(m − 1)⌉. So x_r and all its ties are
    active, and the strongest sample of a feature always is: no live feature is ever lost. A feature without
    entries gets 0. q = 0 keeps every activation.
    """
    if activity.mode == "raw":
        return np.full(n_features, activity.theta, np.float32), None
    sample, feature, strength = _positive(sample, feature, strength)
    ladder, start, size = _strengths_by_feature(feature, strength, n_features)
    if activity.quantile is not None:
        return _at_quantile(ladder, start, size, activity.quantile), float(activity.quantile)
    present = np.bincount(sample, minlength=n_samples) > 0
    if not present.any():
        return np.zeros(n_features, np.float32), 0.0

    def median_richness(step: int) -> float:
        cut = _at_quantile(ladder, start, size, step / AUTO_STEPS)
        return float(np.median(_richness(sample, feature, strength, cut, n_samples)[present]))

    quantile = _auto_step(median_richness, AUTO_SHARE * np.count_nonzero(size)) / AUTO_STEPS
    return _at_quantile(ladder, start, size, quantile), quantile


def feature_sets(
    cut: np.ndarray,
    *,
    sample: np.ndarray,
    feature: np.ndarray,
    strength: np.ndarray,
    n_samples: int,
    n_features: int,
) -> FeatureSets:
    """F(i) = {j : strength of j in i > cut[j]} for every sample.

    cut: float32 (n_features), the rest as in `thresholds`. ValueError when the entries are not in strictly
    ascending (sample, feature) order: rows would come out wrong.
    """
    if not _ascending(sample, feature):
        raise ValueError("entries must be sorted by sample, then feature, each pair once")
    active = strength > cut[feature]
    indptr = np.zeros(n_samples + 1, np.int64)
    np.cumsum(np.bincount(sample[active], minlength=n_samples), out=indptr[1:])
    return FeatureSets(indptr, np.ascontiguousarray(feature[active], np.int32), n_features)


def _positive(sample: np.ndarray, feature: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, ...]:
    strength = np.asarray(strength, np.float32)
    keep = strength > 0
    if keep.all():
        return sample, feature, strength
    return sample[keep], feature[keep], strength[keep]


def _strengths_by_feature(
    feature: np.ndarray, strength: np.ndarray, n_features: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strengths sorted within each feature (float32, entries), each feature's first place and its entries."""
    size = np.bincount(feature, minlength=n_features).astype(np.int64)
    start = np.cumsum(size) - size
    ladder = _group(feature, strength, start.copy())
    for first, n in zip(start.tolist(), size.tolist(), strict=True):
        ladder[first : first + n].sort()  # five times faster, measured, than one sort of everything
    return ladder, start, size


def _at_quantile(ladder: np.ndarray, start: np.ndarray, size: np.ndarray, quantile: float) -> np.ndarray:
    cut = np.zeros(len(size), np.float32)
    live = size > 0
    # In floats 0.07 · 100 is 7.000000000000001, whose ceiling is not the 7 that was meant.
    place = start[live] + np.ceil(quantile * (size[live] - 1) - 1e-9).astype(np.int64)
    cut[live] = np.nextafter(ladder[place], np.float32(0))
    return cut


def _auto_step(median_richness: Callable[[int], float], target: float) -> int:
    """The step whose median is nearest the target, by bisection: the median never grows with the quantile."""
    low, high = 0, AUTO_STEPS  # the first step at or under the target lies in low..high (or none does: high)
    while low < high:
        middle = (low + high) // 2
        if median_richness(middle) <= target:
            high = middle
        else:
            low = middle + 1
    if low > 0 and median_richness(low - 1) - target <= target - median_richness(low):
        return low - 1
    return low


@njit(cache=True, nogil=True)
def _group(feature, strength, place):
    """Strengths side by side by feature; place: the first place of each feature (changed)."""
    out = np.empty_like(strength)
    for e in range(feature.size):
        out[place[feature[e]]] = strength[e]
        place[feature[e]] += 1
    return out


@njit(cache=True, nogil=True)
def _richness(sample, feature, strength, cut, n_samples):
    count = np.zeros(n_samples, np.int32)
    for e in range(sample.size):
        if strength[e] > cut[feature[e]]:
            count[sample[e]] += 1
    return count


@njit(cache=True, nogil=True)
def _ascending(sample, feature):
    for e in range(1, sample.size):
        if sample[e] < sample[e - 1] or (sample[e] == sample[e - 1] and feature[e] <= feature[e - 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def _hits(indptr, indices, marked):
    out = np.zeros(indptr.size - 1, np.int32)
    for sample in range(out.size):
        for e in range(indptr[sample], indptr[sample + 1]):
            out[sample] += marked[indices[e]]
    return out
