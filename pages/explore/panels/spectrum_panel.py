"""Spectrum: which features are dead, rare, common or ubiquitous, who carries the rare ones, and how many count."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.length_correlation import Estimate
from core.scores.spectrum import DRAWS, KINDS, MOST_ROWS, Bounds, Carrier, Spectrum, hill_numbers
from core.selection.diversity_report import carrier_columns
from core.selection.diversity_words import spectrum_sentence
from pages.explore.panels.diversity_answers import (
    by_words,
    carried,
    choose_among,
    chosen_bounds,
    counted_words,
    diversity_of,
    draw_counted,
)
from pages.explore.panels.feature_charts import accent
from pages.explore.panels.group_chart import group_figure
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import measured, whole
from pages.shared.state import choose

MOST_GROUPS = 14
COLOURS = {"rare": "#D55E00", "common": "", "ubiquitous": "#0072B2"}
HOW = (
    "Effective number: the exponential of the entropy of the features' shares of all holdings; as many equally common features "
    "would be as diverse. Larger and longer groups reach more features, so beside each group stand random samples of all, as "
    "many in each group of like length."
)


def draw_spectrum(opened: Opened) -> None:
    """The choices, the sentence, the spectrum, who carries the rare features, effective numbers."""
    column = _draw_choices(opened)
    bounds = chosen_bounds()
    diversity = diversity_of(opened)
    found, carriers = diversity.spectrum(bounds), carried(opened, column, bounds)
    orders = hill_numbers(found.samples)
    st.subheader(plain(spectrum_sentence(found.counts, orders[1], carriers)), anchor=False)
    st.caption(
        f"Active by {counted_words(opened)}. Rare: in at most {bounds.rare:g} % of the samples; ubiquitous: in at least "
        f"{bounds.ubiquitous:g} %. Hill numbers of order 0, 1, 2: {', '.join(whole(round(n)) for n in orders)}.",
        help=HOW,
    )
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.plotly_chart(
            spectrum_figure(found, bounds), key="spectrum_chart", config=QUIET, width="stretch", theme="streamlit"
        )
    shown = sorted(carriers, key=lambda one: -one.samples)[:MOST_GROUPS]
    with right:
        _draw_effective(shown)
    if len(carriers) > len(shown):
        st.caption(f"The {len(shown)} largest of {len(carriers)} groups in the picture; the table holds all.")
    _draw_table(carriers, column)


def _draw_choices(opened: Opened) -> str:
    counted, group, rare, ubiquitous = st.columns([1.2, 1, 0.9, 0.9], vertical_alignment="bottom")
    with counted:
        draw_counted()
    with group:
        column = choose_among("carried_by", carrier_columns(opened.dataset), "Carried by", by_words)
    rare.number_input("Rare: at most % of samples", 0.001, 50.0, step=0.1, format="%g", key="rare")
    bounds = chosen_bounds()
    choose(ubiquitous=bounds.ubiquitous)  # lifted above rare where it was not
    ubiquitous.number_input(
        "Ubiquitous: at least %", bounds.rare * (1 + 1e-9), 100.0, step=1.0, format="%g", key="ubiquitous"
    )
    return column


def spectrum_figure(found: Spectrum, bounds: Bounds) -> go.Figure:
    """Live features by the share of samples that hold them, a colour a kind."""
    edges, counts = found.histogram()
    middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    kinds = np.where(middle <= bounds.rare, "rare", np.where(middle >= bounds.ubiquitous, "ubiquitous", "common"))
    figure = go.Figure()
    for kind in KINDS[1:]:
        own = kinds == kind
        figure.add_bar(
            x=middle[own], y=counts[own], width=width[own], marker_color=COLOURS[kind] or accent(),
            name=f"{kind} {whole(found.counts[kind])}",
            customdata=[
                f"{low:.3g} to {high:.3g} % of samples: {whole(int(n))} features"
                for low, high, n in zip(edges[:-1][own], edges[1:][own], counts[own], strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    for bound in (bounds.rare, bounds.ubiquitous):
        figure.add_vline(x=bound, line={"color": "#8A8F98", "width": 1, "dash": "dot"})
    figure.update_layout(
        height=370, margin={"l": 0, "r": 8, "t": 8, "b": 0}, bargap=0, barmode="overlay", dragmode=False,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"}, separators=".\u202f",
        xaxis={"type": "log", "title": "share of the samples that hold a feature, % (logarithmic)", "fixedrange": True,
               "tickvals": [0.001, 0.01, 0.1, 1, 10, 100], "ticktext": ["0.001", "0.01", "0.1", "1", "10", "100"]},
        yaxis={"title": f"features; {whole(found.counts['dead'])} dead ones not shown", "tickformat": ",d", "fixedrange": True},
    )  # fmt: skip
    return figure


def _draw_effective(shown: list[Carrier]) -> None:
    ordered = sorted(shown, key=lambda one: -one.effective)
    figure = group_figure(
        [one.name for one in ordered], [Estimate(one.effective) for one in ordered],
        beside=[(one.null_low, one.null_high) for one in ordered], beside_title=f"{DRAWS} random sets of the same lengths",
        title="effective number of features", height=370,
    )  # fmt: skip
    st.plotly_chart(figure, key="effective_chart", config=QUIET, width="stretch", theme="streamlit")


def _draw_table(carriers: list[Carrier], column: str) -> None:
    st.markdown(f"**Who carries the rare features, by {by_words(column)}**")
    st.dataframe(
        {
            "group": [one.name for one in carriers],
            "samples": [one.samples for one in carriers],
            "of the samples": [one.share_of_samples for one in carriers],
            "of the tokens": [one.share_of_tokens for one in carriers],
            "of the rare": [one.share_of_rare for one in carriers],
            "rare a token, × pool": [one.rare_per_token for one in carriers],
            "effective number": [one.effective for one in carriers],
            "same lengths": [f"{measured(one.null_low)} to {measured(one.null_high)}" for one in carriers],
        },
        hide_index=True, row_height=30, height=38 + 30 * min(14, len(carriers)),
        column_config={
            "group": st.column_config.TextColumn(width=190),
            **{
                name: st.column_config.NumberColumn(format="percent", width=100, help=about)
                for name, about in {
                    "of the samples": "share of all samples", "of the tokens": "share of all scored tokens",
                    "of the rare": "share of all (sample, rare feature) pairs",
                }.items()
            },
            "rare a token, × pool": st.column_config.NumberColumn(
                format="%.2f", help="its rare holdings a scored token over those of all samples: 1 is what its length brings"
            ),
            "effective number": st.column_config.NumberColumn(format="%.0f"),
        },
    )  # fmt: skip
    large = [one for one in carriers if one.drawn < one.samples]
    if large:
        st.caption(
            f"Effective numbers of groups of more than {whole(MOST_ROWS)} samples are those of so many of them, on both sides."
        )
