"""Under a text of one's own: its features, its neurons, and the samples that are like it."""

from __future__ import annotations

import math

import streamlit as st

from core.activations.reading import Reading
from core.scores.own_text import FeatureHere, like_samples, neurons_here
from core.store.sample_table import sample_rows
from pages.shared import engine
from pages.shared.draft import draft_spec
from pages.shared.feature_words import feature_words
from pages.shared.numbers import count
from pages.shared.sample_view import first_words, open_sample
from pages.shared.state import choose

PAGE = 100
NEURONS = 6  # of a layer that are shown
LIKE = 20
FEATURES, SAMPLES = "try_features", "try_samples"
ASKED = "_asked_like"


def draw_features(opened: engine.Opened, reading: Reading, here: list[FeatureHere], shaded: int | None) -> None:
    """The features of the text, the relatively strongest first; a click shades the text by another."""
    if not here:
        return
    pages = math.ceil(len(here) / PAGE)
    page = min(st.pagination(pages, key="try_page", max_visible_pages=5), pages) if pages > 1 else 1
    rows = here[(page - 1) * PAGE : page * PAGE]
    ids = [row.feature_id for row in rows]
    words, total = feature_words(opened, ids), opened.analysis.n_samples
    st.dataframe(
        {
            "shaded": ["shaded" if row.feature_id == shaded else "" for row in rows],
            "feature": ids,
            "in words": [words[row.feature_id] for row in rows],
            "maximum": [row.max for row in rows],
            "of the most, %": [100 * row.relative if math.isfinite(row.relative) else None for row in rows],
            "tokens": [row.tokens for row in rows],
            "samples, %": [100 * row.samples / total for row in rows],
            "strongest at": [_around(reading, row.position) for row in rows],
        },
        hide_index=True,
        height=min(420, 36 + 30 * len(rows)),
        row_height=30,
        key=FEATURES,
        on_select=lambda: _shade_clicked(ids),
        selection_mode="single-cell",
        column_config={
            "shaded": st.column_config.TextColumn("", width=58),
            "feature": st.column_config.NumberColumn(format="%d", width=68),
            "in words": st.column_config.TextColumn(width=270),
            "maximum": st.column_config.NumberColumn(format="%.3g", width=76),
            "of the most, %": st.column_config.NumberColumn(
                format="%.3g", width=96, help="of its maximum over the data set; empty where it is never active there"
            ),
            "tokens": st.column_config.NumberColumn(width=58, help="tokens of this text at which it is active"),
            "samples, %": st.column_config.NumberColumn(
                format="%.3g", width=84, help="share of the data set's samples in which it is active at θ = 0"
            ),
            "strongest at": st.column_config.TextColumn(width=190),
        },
    )


def _around(reading: Reading, position: int) -> str:
    before, after = reading.tokens[max(0, position - 3) : position], reading.tokens[position + 1 : position + 3]
    return f"{''.join(before)}⟦{reading.tokens[position]}⟧{''.join(after)}".replace("\n", "↵")


def _shade_clicked(ids: list[int]) -> None:
    cells = st.session_state[FEATURES]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        choose(shaded=ids[cells[0][0]])


def draw_neurons(opened: engine.Opened, reading: Reading) -> None:
    """By layer the neurons of largest absolute mean, each with its mean over the data set in brackets."""
    layers = neurons_here(opened.analysis, reading)
    if not layers:
        st.info("It is not known where this kind of model keeps its MLP neurons, or no token of the text counts.")
        return
    table: dict[str, list] = {"layer": list(range(len(layers)))}
    for place in range(min(NEURONS, len(layers[0]))):
        table[f"{place + 1}."] = [_neuron(layer[place]) for layer in layers]
    st.dataframe(table, hide_index=True, column_config={"layer": st.column_config.NumberColumn(width=60)})
    st.caption(
        "MLP neurons (after the non-linearity) of largest absolute mean over the counted tokens: number, mean here, "
        "and in brackets the mean over all of the data set."
    )


def _neuron(neuron) -> str:
    usual = "" if neuron.usual is None else f" ({neuron.usual:+.2f})"
    return f"{neuron.neuron}: {neuron.mean:+.2f}{usual}"


def draw_like(opened: engine.Opened, reading: Reading) -> None:
    """The samples that share the most features, a rare one weighing more; a click opens one."""
    sets = engine.active(opened, draft_spec(opened))
    active, found = like_samples(sets.features, sets.cut, reading, limit=LIKE)
    if not found:
        st.info(f"Of this text {count(active, 'feature')} are active by the rule on Budget; no sample shares any.")
        return
    st.caption(
        f"{count(active, 'feature')} of this text are active by the rule on Budget. Samples that share the most of them, "
        "a rare feature weighing more than a common one; click one to read it."
    )
    ids = [near.sample_id for near in found]
    if ASKED in st.session_state:
        open_sample(opened, st.session_state.pop(ASKED))
    rows = sample_rows(opened.dataset, ids)
    st.dataframe(
        {
            "sample": ids,
            "begins with": [first_words(row.turns) for row in rows],
            "shared": [near.shared for near in found],
            "likeness, %": [100 * near.likeness for near in found],
            "Jaccard, %": [100 * near.jaccard for near in found],
        },
        hide_index=True,
        row_height=30,
        key=SAMPLES,
        on_select=lambda: _sample_clicked(ids),
        selection_mode="single-cell",
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=76),
            "begins with": st.column_config.TextColumn(width=520),
            "shared": st.column_config.NumberColumn(width=70, help="active features that both hold"),
            "likeness, %": st.column_config.NumberColumn(
                format="%.3g", width=90, help="of the weights of all features that either holds, those of both"
            ),
            "Jaccard, %": st.column_config.NumberColumn(format="%.3g", width=84),
        },
    )


def _sample_clicked(ids: list[int]) -> None:
    cells = st.session_state[SAMPLES]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]
