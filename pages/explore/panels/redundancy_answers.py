"""What the Redundancy tab asks the engine, each once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.scores.feature_sets import Activity, FeatureSets
from core.scores.redundancy import redundancy_of
from core.scores.redundancy_null import Null, null_of
from core.scores.redundancy_search import Redundancy
from core.scores.redundancy_text import Agreement, agreement
from core.scores.redundant_groups import Proposal
from core.scores.redundant_marks import proposal_of
from core.scores.word_grams import word_grams
from core.selection.specification import RankingSpec, base_ids
from pages.shared import engine
from pages.shared.draft import draft_spec
from pages.shared.draft_marks import draft_marks
from pages.shared.engine import Opened
from pages.shared.redundancy import features_key
from pages.shared.state import chosen


def counted_spec(opened: Opened) -> RankingSpec:
    """The span of Budget and what counts as active here, as a specification that ranks nothing."""
    spec = draft_spec(opened, method="random")
    return spec if chosen("redundancy_counted") == "rule" else replace(spec, activity=Activity(mode="raw"))


def proposal_here(opened: Opened, spec: RankingSpec, found: Redundancy) -> Proposal:
    """Who may go by the choices on screen; cheap, and marks change at any time: not kept."""
    firm = {*draft_marks(opened.workspace, opened.dataset).pins, *base_ids(opened.dataset, spec.base).tolist()}
    return proposal_of(
        opened.workspace, opened.dataset, engine.active(opened, spec).features, found, at=chosen("redundancy_at"),
        keep=chosen("redundancy_keep"), tokens=opened.analysis.counts.conversation_tokens,
        one_each=chosen("redundancy_one_each"), also_firm=sorted(firm),
    )  # fmt: skip


def null_here(opened: Opened, spec: RankingSpec, found: Redundancy) -> Null:
    """What samples share that have nothing to do with each other."""
    return _null(opened, spec, found, opened.key, features_key(opened, spec))


@st.cache_resource(max_entries=4, show_spinner="Drawing random pairs …")
def _null(_opened: Opened, _spec: RankingSpec, _found: Redundancy, key: str, features: str) -> Null:
    return null_of(_opened.analysis, engine.active(_opened, _spec).features, _found)


@st.cache_resource(max_entries=2, show_spinner="Comparing words …")
def words_here(_opened: Opened, key: str) -> tuple[FeatureSets, Redundancy]:
    """The runs of four words of every sample, and their redundancy."""
    runs = word_grams(_opened.dataset)
    return runs, redundancy_of(_opened.analysis, runs)


def agreement_here(opened: Opened, spec: RankingSpec, found: Redundancy, *, at: float, words_at: float) -> Agreement:
    """Near-copies by features beside those by words."""
    words, by_words = words_here(opened, opened.key)
    return agreement(engine.active(opened, spec).features, found, words, by_words, at=at, words_at=words_at)
