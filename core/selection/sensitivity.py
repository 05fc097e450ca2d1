"""How far a selection moves with what counts as active: threshold, span, pooling, seed, and another analysis of the data.

One thing is changed at a time, at the same budget; what the selections share stands beside what chance gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from core.files import json_hash
from core.scores.feature_sets import Activity, FeatureSets
from core.selection.budget import Budget
from core.selection.leans import leans_of
from core.selection.method import parse_options
from core.selection.methods.registry import find
from core.selection.specification import RankingSpec, active_sets, pool_of, select_by
from core.selection.stability import QUANTILES, SEEDS
from core.store.analyses import POOLINGS, SPANS, Analysis
from core.store.datasets import Dataset
from core.store.derived import kept_table
from core.workspace import Workspace

THRESHOLD, SPAN, POOLING, SEED, ANALYSIS, OWN = "threshold", "span", "pooling", "seed", "analysis", "as it is"
PARTS = "part of the pool"
FACTORS = (THRESHOLD, SPAN, POOLING, SEED, ANALYSIS)
POOLED = {"max": "largest value", "sum": "sum of values", "count": "number of tokens"}
VERSION = 1

# What cannot be asked of the store, and why.
CANNOT = (
    (
        "Another activation function (TopK left out, JumpReLU)",
        "the store holds what the SAE's own function let through; what it set to 0 is not kept. Analyse again with another SAE.",
    ),
    (
        "Tokens and sums above another θ",
        "they are kept over all values above 0: pooling by them is held against a quantile of each feature's own, not against θ.",
    ),
    (
        "Another layer or SAE",
        "an analysis reads one place of one model: other analyses of this data set stand in the matrix where there are any.",
    ),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A selection under one other setting: what was changed, in words, and all that decides it."""

    factor: str
    words: str
    spec: RankingSpec
    pooling: str = "max"


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a setting chooses: ids int32 in order, tokens of their conversations, and what the feature sets look like.

    live: features active anywhere; median: active features of the median sample; r: Pearson correlation of scored tokens
    and active features, NaN where one of them does not vary.
    """

    setting: Setting
    ids: np.ndarray
    tokens: int
    live: int
    median: float
    r: float


def settings(spec: RankingSpec, *, others: Sequence[Analysis] = ()) -> list[Setting]:
    """The selection as it is, then one thing changed at a time; `others`: more analyses of the same data set."""
    found = [Setting(OWN, "as it is", spec)]
    raw = replace(spec, activity=Activity(mode="raw", theta=0.0))
    found.append(Setting(THRESHOLD, "θ = 0", raw))
    found += [Setting(THRESHOLD, f"quantile {q:g}", replace(spec, activity=Activity(quantile=q))) for q in QUANTILES]
    found.append(Setting(THRESHOLD, "automatic quantile", replace(spec, activity=Activity())))
    found += [Setting(SPAN, span, replace(spec, span=span)) for span in SPANS]
    if spec.activity.mode != "raw":
        found += [Setting(POOLING, POOLED[pooling], spec, pooling) for pooling in POOLINGS if pooling != "max"]
    found += [Setting(SEED, f"seed {seed}", with_seed(spec, seed)) for seed in SEEDS if own_seed(spec) is not None]
    for other in others:
        found.append(Setting(ANALYSIS, other.name, replace(spec, analysis=other.id)))
    return [one for place, one in enumerate(found) if not place or (one.spec, one.pooling) != (spec, "max")]


def own_seed(spec: RankingSpec) -> int | None:
    """The seed of a selection, None for a method without one."""
    method = find(spec.method)
    if not any(field.name == "seed" for field in fields(method.options)):
        return None
    return parse_options(method, spec.options).seed


def with_seed(spec: RankingSpec, seed: int) -> RankingSpec:
    """The same selection with another seed; its default is not said, as specifications want it."""
    default = next((one.default for one in fields(find(spec.method).options) if one.name == "seed"), None)
    rest = {name: value for name, value in spec.options.items() if name != "seed"}
    return replace(spec, options=rest if seed == default else {**rest, "seed": seed})


def choose_under(
    analysis: Analysis, dataset: Dataset, setting: Setting, budget: Budget, *, features: FeatureSets | None = None
) -> Chosen:
    """The selection of a setting; `features` (of its span, rule and pooling) spares the reading where they are at hand.

    Kept with the analysis unless pins, bans or constraints decide it too: a click changes those.
    """

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        spec = setting.spec
        sets = features
        if sets is None:
            sets = active_sets(analysis, span=spec.span, activity=spec.activity, pooling=setting.pooling).features
        selected = select_by(pool_of(analysis, dataset, spec, features=sets), spec, budget)
        told = {
            "tokens": selected.tokens, "live": sets.live, "median": float(np.median(sets.richness)),
            "r": _pearson(analysis.counts.scored_tokens, sets.richness),
        }  # fmt: skip
        return told, {"sample_id": selected.sample_ids.astype(np.int32)}

    spec = setting.spec
    by_hand = spec.pins or spec.bans or spec.constraints
    about, columns = make() if by_hand else kept_table(analysis, _name(analysis, setting, budget), make)
    r = about["r"]
    return Chosen(
        setting, columns["sample_id"], about["tokens"], about["live"], about["median"], float("nan") if r is None else r
    )


def _name(analysis: Analysis, setting: Setting, budget: Budget) -> str:
    leans = leans_of(Workspace(analysis.folder.parents[1]), setting.spec)
    decides = [VERSION, setting.spec.as_dict(), setting.pooling, asdict(budget), leans]
    return f"sensitivity-{json_hash(decides)[:16]}"


def _pearson(tokens: np.ndarray, richness: np.ndarray) -> float | None:
    if len(tokens) < 2 or not tokens.std() or not richness.std():
        return None
    return float(np.corrcoef(tokens, richness)[0, 1])


@dataclass(frozen=True, eq=False)
class Matrix:
    """What every two of s selections share: (s, s) each.

    shared: int64, rows in both; share: float64, of the smaller one; chance: float64, the share that two random subsets of
    these sizes have on average, k / N of the larger; spearman: float64, correlation of the places of what both chose, NaN
    below two samples.
    """

    shared: np.ndarray
    share: np.ndarray
    chance: np.ndarray
    spearman: np.ndarray


def matrix(chosen: Sequence[Chosen], *, n: int) -> Matrix:
    """Every two selections beside each other, out of n samples that may be chosen."""
    s = len(chosen)
    size = np.array([len(one.ids) for one in chosen], np.int64)
    shared, spearman = np.zeros((s, s), np.int64), np.full((s, s), np.nan)
    for a in range(s):
        for b in range(a, s):
            common, here, there = np.intersect1d(chosen[a].ids, chosen[b].ids, return_indices=True)
            shared[a, b] = shared[b, a] = len(common)
            spearman[a, b] = spearman[b, a] = _spearman(here, there)
    small, large = np.minimum.outer(size, size), np.maximum.outer(size, size)
    return Matrix(shared, shared / np.maximum(1, small), large / max(1, n), spearman)


def _spearman(here: np.ndarray, there: np.ndarray) -> float:
    """Of distinct places: Pearson's correlation of their ranks."""
    if len(here) < 2:
        return float("nan")
    return float(np.corrcoef(np.argsort(np.argsort(here)), np.argsort(np.argsort(there)))[0, 1])


@dataclass(frozen=True, slots=True)
class OfFactor:
    """How much of the selection as it is stays when one factor alone changes: the mean, the least and the most."""

    factor: str
    settings: int
    mean: float
    low: float
    high: float


def by_factor(chosen: Sequence[Chosen], told: Matrix, *, parts: np.ndarray) -> list[OfFactor]:
    """What each factor leaves of the first selection, the one that moves most first.

    parts: float64 (runs), the share chosen again from random parts of the pool (`core.selection.stability.Stability.kept`).
    """
    found = []
    for factor in FACTORS:
        shares = [told.share[0, k] for k, one in enumerate(chosen) if one.setting.factor == factor]
        if shares:
            found.append(OfFactor(factor, len(shares), float(np.mean(shares)), min(shares), max(shares)))
    if len(parts):
        found.append(OfFactor(PARTS, len(parts), float(parts.mean()), float(parts.min()), float(parts.max())))
    return sorted(found, key=lambda one: one.mean)
