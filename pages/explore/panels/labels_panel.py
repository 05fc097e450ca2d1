"""Labels of all features: what there are, how far they hold, and where more come from."""

from __future__ import annotations

import streamlit as st

from core.scores.labels.labels import ORIGIN_WORDS, OWN
from core.scores.labels.make import offline_there
from core.scores.labels.measure_texts import unmeasured
from core.scores.labels.overview import OriginOverview, label_overview
from pages.explore.panels.more_labels import draw_import, draw_model, labelling, start_labelling
from pages.shared.engine import Opened
from pages.shared.feature_words import labels_for
from pages.shared.job_view import draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import whole


def draw_labels(opened: Opened) -> None:
    """What labels there are in one line; opened, their fidelity beside the null, and where more come from."""
    found = label_overview(labels_for(opened))
    if not offline_there(opened.analysis):
        _draw_offer(opened)
    with st.expander(plain(summary(found))):
        if found:
            _draw_table(found)
        if unmeasured(opened.workspace, opened.analysis) and offline_there(opened.analysis):
            st.button(
                "Measure what is not measured yet",
                on_click=start_labelling,
                args=(opened, ["make", opened.analysis.id]),
            )
        st.markdown("**More labels**")
        elsewhere, model = st.columns(2, gap="large")
        with elsewhere, guard():
            draw_import(opened)
        with model, guard():
            draw_model(opened)
    if labelling(opened):
        draw_running(opened.workspace)


def summary(found: list[OriginOverview]) -> str:
    """Labels: 4 086 from your data, 12 your own words · AUROC 0.88 (null 0.50)."""
    if not found:
        return "Labels: none yet"
    said = ", ".join(f"{whole(own.labels)} {ORIGIN_WORDS[own.origin]}" for own in found)
    last = found[-1]
    middle = f" · AUROC {last.auroc[1]:.2f} in the middle, null {last.null[1]:.2f}" if last.measured else ""
    return f"Labels: {said}{middle}"


def _draw_table(found: list[OriginOverview]) -> None:
    st.dataframe(
        {
            "origin": [ORIGIN_WORDS[own.origin] for own in found],
            "by": [own.who for own in found],
            "labels": [own.labels for own in found],
            "measured": [_measured_words(own) for own in found],
            "AUROC: quartiles": [_quartile_words(own.auroc) for own in found],
            "null: quartiles": [_quartile_words(own.null) for own in found],
            "explain nothing": [str(own.empty) if own.measured else "" for own in found],
        },
        hide_index=True,
    )
    st.caption(
        "How surely a label tells contexts in which its feature is active from silent ones of the same category, length and "
        "position, on samples that no label was made of; 0.5 is chance. The null: labels of other features of like density "
        "on the same contexts. A label explains nothing measurable where its 95 % interval reaches down to the null."
    )


def _measured_words(own: OriginOverview) -> str:
    if own.origin == OWN:
        return "on the feature's page"
    return "not yet" if own.pending else whole(own.measured)


def _quartile_words(values: tuple[float, float, float]) -> str:
    return " · ".join(f"{value:.2f}" for value in values) if values[0] == values[0] else ""


def _draw_offer(opened: Opened) -> None:
    said, button = st.columns([4, 1.3], vertical_alignment="center")
    said.caption(
        "Features are called by the tokens they are strongest at. Labels from your own data say more, each with a measure "
        "of how far it holds."
    )
    button.button(
        "Label the features", key="label_features", width="stretch", disabled=labelling(opened),
        on_click=start_labelling, args=(opened, ["make", opened.analysis.id]),
    )  # fmt: skip
