"""The diversity of an analysis, gathered from what is known of its samples: the app and the command line ask here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from core.errors import GamutError
from core.files import json_hash
from core.scores.complexity import MEASURES
from core.scores.diversity import TokenRichness, complexity, novelty, token_richness
from core.scores.enrichment import same_by_duplicates
from core.scores.feature_sets import Activity, FeatureSets
from core.scores.length import length_link
from core.scores.length_correlation import Estimate, clusters_of, estimates, like_lengths
from core.scores.length_matched import Remains, remains
from core.scores.length_null import LengthNull, by_samples, by_tokens
from core.scores.length_report import SHARES, AtEqualLength, LengthQuestion, LengthReport, Partial, report_of
from core.scores.rarefied import SIZES, first_size
from core.scores.response_loss import NAME as LOSS
from core.scores.response_loss import kept_loss
from core.scores.spectrum import (
    Beside,
    Bounds,
    Carrier,
    Spectrum,
    carriers,
    effective_beside_null,
    group_members,
    spectrum,
)
from core.selection.facets import categories, scores
from core.selection.known import NO_VALUE, Grouping
from core.selection.known_analysis import LENGTH, KnownOfAnalysis, of_every
from core.selection.two_sets import scored_tokens
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.derived import kept_table
from core.store.groups import MOST
from core.store.pools import members_of
from core.store.token_counts import active_tokens

VERSION = 3
COPIES = "(copies)"  # resampled where no task is named: groups of equal conversations
TASKS = ("task", "task_name", "task_id")  # columns that are resampled unless another is asked for
FEWEST_CLUSTERS = 20
SOURCE = "source"  # the column that says which member of a pool a sample is from
THETA_0 = Activity(mode="raw", theta=0.0)


@dataclass(frozen=True, eq=False)
class Diversity:
    """The samples of an analysis under one rule of what is active; `features` are their sets by it."""

    analysis: Analysis
    dataset: Dataset
    features: FeatureSets
    span: str
    activity: Activity
    _effective: dict[str, list[Beside]] = field(default_factory=dict, init=False, repr=False)  # by column

    @cached_property
    def known(self) -> KnownOfAnalysis:
        return KnownOfAnalysis(
            self.analysis, self.dataset, features=self.features, span=self.span, activity=self.activity
        )

    @cached_property
    def tokens(self) -> np.ndarray:
        """The scored tokens of every sample within the span: int32 (n)."""
        return scored_tokens(self.analysis, self.span)

    @cached_property
    def by_tokens(self) -> TokenRichness:
        """What the token counts say, at θ = 0."""
        return token_richness(self.analysis, span=self.span, scored_tokens=self.tokens)

    @cached_property
    def complexity(self) -> dict[str, np.ndarray]:
        return complexity(self.analysis, self.dataset)

    @cached_property
    def lengths(self) -> np.ndarray:
        """The group of like length of every sample."""
        return like_lengths(self.tokens)

    @cached_property
    def null(self) -> LengthNull:
        """What length alone predicts: from the active tokens of every feature at θ = 0, else from its samples."""
        if self.activity == THETA_0:
            return by_tokens(active_tokens(self.analysis, span=self.span), self.tokens)
        return by_samples(self.features.samples, self.tokens)

    def spectrum(self, bounds: Bounds) -> Spectrum:
        return spectrum(self.features, bounds)

    def carriers(self, column: str, bounds: Bounds) -> list[Carrier]:
        """Who carries the rare features, by a column, or by tenths of length."""
        groups = self.known.groups(column)
        if column not in self._effective:
            members = group_members(groups.codes, groups.names)
            self._effective[column] = effective_beside_null(self.features, list(members.values()), self.lengths)
        return carriers(
            self.features, self.spectrum(bounds).rare, codes=groups.codes, names=groups.names, tokens=self.tokens,
            lengths=self.lengths, effective=self._effective[column],
        )  # fmt: skip

    def novelty(self, bounds: Bounds) -> np.ndarray:
        """The share of a sample's features that are rare: float64 (n)."""
        return novelty(self.features, self.spectrum(bounds).rare)

    def remains(self, ids: np.ndarray, eligible: np.ndarray, bounds: Bounds, size: int) -> list[Remains]:
        """Chosen samples beside random ones, and beside random ones of the same lengths."""
        measures = {
            "scored tokens": self.tokens.astype(np.float64),
            "richness": self.features.richness.astype(np.float64),
            f"rarefied richness at {size} tokens": self.by_tokens.at(size).astype(np.float64),
            "novelty": self.novelty(bounds),
        }
        return remains(ids, features=self.features, measures=measures, groups=self.lengths, eligible=eligible)


@dataclass(frozen=True, slots=True)
class AtTheta0:
    """Length and richness by the SAE's own activation function, within the span; None where not defined."""

    pearson: float | None
    spearman: float | None
    null_r: float | None

    def words(self) -> str:
        """In a sentence, "" where there is nothing to say."""
        if self.pearson is None or self.null_r is None:
            return ""
        return f"At θ = 0: r = {self.pearson:.3f}, by length alone {self.null_r:.3f}."


def at_theta_0(diversity: Diversity) -> AtTheta0:
    """The same question at θ = 0, whatever rule is chosen."""
    link = length_link(diversity.tokens, diversity.by_tokens.richness)
    null = by_tokens(active_tokens(diversity.analysis, span=diversity.span), diversity.tokens)
    return AtTheta0(link.pearson, link.spearman, null.r)


def group_columns(dataset: Dataset) -> list[str]:
    """The columns by which diversity is shown: the source in a pool, categories, and the language."""
    own = [name for name in categories(dataset) if _distinct(dataset, name) <= MOST]
    if members_of(dataset):
        own.sort(key=lambda name: name != SOURCE)
    return [*own, of_every("language", dataset)]


def carrier_columns(dataset: Dataset) -> list[str]:
    """The same, and tenths of length."""
    return [*group_columns(dataset), of_every(LENGTH, dataset)]


def cluster_columns(dataset: Dataset) -> list[str]:
    """What intervals may resample: a column that names tasks first, then others of enough values, then copies."""
    enough = [
        c.name
        for c in dataset.columns
        if c.type in ("text", "integer") and c.role != "id" and FEWEST_CLUSTERS <= c.distinct <= len(dataset) // 2
    ]
    tasks = [name for name in TASKS if name in enough]
    return [*tasks, COPIES, *(name for name in enough if name not in tasks)]


def clusters(diversity: Diversity, column: str) -> np.ndarray:
    """The clusters that intervals resample: int (n), numbered from 0."""
    same = same_by_duplicates(diversity.known.duplicate_of)
    if column == COPIES:
        return clusters_of(None, same)
    if column not in cluster_columns(diversity.dataset):
        allowed = ", ".join(repr(name) for name in cluster_columns(diversity.dataset))
        raise GamutError(f"Intervals cannot resample the column {column!r}; there are: {allowed}.")
    groups = diversity.known.groups(column)
    return clusters_of(_codes_or_none(groups), same)


def length_report(diversity: Diversity, *, by: str, resampled: str, size: int) -> LengthReport:
    """What length explains, by the groups of a column; the resamples are made once and kept beside the analysis."""
    groups = diversity.known.groups(by) if by else Grouping(np.zeros(diversity.features.n_samples, np.int32), ("all",))
    asked = LengthQuestion(
        scored_tokens=diversity.tokens,
        richness=diversity.features.richness,
        rarefied=diversity.by_tokens.at(size).astype(np.float64),
        codes=groups.codes.astype(np.int64),
        names=groups.names,
        by=by or "nothing",
        null=diversity.null,
    )
    return report_of(asked, _kept(diversity, "length", asked.statistic, resampled, [by, size], SHARES))


def at_equal_length(diversity: Diversity, *, resampled: str) -> list[Partial]:
    """Which measures go with richness among samples of like length: how a sample is built, and the data set's scores."""
    built = {name.replace("_", " "): diversity.complexity[name] for name in MEASURES if name != "words"}
    if (loss := kept_loss(diversity.analysis)) is not None:
        built[LOSS] = loss.astype(np.float64)
    own = scores(diversity.dataset)
    scored = {f"{name} (column)" if name in built else name: diversity.known.score(name) for name in own}
    asked = AtEqualLength(diversity.tokens, diversity.features.richness, {**built, **scored})
    return asked.read(_kept(diversity, "equal-length", asked.statistic, resampled, list(asked.measures)))


def _kept(
    diversity: Diversity, name: str, statistic: Callable[[np.ndarray], np.ndarray], resampled: str, decides: list,
    shares: Sequence[int] = (),
) -> list[Estimate]:  # fmt: skip
    """The figures of a statistic with their intervals, kept beside the analysis."""

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        found = estimates(statistic, clusters(diversity, resampled), shares=shares)
        rows = [[np.nan if v is None else v for v in (e.value, e.low, e.high)] for e in found]
        table = np.array(rows, np.float64).reshape(-1, 3)
        return {"resampled": resampled}, {column: table[:, at] for at, column in enumerate(("value", "low", "high"))}

    rule = [diversity.span, asdict(diversity.activity)]
    mark = json_hash(
        [diversity.analysis.content_hash, diversity.dataset.content_hash, *rule, resampled, VERSION, *decides]
    )
    kept = kept_table(diversity.analysis, f"{name}-{mark[:16]}", make)[1]
    rows = zip(*(kept[column].tolist() for column in ("value", "low", "high")), strict=True)
    return [Estimate(*(None if np.isnan(v) else v for v in row)) for row in rows]


def size_of(diversity: Diversity, wanted: int | None = None) -> int:
    """The tokens at which rarefied richness is shown; None: as many as most samples have."""
    if wanted is None:
        return first_size(diversity.tokens)
    if wanted not in SIZES:
        raise GamutError(f"Rarefied richness is kept at {', '.join(map(str, SIZES))} tokens, not at {wanted}.")
    return wanted


def _codes_or_none(groups: Grouping) -> np.ndarray:
    """The codes, −1 where a sample has no value."""
    codes = groups.codes.astype(np.int64)
    return np.where(codes == groups.names.index(NO_VALUE), -1, codes) if NO_VALUE in groups.names else codes


def _distinct(dataset: Dataset, name: str) -> int:
    return next((c.distinct for c in dataset.columns if c.name == name), 0)
