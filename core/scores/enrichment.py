"""Which features set one group of samples apart from another, at equal length.

A longer sample activates more, so a plain comparison calls hundreds of features enriched in any group of long samples.
Here samples are compared within strata of like length in tokens, copies of a sample count once on each side, and the
plain figures stand beside the adjusted ones. `core.scores.stratified_odds` says how each figure is made.

Strata are of equal size over A and B together. Deciles are the fewest; larger sets have more, as many as leave about
PER_STRATUM samples of the smaller set in each, at most MOST_STRATA [our choice: within a decile lengths still differ.
Of features that depend on nothing but length, deciles called 16 % different with 15,000 samples drawn in proportion to
their length, and 50 % with 50,000; sixty strata and more called none].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.stratified_odds import Odds, odds_of

FEWEST_STRATA, MOST_STRATA = 10, 100
PER_STRATUM = 30
TIMES, SHARE = (
    2.0,
    0.01,
)  # what a side has in common and the other lacks: surely so many times the odds, in so many samples
SIGNIFICANT = 0.05  # of q: the share of false discoveries among those told that is put up with


@dataclass(frozen=True, eq=False)
class Sides:
    """What was compared: bool (n_samples) `a` and `b`, disjoint, each content once a side; and what was left out.

    `both`: samples that belonged to A and to B. They count in neither, or, where one set is a part of the other, in that
    part, which `part` names ("a", "b" or ""). `repeats_a`, `repeats_b`: copies of an earlier sample of their side.
    """

    a: np.ndarray
    b: np.ndarray
    both: int
    part: str
    repeats_a: int
    repeats_b: int


@dataclass(frozen=True, eq=False)
class Strata:
    """Samples by length: `low` and `high` int32 (strata) in tokens, both ends within; `sizes` int64 (strata, 2), A, B."""

    low: np.ndarray
    high: np.ndarray
    sizes: np.ndarray

    @property
    def alone(self) -> tuple[int, int]:
        """Samples of A, and of B, in strata that hold none of the other: they say nothing at equal length."""
        empty = self.sizes == 0
        return int(self.sizes[empty[:, 1], 0].sum()), int(self.sizes[empty[:, 0], 1].sum())


@dataclass(frozen=True, eq=False)
class Enrichment:
    """Every feature in A against B: int32 (n_features) samples it is active in, odds at equal length and plain ones."""

    sides: Sides
    strata: Strata
    active_a: np.ndarray
    active_b: np.ndarray
    adjusted: Odds
    plain: Odds

    @property
    def n_a(self) -> int:
        return int(self.strata.sizes[:, 0].sum())

    @property
    def n_b(self) -> int:
        return int(self.strata.sizes[:, 1].sum())

    @cached_property
    def live(self) -> np.ndarray:
        """Features active in a sample of either side: bool (n_features)."""
        return (self.active_a > 0) | (self.active_b > 0)

    def telling(self, side: str, limit: int) -> np.ndarray:
        """The features that tell most of side "a" or "b": int32, of those surely commoner there the largest excess first.

        Excess: the share of the side's samples in which the feature is active beyond what the other side's odds explain,
        rate · (1 − 1/ratio) with the ratio's lower limit (the attributable fraction of Miettinen 1974; the odds ratio stands
        for the relative risk). So neither what is sure but rare nor what is common but hardly different comes first.
        """
        odds = self.adjusted
        told, rate, low = (
            (self.common_in_a(), self.rate_a, odds.low)
            if side == "a"
            else (self.common_in_b(), self.rate_b, -odds.high)
        )
        told = np.sort(told)
        return told[np.argsort(rate[told] * np.expm1(-low[told]), kind="stable")][:limit]

    def lacking_in_a(self, *, times: float = TIMES, share: float = SHARE) -> np.ndarray:
        """Common in B, rare in A: surely `times` the odds or more at equal length, in `share` of B or more: int32, ascending."""
        surest = self.common_in_b()
        return np.sort(surest[(-self.adjusted.high[surest] >= np.log(times)) & (self.rate_b[surest] >= share)])

    @property
    def rate_a(self) -> np.ndarray:
        """The share of A's samples that each feature is active in: float64 (n_features)."""
        return self.active_a / self.n_a

    @property
    def rate_b(self) -> np.ndarray:
        """The same of B."""
        return self.active_b / self.n_b

    def common_in_a(self, odds: Odds | None = None) -> np.ndarray:
        """Features told to be commoner in A, surest first (largest lower limit, ties to the lowest id): int32."""
        odds = odds or self.adjusted
        return _surest(odds.low, odds.q)

    def common_in_b(self, odds: Odds | None = None) -> np.ndarray:
        """Features told to be commoner in B, surest first: int32."""
        odds = odds or self.adjusted
        return _surest(-odds.high, odds.q)


def enrichment(
    features: FeatureSets, *, a: np.ndarray, b: np.ndarray, tokens: np.ndarray, same: np.ndarray
) -> Enrichment:
    """Compare the samples of A with those of B, feature by feature.

    a, b: bool (n_samples). tokens: int (n_samples), scored tokens. same: int (n_samples), equal for samples of equal
    content. GamutError where a side has nobody.
    """
    sides = sides_of(a, b, same)
    code, strata = strata_of(sides, tokens)
    active = count_active(features, code, len(strata.sizes))
    total = active.sum(axis=1, dtype=np.int32)
    return Enrichment(
        sides=sides,
        strata=strata,
        active_a=total[:, 0],
        active_b=total[:, 1],
        adjusted=odds_of(active, strata.sizes),
        plain=odds_of(total[:, None, :], strata.sizes.sum(axis=0, keepdims=True)),
    )


def sides_of(a: np.ndarray, b: np.ndarray, same: np.ndarray) -> Sides:
    """Two sets made disjoint, and without repeats; of equal samples the first of a side stays."""
    both = a & b
    inside_a, inside_b = not (b & ~a).any(), not (a & ~b).any()  # which is a part of which
    part = "b" if inside_a and not inside_b else "a" if inside_b and not inside_a else ""
    kept = [_firsts(wanted if part == name else wanted & ~both, same) for name, wanted in (("a", a), ("b", b))]
    for name, wanted, own in zip("AB", (a, b), kept, strict=True):
        if not own.any():
            why = "holds the same samples as the other" if wanted.any() else "holds no sample"
            raise GamutError(f"Set {name} {why}; choose two sets that differ.")
    counted = [int((wanted if part == name else wanted & ~both).sum()) for name, wanted in (("a", a), ("b", b))]
    repeats = [n - int(own.sum()) for n, own in zip(counted, kept, strict=True)]
    return Sides(kept[0], kept[1], int(both.sum()), part, *repeats)


def strata_of(sides: Sides, tokens: np.ndarray) -> tuple[np.ndarray, Strata]:
    """Each sample's place in a table, int32 (n_samples): 2·stratum, one more for B, −1 for samples of neither; the strata."""
    either = sides.a | sides.b
    lengths = np.asarray(tokens)[either]
    smaller = min(int(sides.a.sum()), int(sides.b.sum()))
    wanted = min(MOST_STRATA, max(FEWEST_STRATA, smaller // PER_STRATUM))
    ends = np.unique(np.quantile(lengths, np.arange(1, wanted + 1) / wanted, method="inverted_cdf"))
    stratum = np.searchsorted(ends, lengths)  # a length equal to an end belongs to the stratum that it ends
    code = np.full(len(either), -1, np.int32)
    code[either] = 2 * stratum + sides.b[either]
    sizes = np.bincount(code[either], minlength=2 * len(ends)).reshape(-1, 2)
    first = np.concatenate([[lengths.min()], [lengths[lengths > end].min() for end in ends[:-1]]])
    return code, Strata(first.astype(np.int32), ends.astype(np.int32), sizes)


def count_active(features: FeatureSets, code: np.ndarray, strata: int) -> np.ndarray:
    """Samples with each feature active, int32 (n_features, strata, 2), by the places `code` of `strata_of`."""
    counted = _count(features.indptr, features.indices, code, np.zeros((features.n_features, 2 * strata), np.int32))
    return counted.reshape(features.n_features, strata, 2)


def joined(one: FeatureSets, other: FeatureSets) -> FeatureSets:
    """The samples of one analysis, then those of another with the same features."""
    if one.n_features != other.n_features:
        raise GamutError(
            f"One analysis has {one.n_features} features, the other {other.n_features}; only analyses made with the same "
            "SAE can be compared."
        )
    indptr = np.concatenate([one.indptr, one.indptr[-1] + other.indptr[1:]])
    return FeatureSets(indptr, np.concatenate([one.indices, other.indices]), one.n_features)


def same_by_duplicates(duplicate_of: np.ndarray) -> np.ndarray:
    """What `enrichment` calls `same`, from the earlier sample that each repeats (−1: none): int64 (n)."""
    return np.where(duplicate_of < 0, np.arange(len(duplicate_of)), duplicate_of)


def _firsts(wanted: np.ndarray, same: np.ndarray) -> np.ndarray:
    ids = np.flatnonzero(wanted)
    _, first = np.unique(np.asarray(same)[ids], return_index=True)
    kept = np.zeros(len(wanted), bool)
    kept[ids[first]] = True
    return kept


def _surest(limit: np.ndarray, q: np.ndarray) -> np.ndarray:
    told = np.flatnonzero((limit > 0) & (q < SIGNIFICANT))
    return told[np.argsort(-limit[told], kind="stable")].astype(np.int32)


@njit(cache=True, nogil=True)
def _count(indptr, indices, code, out):
    for sample in range(len(code)):
        if code[sample] >= 0:
            for e in range(indptr[sample], indptr[sample + 1]):
                out[indices[e], code[sample]] += 1
    return out
