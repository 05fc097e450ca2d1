"""Alignment: how well every sample agrees with a capability, under which reading, and what that is worth."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.jobs.start import start
from core.scores.alignment import POOLINGS, needs_pass
from core.scores.capability import Capability
from core.scores.project import estimate_projection, project_words
from pages.explore.panels.alignment_answers import Scored, lengths_of, reading, scored, spread_of
from pages.explore.panels.alignment_charts import draw_layers, draw_lengths, draw_spread, spread_words
from pages.explore.panels.alignment_samples import asked, draw_samples
from pages.explore.panels.capabilities_panel import JOBS, SITE_TITLES
from pages.explore.panels.finding_panel import draw_finding
from pages.explore.panels.readings_panel import draw_readings
from pages.shared.capability_choice import fitting, looked_at
from pages.shared.engine import Opened
from pages.shared.job_view import draw_last, draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import duration, short, size, whole
from pages.shared.sample_view import open_sample
from pages.shared.shade import model_missing
from pages.shared.sidebar import current
from pages.shared.state import choose, chosen
from pages.shared.subset import current_subset

LOOKS = {"samples": "Samples to read", "finding": "Does it find its kind?", "readings": "Other readings"}
POOLING_TITLES = {"mean": "all tokens, their mean", "last": "the last token", "delta": "the last less the first"}


def draw_alignment(opened: Opened) -> None:
    """The reading, the sentence, the pictures; below, samples to read, what it finds, and other readings."""
    found = fitting(opened)
    draw_running(opened.workspace)
    draw_last(opened.workspace, JOBS)
    if not found:
        offer_capability()
        return
    one = _draw_reading(found)
    settings = reading()
    one.require(opened.analysis)
    if otherwise := one.read_otherwise(opened.analysis):
        st.caption(plain(otherwise))
    if reason := needs_pass(opened.analysis, one, settings):
        _offer_pass(opened, one, reason)
        _draw_looks(opened, one, None)
        return
    said = scored(opened, one, settings)
    _draw_answer(opened, said)
    _draw_looks(opened, one, said)
    sample_id = asked()
    if sample_id is not None:
        open_sample(opened, sample_id)


def offer_capability() -> None:
    """Nothing to show yet, and where to begin."""
    st.info("No capability of this model is learned yet: learn one first.", icon=":material/info:")
    st.button(
        "Learn a capability", type="primary", icon=":material/add:", on_click=lambda: choose(neurons_tab="capabilities")
    )


def _draw_reading(found: list[Capability]) -> Capability:
    """Which capability, and how the paper's open points are read."""
    one = looked_at(found)
    choose(capability=one.name)
    if chosen("align_site") not in one.directions:
        choose(align_site=next(iter(one.directions)))
    names, which, site, pooling, scales = [one.name for one in found], *st.columns([1.5, 1.3, 1.5, 2.6])
    which.selectbox("Capability", names, key="capability")
    site.selectbox(
        "Read at", list(one.directions), key="align_site", format_func=SITE_TITLES.get,
        help="learned without a pass of the model: the residual stream alone" if one.learned.stored else None,
    )  # fmt: skip
    pooling.selectbox("Of a sample", POOLINGS, key="align_pooling", format_func=POOLING_TITLES.get)
    with scales, st.container(horizontal=True, gap="small"):
        st.toggle("Layers on one scale", key="align_layer_z", help="z-scores of each layer over the pool")
        st.toggle("Lengths on one scale", key="align_length_z", help="z-scores within bins of like length")
        st.toggle(
            "Sign by change", key="align_by_change",
            help="the sign that the mean change from first to last token gives, not that of the token means",
        )  # fmt: skip
    return one


def _draw_answer(opened: Opened, said: Scored) -> None:
    """The sentence, and the three pictures."""
    st.subheader(plain(_sentence(said)), anchor=False)  # at once: the subset may have to be chosen first
    subset = current_subset(opened, current().selection)
    shape = spread_of(opened, said, subset)
    title = subset.title if subset else ""
    st.caption(plain(spread_words(shape, said.found, title)))
    spread, length, layers = st.columns([1.25, 1.25, 0.8], gap="medium")
    with spread:
        draw_spread(shape, title="chosen rows")
    with length:
        draw_lengths(lengths_of(opened, said))
    with layers:
        draw_layers(said.found.shares)


def _sentence(said: Scored) -> str:
    """Where the best tenth begins, which layer decides most, and whether it is a matter of length."""
    scores, shares = said.found.scores, said.found.shares
    rows = max(1, int(len(scores) * 0.1 + 0.5))
    edge = scores[said.found.best_first[rows - 1]]
    top = int(np.argmax(shares))
    words = f"The best 10 % along {said.capability.name}, {whole(rows)} samples, score {edge:.3g} and more"
    words += f"; layer {top} brings {100 * shares[top]:.0f} % of the differences"
    link = said.found.spearman
    if link is not None and abs(link) >= 0.5:
        words += f", and {'long' if link > 0 else 'short'} samples score high (ρ {link:.2f}): try lengths on one scale"
    return f"{words}."


def _offer_pass(opened: Opened, one: Capability, reason: str) -> None:
    """What the analysis does not hold is read by a pass of the model, as a job, and what that costs."""
    cost = estimate_projection(opened.workspace, opened.analysis, [one])
    time = "a time that nobody measured here" if cost.seconds is None else f"about {duration(max(1.0, cost.seconds))}"
    st.info(
        plain(
            f"{reason} A projection pass reads the {short(cost.tokens)} tokens of every sample once, {time}, and keeps the "
            f"scores of {one.name} under all {len(cost.readings)} readings that wait for it: {size(cost.disk_bytes)} at most."
        ),
        icon=":material/info:",
    )
    if missing := model_missing(opened):
        st.caption(plain(missing))
        return
    if st.button("Start the projection pass", type="primary", icon=":material/play_arrow:", key="align_project"):
        start(opened.workspace, title=f"Project {one.name}", command=project_words([one.name], opened.analysis))
        st.rerun()


def _draw_looks(opened: Opened, one: Capability, said: Scored | None) -> None:
    """What to look at closer: only the chosen part runs."""
    st.segmented_control(
        "Closer", list(LOOKS), key="align_look", required=True, format_func=LOOKS.get, label_visibility="collapsed"
    )
    with guard():
        if chosen("align_look") == "readings":
            draw_readings(opened, one)
        elif chosen("align_look") == "finding":
            draw_finding(opened, one, reading())
        elif said is not None:
            draw_samples(opened, said)
        else:
            st.caption("There are no scores to order the samples by, under this reading.")


assert set(POOLING_TITLES) == set(POOLINGS)
