"""A neuron's own page: how it varies, the samples in which it is highest and lowest, and its tokens."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.neuron_samples import ends_of, kept_words, values_of_neuron
from core.selection.neuron_answer import SITE_WORDS
from core.store.sample_table import sample_rows
from pages.explore.panels.heat_answers import words_of
from pages.explore.panels.neuron_tokens import draw_tokens
from pages.shared.charts import QUIET, ink
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.sample_view import first_words, open_sample
from pages.shared.state import choose, chosen

EACH = 10
BINS = 60
ASKED = "_asked_of_neuron"
ENDS = {"high": "highest", "low": "lowest"}


def draw_neuron(opened: Opened) -> None:
    """Everything of one neuron, above the fold how it varies; the way back keeps the picture as it was."""
    layer, neuron = (int(part) for part in chosen("neuron").split("."))
    site = chosen("heat_site")
    back, title = st.columns([1, 5], vertical_alignment="center")
    back.button("The heatmap", key="neuron_back", icon=":material/arrow_back:", on_click=lambda: choose(neuron=""))
    title.subheader(f"{SITE_WORDS[site].capitalize()} {neuron} of layer {layer}", anchor=False)
    values = _values(opened, opened.key, site, layer, neuron)
    known = values[~np.isnan(values)]
    if not len(known):
        st.info(
            "No sample keeps this neuron among its strongest, so nothing can be told of it.", icon=":material/info:"
        )
        return
    up, down = (ids.tolist() for ids in ends_of(values, EACH))
    st.caption(plain(_about(opened, site, values, known)))
    _draw_spread(known)
    for column, end, ids in zip(st.columns(2, gap="medium"), ENDS, (up, down), strict=True):
        with column:
            _draw_end(opened, site, (layer, neuron), end, ids, values)
    if ASKED in st.session_state:
        open_sample(opened, st.session_state.pop(ASKED))
    draw_tokens(opened, site, layer, neuron, {"high": up, "low": down})


@st.cache_resource(max_entries=32, show_spinner="Reading the neuron in every sample …")
def _values(_opened: Opened, key: str, site: str, layer: int, neuron: int) -> np.ndarray:
    return values_of_neuron(_opened.analysis, layer, neuron, site=site)


def _about(opened: Opened, site: str, values: np.ndarray, known: np.ndarray) -> str:
    held = (
        f"{count(len(known), 'sample')}"
        if len(known) == len(values)
        else f"{whole(len(known))} of {count(len(values), 'sample')}"
    )
    said = (
        f"Its mean over a sample's tokens, in {held}: {known.mean():+.3g} on average, spread {known.std():.3g}, from "
        f"{known.min():+.3g} to {known.max():+.3g}."
    )
    return f"{said} {kept_words(opened.analysis) if site == 'mlp' else ''}".strip()


def _draw_spread(known: np.ndarray) -> None:
    counts, edges = np.histogram(known, bins=BINS)
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges), marker={"color": ink(), "opacity": 0.55},
        hovertemplate="%{y:,d} samples at about %{x:.3g}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=150, margin={"l": 0, "r": 8, "t": 6, "b": 0}, bargap=0, dragmode=False, separators=".\u202f",
        xaxis={"title": "mean over a sample's tokens", "fixedrange": True}, yaxis={"title": "samples", "fixedrange": True},
    )  # fmt: skip
    st.plotly_chart(figure, config=QUIET, width="stretch", theme="streamlit", key="neuron_spread")


def _draw_end(opened: Opened, site: str, place: tuple[int, int], end: str, ids: list[int], values: np.ndarray) -> None:
    (words,) = words_of(opened, site, [place], [end == "high"])
    st.markdown(f"**Samples in which it is {ENDS[end]}**")
    st.caption(
        plain("Tokens that stand out in the first eight: " + " · ".join(words))
        if words
        else "No token stands out in them.",
        help="tokens that many of them have and few other samples: told of the samples as wholes",
    )
    rows = sample_rows(opened.dataset, ids)
    key = f"neuron_{end}"
    st.dataframe(
        {
            "sample": ids,
            "mean": [float(values[i]) for i in ids],
            "tokens": opened.analysis.counts.scored_tokens[ids].tolist(),
            "begins with": [first_words(row.turns) for row in rows],
        },
        hide_index=True, row_height=30, key=key, selection_mode="single-cell", on_select=lambda: _clicked(key, ids),
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=70),
            "mean": st.column_config.NumberColumn(format="%+.3g", width=66),
            "tokens": st.column_config.NumberColumn(width=60, help="tokens that count"),
            "begins with": st.column_config.TextColumn(width="medium"),
        },
    )  # fmt: skip


def _clicked(key: str, ids: list[int]) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]
