"""What the Sensitivity tab asks the engine, each once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.feature_sets import Activity, FeatureSets
from core.selection.budget import Budget
from core.selection.sensitivity import (
    OWN,
    Chosen,
    Matrix,
    OfFactor,
    Setting,
    by_factor,
    choose_under,
    matrix,
    settings,
)
from core.selection.specification import RankingSpec, active_sets, pool_of
from core.selection.stability import stability
from core.store.analyses import Analysis
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.numbers import count

RUNS = 5  # random parts of the pool


@dataclass(frozen=True, eq=False)
class Told:
    """All settings, the first as it is; those that could not be, in words with the reason."""

    chosen: list[Chosen]
    matrix: Matrix
    factors: list[OfFactor]
    refused: list[tuple[str, str]]
    available: int


def told_here(opened: Opened, spec: RankingSpec, budget: Budget) -> Told:
    """The selection under every setting, beside each other."""
    others = [
        one for one in engine.analyses(opened.workspace)
        if one.dataset_hash == opened.analysis.dataset_hash and one.id != opened.analysis.id
    ]  # fmt: skip
    names = ",".join(sorted(one.content_hash for one in others))
    return _told(opened, spec, budget, others, engine.key_of(opened, spec), engine.words(spec), str(budget), names)


@st.cache_resource(max_entries=8, show_spinner=False)
def _told(
    _opened: Opened, _spec: RankingSpec, _budget: Budget, _others: list[Analysis], key: str, said: str, budget: str, names: str
) -> Told:  # fmt: skip
    wanted = settings(_spec, others=_others)
    bar = st.progress(0.0, "Choosing under other settings …")
    chosen: list[Chosen] = []
    refused = []
    for place, setting in enumerate(wanted):
        bar.progress(place / (len(wanted) + RUNS), f"{place} of {count(len(wanted), 'setting')}")
        try:
            chosen.append(_under(_opened, _others, setting, _budget))
        except GamutError as error:
            if setting.factor == OWN:
                raise
            refused.append((setting.words, str(error)))
    pool = pool_of(_opened.analysis, _opened.dataset, _spec, features=engine.active(_opened, _spec).features)
    told = matrix(chosen, n=pool.available)

    def progress(done: int, _of: int) -> None:
        bar.progress((len(wanted) + done) / (len(wanted) + RUNS), "Choosing from parts of the pool …")

    parts = np.empty(0)
    try:
        parts = stability(pool, _spec, _budget, runs=RUNS, progress=progress).kept
    except GamutError as error:
        refused.append(("parts of the pool", str(error)))
    bar.empty()
    return Told(chosen, told, by_factor(chosen, told, parts=parts), refused, pool.available)


def _under(opened: Opened, others: list[Analysis], setting: Setting, budget: Budget) -> Chosen:
    analysis = next((one for one in others if one.id == setting.spec.analysis), opened.analysis)
    features = engine.active(opened, setting.spec).features if setting.factor == OWN else None
    return choose_under(analysis, opened.dataset, setting, budget, features=features)


def under_own(
    opened: Opened, spec: RankingSpec, budget: Budget, *, activity: Activity, span: str, pooling: str
) -> tuple[Chosen, Matrix]:
    """The selection under one's own setting, and the matrix of it beside the selection as it is."""
    setting = Setting("", "", replace(spec, activity=activity, span=span), pooling)
    key = f"{engine.key_of(opened, spec)}:{engine.words(setting.spec)}:{pooling}:{budget}"
    return _own(opened, spec, setting, budget, key, engine.words(spec))


@st.cache_resource(max_entries=16, show_spinner="Choosing under these …")
def _own(
    _opened: Opened, _spec: RankingSpec, _setting: Setting, _budget: Budget, key: str, said: str
) -> tuple[Chosen, Matrix]:
    features = _features(_opened, _setting, _opened.key, engine.words(_setting.spec), _setting.pooling)
    mine = choose_under(_opened.analysis, _opened.dataset, _setting, _budget, features=features)
    asis = _under(_opened, [], Setting(OWN, "as it is", _spec), _budget)
    pool = pool_of(_opened.analysis, _opened.dataset, _spec, features=engine.active(_opened, _spec).features)
    return mine, matrix([asis, mine], n=pool.available)


def _features(opened: Opened, setting: Setting, key: str, said: str, pooling: str) -> FeatureSets:
    if pooling == "max":
        return engine.active(opened, setting.spec).features
    spec = setting.spec
    return active_sets(opened.analysis, span=spec.span, activity=spec.activity, pooling=pooling).features
