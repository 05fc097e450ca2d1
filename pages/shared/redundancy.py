"""The largest overlap of every sample with another: looked up, computed where that takes a moment, else by a job of its own."""

from __future__ import annotations

import streamlit as st

from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.redundancy import features_hash, has_redundancy, redundancy_of, redundancy_words
from core.scores.redundancy_search import Redundancy, seconds_of
from core.selection.specification import RankingSpec
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.job_view import draw_running
from pages.shared.numbers import count, duration

ON_SCREEN = 4.0  # seconds that nobody minds waiting for, once


def redundancy_here(opened: Opened, spec: RankingSpec) -> Redundancy | None:
    """By the features active under a specification; None where a job has yet to compute it (`draw_start`)."""
    key = features_key(opened, spec)
    if seconds_of(engine.active(opened, spec).features) > ON_SCREEN and not has_redundancy(opened.analysis, key):
        return None
    return _redundancy(opened, spec, opened.key, key)


def features_key(opened: Opened, spec: RankingSpec) -> str:
    """The feature sets of a specification as a plain value, for caches."""
    rule = spec.activity
    return _hash(opened, spec, opened.key, spec.span, rule.mode, rule.quantile, rule.theta)


@st.cache_data(max_entries=32, show_spinner=False)
def _hash(
    _opened: Opened, _spec: RankingSpec, key: str, span: str, mode: str, quantile: float | None, theta: float
) -> str:
    return features_hash(engine.active(_opened, _spec).features)


@st.cache_resource(max_entries=4, show_spinner="Comparing samples …")
def _redundancy(_opened: Opened, _spec: RankingSpec, key: str, features: str) -> Redundancy:
    return redundancy_of(_opened.analysis, engine.active(_opened, _spec).features)


def draw_start(opened: Opened, spec: RankingSpec) -> None:
    """What the screen shows instead: the button that starts the job, then its progress."""
    command = redundancy_words(opened.analysis, span=spec.span, activity=spec.activity)
    if any(not job.ended and job.spec.command == command for job in jobs(opened.workspace)):
        st.info("Samples are being compared; the result is kept.", icon=":material/hourglass_top:")
        draw_running(opened.workspace)
        return
    samples = count(opened.analysis.n_samples, "sample")
    takes = duration(seconds_of(engine.active(opened, spec).features))
    st.info(
        f"Comparing {samples} with each other takes about {takes}: it is done once, in the background, and kept.",
        icon=":material/info:",
    )
    if st.button("Compare them", type="primary", key="redundancy_start"):
        start(opened.workspace, title=f"Near-copies in {opened.analysis.name}", command=command)
        st.rerun()
