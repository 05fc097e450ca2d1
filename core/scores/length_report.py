"""What length explains of richness, in all and by group, with intervals, beside what length alone would predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.scores.length_correlation import Correlations, Estimate, explained, like_lengths, means
from core.scores.length_null import LengthNull

PER = 100  # tokens that a slope is told for
LENGTH, RICHNESS = "length", "richness"
HEAD = 4  # figures of all samples, before those of the groups
SHARES = (0, 3)  # those of them that are ε²


@dataclass(frozen=True, slots=True)
class GroupLength:
    """A group: how its richness goes with length, and its mean rarefied richness over the samples that are long enough.

    slope: features more for `PER` tokens more, by least squares. null_r: the r that length alone predicts for its lengths.
    """

    name: str
    samples: int
    median_tokens: float
    pearson: Estimate
    spearman: Estimate
    slope: Estimate
    null_r: float | None
    rarefied: Estimate
    long_enough: int


@dataclass(frozen=True, slots=True)
class Partial:
    """A correlation of two variables as it is, and with a third held equal: ranks, centred within its groups."""

    first: str
    second: str
    third: str
    plain: Estimate
    partial: Estimate


@dataclass(frozen=True, eq=False)
class LengthReport:
    """Of all samples: explained (ε²), Pearson, Spearman, and how much of what length leaves goes with the group (ε²)."""

    samples: int
    explained: Estimate
    pearson: Estimate
    spearman: Estimate
    rest_by_group: Estimate
    null: LengthNull
    by: str
    groups: list[GroupLength]
    within_groups: Partial


@dataclass(frozen=True, eq=False, kw_only=True)
class LengthQuestion:
    """What a report is made of.

    scored_tokens, richness: int (n). rarefied: float (n), NaN where a sample is too short. codes: int (n), the group of a
    sample, `names` by code; `by` says what groups them.
    """

    scored_tokens: np.ndarray
    richness: np.ndarray
    rarefied: np.ndarray
    codes: np.ndarray
    names: tuple[str, ...]
    by: str
    null: LengthNull

    @cached_property
    def lengths(self) -> np.ndarray:
        """The group of like length of every sample."""
        return like_lengths(self.scored_tokens)

    @cached_property
    def _all(self) -> Correlations:
        return Correlations(self.scored_tokens, self.richness)

    @cached_property
    def _each(self) -> Correlations:
        return Correlations(self.scored_tokens, self.richness, self.codes)

    @cached_property
    def _within(self) -> tuple[Correlations, Correlations]:
        return _pair(_ranks(self.scored_tokens), _ranks(self.richness), self.codes)

    def statistic(self, weights: np.ndarray) -> np.ndarray:
        """All figures that have an interval, in the order in which `report_of` reads them: float64 (m)."""
        count, richness = len(self.names), self.richness.astype(np.float64)
        head = [
            explained(self.lengths, richness, weights),
            self._all.linear(weights)[0][0],
            self._all.spearman(weights)[0],
            explained(self.codes, centred(richness, self.lengths, weights), weights),
        ]
        pearson, slope = self._each.linear(weights)
        each = [_padded(own, count) for own in (pearson, self._each.spearman(weights), PER * slope)]
        within = [side.partial(weights) for side in self._within]
        return np.concatenate([head, *each, means(self.rarefied, self.codes, count, weights), within])


def report_of(asked: LengthQuestion, found: Sequence[Estimate]) -> LengthReport:
    """The report that the figures of a question make; groups without samples are left out."""
    count = len(asked.names)
    pearson, spearman, slope, rarefied = (found[HEAD + count * at : HEAD + count * (at + 1)] for at in range(4))
    groups = [
        GroupLength(
            name, int(own.sum()), float(np.median(asked.scored_tokens[own])), pearson[code], spearman[code], slope[code],
            asked.null.among(asked.scored_tokens[own]).r, rarefied[code], int((own & ~np.isnan(asked.rarefied)).sum()),
        )
        for code, name in enumerate(asked.names)
        if (own := asked.codes == code).any()
    ]  # fmt: skip
    within = Partial(LENGTH, RICHNESS, asked.by, found[-2], found[-1])
    explained_, r, rho, rest = found[:HEAD]
    return LengthReport(
        samples=len(asked.richness), explained=explained_, pearson=r, spearman=rho, rest_by_group=rest, null=asked.null,
        by=asked.by, groups=groups, within_groups=within,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class AtEqualLength:
    """Which measures go with richness among samples of like length; measures: float (n) each, by name, NaN where missing."""

    scored_tokens: np.ndarray
    richness: np.ndarray
    measures: Mapping[str, np.ndarray]

    @cached_property
    def _pairs(self) -> list[tuple[Correlations, Correlations]]:
        lengths, richness = like_lengths(self.scored_tokens), _ranks(self.richness)
        return [_pair(_ranks(values), richness, lengths) for values in self.measures.values()]

    def statistic(self, weights: np.ndarray) -> np.ndarray:
        """Two figures a measure, as it is and at equal length: float64 (2·measures)."""
        return np.array([side.partial(weights) for pair in self._pairs for side in pair])

    def read(self, found: Sequence[Estimate]) -> list[Partial]:
        """The figures with their names."""
        return [
            Partial(name, RICHNESS, LENGTH, found[2 * at], found[2 * at + 1]) for at, name in enumerate(self.measures)
        ]


def centred(values: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The values less the weighted mean of their group."""
    held = np.bincount(groups, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.bincount(groups, weights * values) / held
    return values - np.where(held > 0, middle, 0.0)[groups]


def _pair(x: np.ndarray, y: np.ndarray, third: np.ndarray) -> tuple[Correlations, Correlations]:
    known = ~np.isnan(x)
    return Correlations(x, y, np.where(known, 0, -1)), Correlations(x, y, np.where(known, third, -1))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Middle ranks, NaN where a value is; taken once over all samples."""
    from scipy.stats import rankdata  # slow to import

    return rankdata(np.asarray(values, np.float64), nan_policy="omit")


def _padded(figures: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([figures, np.full(count - len(figures), np.nan)])
