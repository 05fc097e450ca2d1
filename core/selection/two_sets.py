"""Two sets of samples put side by side, out of one analysis or several, ready to be compared feature by feature.

All features count as active above the thresholds of one analysis, the pool's: so a feature means the same on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.errors import GamutError
from core.scores.enrichment import SHARE, TIMES, Enrichment, enrichment, joined, same_by_duplicates
from core.scores.feature_sets import Activity, FeatureSets, feature_sets, thresholds
from core.selection.sample_sets import ANALYSIS, REST, SampleSet, members
from core.selection.saved import load_selection
from core.store.analyses import Activations, Analysis, open_analysis
from core.store.datasets import Dataset, dataset_with_hash
from core.store.sample_groups import DRAWN, load_group

FEW = 30  # samples of a side under which little can be told
ALONE = 0.2  # of a side's samples in strata without the other, above which that is said
NOT_BY_FEATURES = ("random", "longest", "score")  # methods that look at no features


@dataclass(frozen=True, eq=False)
class Source:
    """An analysis with its data set; its samples count from `first` in what is compared."""

    analysis: Analysis
    dataset: Dataset
    first: int


@dataclass(frozen=True, slots=True)
class Strongest:
    """A sample that a feature is active in: how strongly, and the token of its maximum."""

    source: Source
    sample_id: int
    strength: float
    position: int


@dataclass(frozen=True, eq=False)
class TwoSets:
    """Samples of one or more analyses, numbered on; bool (n) `a` and `b`; `tokens` and `same` as `enrichment` takes them."""

    sources: tuple[Source, ...]
    features: FeatureSets
    a: np.ndarray
    b: np.ndarray
    tokens: np.ndarray
    same: np.ndarray

    def compare(self) -> Enrichment:
        """Every feature in A against B."""
        return enrichment(self.features, a=self.a, b=self.b, tokens=self.tokens, same=self.same)

    @cached_property
    def in_pool(self) -> np.ndarray:
        """In how many samples of the pool each feature is active, whichever set they are in: int64 (n_features)."""
        entries = self.features.indptr[self.sources[0].analysis.n_samples]
        return np.bincount(self.features.indices[:entries], minlength=self.features.n_features)

    def strongest(self, feature_id: int, side: np.ndarray, *, span: str, limit: int) -> list[Strongest]:
        """Where a feature is active most strongly among the samples of a side: bool (n); ties to the first."""
        found = []
        for source in self.sources:
            for sample_id, strength, position in source.analysis.strongest_of(feature_id, limit=None, span=span):
                place = source.first + sample_id
                if side[place] and feature_id in self.features.row(place):
                    found.append(Strongest(source, sample_id, strength, position))
        return sorted(found, key=lambda one: (-one.strength, one.source.first, one.sample_id))[:limit]


def two_sets(
    analysis: Analysis, dataset: Dataset, a: SampleSet, b: SampleSet, *, span: str = "conversation",
    activity: Activity | None = None, features: FeatureSets | None = None,
) -> TwoSets:  # fmt: skip
    """The sets A and B of an analysis; `features` spares the reading of its sets where they are at hand."""
    sources, inside_a, inside_b = placed(analysis, dataset, a, b)
    return TwoSets(
        sources=sources,
        features=_sets(sources, span, activity or Activity(), features),
        a=inside_a,
        b=inside_b,
        tokens=np.concatenate([scored_tokens(source.analysis, span) for source in sources]),
        same=same_samples(sources),
    )


def placed(
    analysis: Analysis, dataset: Dataset, a: SampleSet, b: SampleSet
) -> tuple[tuple[Source, ...], np.ndarray, np.ndarray]:
    """Where the samples of two sets are: the analyses, the pool's first, and who of all their samples is in A and in B, bool."""
    if a.kind == REST and b.kind == REST:
        raise GamutError("Both sets are “the rest”; one of them must be named.")
    others = _others(analysis, dataset, [a, b])
    sources, first = [Source(analysis, dataset, 0)], analysis.n_samples
    for other, its_dataset in others.values():
        sources.append(Source(other, its_dataset, first))
        first += other.n_samples
    inside = [_inside(wanted, sources, others) for wanted in (a, b)]
    for side, wanted in enumerate((a, b)):
        if wanted.kind == REST:
            inside[side][: analysis.n_samples] = ~inside[1 - side][: analysis.n_samples]
    return tuple(sources), inside[0], inside[1]


def same_samples(sources: Sequence[Source]) -> np.ndarray:
    """Numbers that copies of a sample share: int64 (n)."""
    return np.concatenate([source.first + same_by_duplicates(_duplicates(source.dataset)) for source in sources])


def scored_tokens(analysis: Analysis, span: str) -> np.ndarray:
    """The tokens of every sample that features are pooled over: int32 (n)."""
    counts = analysis.counts
    return {"conversation": counts.scored_tokens, "prompt": counts.prompt_tokens, "response": counts.response_tokens}[
        span
    ]


def difference(one: Analysis, other: Analysis) -> str:
    """In what two analyses differ so that their features cannot be compared, in words; "" where they can."""
    pairs = [
        ("model", *(json.loads(each.meta["model"])["sha256"] for each in (one, other))),
        ("SAE", *(json.loads(each.meta["sae"])["sha256"] for each in (one, other))),
        *(
            (name.replace("_", " "), one.meta.get(name), other.meta.get(name))
            for name in ("hook", "template", "max_length")
        ),
        ("number format", *(each.settings.get("dtype", "float32") for each in (one, other))),
    ]
    return ", ".join(name for name, its, theirs in pairs if its != theirs)


def lacking_words(analysis: Analysis, a: SampleSet, b: SampleSet) -> str:
    """How a list of features that B has and A lacks was made, in a sentence."""
    return (
        f"Analysis {analysis.name}: common in B ({b.words()}), rare in A ({a.words()}); at equal length surely {TIMES:g} times "
        f"the odds, in {100 * SHARE:g} % of B or more."
    )


def left_out_words(found: Enrichment) -> str:
    """Which samples count for neither side, in words; "" where there are none."""
    repeats, said = found.sides.repeats_a + found.sides.repeats_b, []
    if repeats:
        said.append(f"Copies count once on each side: {repeats} left out.")
    if found.sides.both:
        who = f"count in {found.sides.part.upper()} alone" if found.sides.part else "count in neither"
        said.append(f"{found.sides.both} samples belong to both sets and {who}.")
    return " ".join(said)


def weak_spots(found: Enrichment, a: SampleSet, b: SampleSet, dataset: Dataset) -> list[str]:
    """What to know before a comparison is believed, one sentence each."""
    sides = (("A", found.n_a, found.strata.alone[0]), ("B", found.n_b, found.strata.alone[1]))
    said = [
        f"{name} holds {n} different sample{'' if n == 1 else 's'}: only large differences can be told."
        for name, n, _ in sides
        if n < FEW
    ]
    said += [
        f"{alone} of the {n} samples of {name} have lengths that the other set has not: they count for nothing here."
        for name, n, alone in sides
        if alone > ALONE * n
    ]
    for name in (name for wanted in (a, b) for name in wanted.filter.groups):
        if load_group(dataset.workspace, name).made_from.startswith(DRAWN):
            said.append(
                f"Group {name} was drawn on a map that is made from these very features: read this as a description of it, "
                "not as evidence."
            )
    for wanted in (a, b):
        if wanted.kind == "selection":
            method = load_selection(dataset.workspace, wanted.name).spec.method
            if method not in NOT_BY_FEATURES:
                said.append(
                    f"Selection {wanted.name} was chosen by {method}, which may look at these very features: read this as a "
                    "description of it, not as evidence."
                )
    return said


def _others(analysis: Analysis, dataset: Dataset, wanted: list[SampleSet]) -> dict[str, tuple[Analysis, Dataset]]:
    """The other analyses that are asked for, by the name they are asked for by."""
    found: dict[str, tuple[Analysis, Dataset]] = {}
    for one in wanted:
        if one.kind != ANALYSIS or one.name in found:
            continue
        other = open_analysis(dataset.workspace, one.name)
        if other.id == analysis.id:
            raise GamutError(f"Analysis {other.name!r} is the one that is compared; write all for all of its samples.")
        if differs := difference(analysis, other):
            raise GamutError(
                f"Analysis {other.name!r} differs from {analysis.name!r} in {differs}; analyse its data set with the same to "
                "compare their features."
            )
        its_dataset = dataset_with_hash(dataset.workspace, other.dataset_hash, name=other.dataset)
        if its_dataset is None:
            raise GamutError(f"The data set of analysis {other.name!r} ({other.dataset!r}) is not here; add it again.")
        found[one.name] = other, its_dataset
    return found


def _inside(wanted: SampleSet, sources: list[Source], others: dict[str, tuple[Analysis, Dataset]]) -> np.ndarray:
    inside = np.zeros(sources[-1].first + sources[-1].analysis.n_samples, bool)
    pool = sources[0]
    if wanted.kind == ANALYSIS:
        own = 1 + list(others).index(wanted.name)
        inside[sources[own].first : sources[own].first + sources[own].analysis.n_samples] = True
    elif wanted.kind != REST:
        inside[: pool.analysis.n_samples] = members(wanted, pool.analysis, pool.dataset)
    return inside


def _duplicates(dataset: Dataset) -> np.ndarray:
    query = "SELECT coalesce(duplicate_of, -1)::INTEGER AS d FROM facts ORDER BY sample_id"
    return np.asarray(dataset.cursor().execute(query).fetchnumpy()["d"])


def _sets(sources: Sequence[Source], span: str, activity: Activity, features: FeatureSets | None) -> FeatureSets:
    """The feature sets of all sources, one after the other, by the thresholds of the first."""
    if len(sources) == 1 and features is not None:
        return features
    pool = sources[0].analysis
    read = pool.activations(span=span)
    cut, _ = thresholds(activity, **_entries(pool, read))
    made = features or feature_sets(cut, **_entries(pool, read))
    for source in sources[1:]:
        other = source.analysis
        made = joined(made, feature_sets(cut, **_entries(other, other.activations(span=span))))
    return made


def _entries(analysis: Analysis, read: Activations) -> dict:
    return {
        "sample": read.sample, "feature": read.feature, "strength": read.strength, "n_samples": analysis.n_samples,
        "n_features": analysis.n_features,
    }  # fmt: skip
