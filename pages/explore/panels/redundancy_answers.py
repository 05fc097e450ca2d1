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
from core.scores.redundant_marks import marks_of, proposal_of
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
    """Who may go by the choices on screen; made anew when a mark is."""
    draft = draft_marks(opened.workspace, opened.dataset)
    firm = tuple(sorted({*draft.pins, *base_ids(opened.dataset, spec.base).tolist()}))
    marks = marks_of(opened.workspace, opened.dataset)
    choices = (chosen("redundancy_at"), chosen("redundancy_keep"), chosen("redundancy_one_each"))
    return _proposal(opened, spec, found, opened.key, features_key(opened, spec), *choices, firm, marks)


@st.cache_resource(max_entries=16, show_spinner=False)
def _proposal(
    _opened: Opened, _spec: RankingSpec, _found: Redundancy, key: str, features: str, at: float, keep: str, one_each: bool,
    firm: tuple[int, ...], marks: tuple,
) -> Proposal:  # fmt: skip
    return proposal_of(
        _opened.workspace, _opened.dataset, engine.active(_opened, _spec).features, _found, at=at, keep=keep,
        tokens=_opened.analysis.counts.conversation_tokens, one_each=one_each, also_firm=firm,
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
