"""Everything that decides a selection, in one value: the app, the command line and a manifest all speak it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import GamutError
from core.files import json_hash
from core.scores.feature_sets import Activity, FeatureSets, feature_sets, thresholds
from core.selection.budget import Budget, needed
from core.selection.constrained import ranked_within
from core.selection.constraints import NO_CONSTRAINTS, Constraints
from core.selection.eligible import allowed, features_without
from core.selection.known_analysis import KnownOfAnalysis
from core.selection.method import Rank
from core.selection.methods.registry import find, parse_options
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.select import Selected, cut
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.pools import members_of

NO_BASE = "none"  # how the command line says that no member of a pool is trained on already


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingSpec:
    """What decides a ranking: the analysis by id, the method with its options, what counts as active, and constraints.

    `options` holds only what differs from the method's defaults, as typed. `span` is one of `core.store.analyses.SPANS`.
    Samples without a response stay out unless `with_no_response`. `base` names the members of a pool that are trained on
    already. `without` names kinds of features (`core.scores.hygiene.KINDS`) that leave the feature sets.
    """

    analysis: str
    method: str
    options: dict[str, Any] = field(default_factory=dict)
    span: str = "conversation"
    activity: Activity = field(default_factory=Activity)
    pins: tuple[int, ...] = ()
    bans: tuple[int, ...] = ()
    with_no_response: bool = False
    base: tuple[str, ...] = ()
    constraints: Constraints = NO_CONSTRAINTS
    without: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, what came with later versions only where it is set; `from_dict` is the way back."""
        said = {key: getattr(self, key) for key in ("analysis", "method", "options", "span", "with_no_response")}
        said |= {"activity": asdict(self.activity), "pins": list(self.pins), "bans": sorted(self.bans)}
        later = {"base": sorted(self.base), "constraints": self.constraints.as_dict(), "without": sorted(self.without)}
        return said | {key: value for key, value in later.items() if value}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> RankingSpec:
        """The specification that `as_dict` wrote; raises `GamutError` for keys that are not known here."""
        try:
            given = dict(values)
            return RankingSpec(
                **given
                | {
                    "activity": Activity(**given.get("activity", {})),
                    "pins": tuple(int(pin) for pin in given.get("pins", ())),
                    "bans": tuple(sorted(int(ban) for ban in given.get("bans", ()))),
                    "base": tuple(sorted(str(name) for name in given.get("base", ()))),
                    "constraints": Constraints.from_dict(given.get("constraints", {})),
                    "without": tuple(sorted(str(kind) for kind in given.get("without", ()))),
                }
            )
        except (TypeError, ValueError) as error:
            raise GamutError(f"The selection's specification is not one of this version of Gamut: {error}.") from None

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the specification: names a saved ranking."""
        return json_hash(self.as_dict())[:16]


@dataclass(frozen=True, eq=False)
class ActiveSets:
    """The feature sets of an analysis under a threshold rule, with the quantile behind it (None for a raw threshold).

    cut: float32 (n_features), the threshold of each feature.
    """

    features: FeatureSets
    quantile: float | None
    cut: np.ndarray


def active_sets(analysis: Analysis, *, span: str, activity: Activity, pooling: str = "max") -> ActiveSets:
    """F(i) of every sample of an analysis; `pooling`: what of a feature's values in a sample is held against its threshold."""
    found = analysis.activations(span=span, pooling=pooling)
    cut, quantile = thresholds(
        activity,
        sample=found.sample,
        feature=found.feature,
        strength=found.strength,
        n_samples=analysis.n_samples,
        n_features=analysis.n_features,
    )
    features = feature_sets(
        cut,
        sample=found.sample,
        feature=found.feature,
        strength=found.strength,
        n_samples=analysis.n_samples,
        n_features=analysis.n_features,
    )
    return ActiveSets(features, quantile, cut)


def pool_of(analysis: Analysis, dataset: Dataset, spec: RankingSpec, *, features: FeatureSets | None = None) -> Pool:
    """The pool of a specification; `features` (of its span and activity) spares the reading where they are at hand."""
    if features is None:
        features = active_sets(analysis, span=spec.span, activity=spec.activity).features
    features = features_without(analysis, features, spec.without)
    counts = analysis.counts
    eligible = np.ones(analysis.n_samples, bool) if spec.with_no_response else ~dataset.without_response()
    if spec.constraints.only:
        eligible = eligible & allowed(dataset, spec.constraints.only, eligible)
    return Pool(
        features=features,
        scored_tokens=counts.scored_tokens,
        response_tokens=counts.response_tokens,
        conversation_tokens=counts.conversation_tokens,
        eligible=eligible,
        pins=np.array(spec.pins, dtype=np.int64),
        bans=np.array(spec.bans, dtype=np.int64),
        base=base_ids(dataset, spec.base),
        known=KnownOfAnalysis(analysis, dataset, features=features, span=spec.span, activity=spec.activity),
    )


def default_base(dataset: Dataset) -> tuple[str, ...]:
    """The members that were marked as base when the data sets were joined."""
    return tuple(sorted(member.name for member in members_of(dataset) if member.base))


def base_ids(dataset: Dataset, names: tuple[str, ...]) -> np.ndarray:
    """The samples of these members of a pool: int64, ascending within each."""
    members = {member.name: member for member in members_of(dataset)}
    if stray := [name for name in names if name not in members]:
        known = ", ".join(members) or f"none, as {dataset.name!r} is not a pool"
        raise GamutError(f"{', '.join(stray)} cannot be the base; the data sets of the pool are: {known}.")
    if names and len(names) == len(members):
        raise GamutError("Every data set of the pool counts as trained on already; leave at least one to choose from.")
    ids = [np.arange(members[name].first, members[name].first + members[name].rows) for name in names]
    return np.concatenate([np.empty(0, np.int64), *ids])


def rank_by(
    pool: Pool, spec: RankingSpec, *, upto: int | None = None, own: Callable[[int], Ranking] | None = None,
    by: Rank | None = None,
) -> Ranking:  # fmt: skip
    """The ranking that a specification asks for, pins first, within its constraints.

    `own(k)`: at least the first k rows by the specification's `own_order`, where they are at hand: then only the
    constraints are walked. `by`: who ranks by the method where that is not this process.
    """
    method = find(spec.method)
    options = parse_options(method, spec.options)
    order = by or method.rank
    if not spec.constraints.orders:
        return order(pool, options, upto=upto)
    rank = own or (lambda k: order(pool, options, upto=k))
    return ranked_within(pool, spec.constraints, rank, upto=upto)


def own_order(spec: RankingSpec) -> RankingSpec:
    """The same rows in the order of the method itself: no quotas, no cap on near-duplicates."""
    return replace(spec, constraints=Constraints(only=spec.constraints.only))


def is_look_up(spec: RankingSpec, budget: Budget) -> bool:
    """Whether another budget is looked up in the same ranking; else the rows that fit are found anew."""
    return find(spec.method).prefix and not budget.skip_to_fit


def select_by(pool: Pool, spec: RankingSpec, budget: Budget, *, ranking: Ranking | None = None) -> Selected:
    """The selection that a specification and a budget ask for; out of `ranking` where one is at hand."""
    options = parse_options(find(spec.method), spec.options)
    if ranking is None:
        ranking = rank_by(pool, spec, upto=needed(budget, pool))
    return cut(pool, ranking, method=spec.method, options=options, budget=budget)
