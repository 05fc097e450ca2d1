"""The neurons in view as a table, a page at a time, and what is shown as files."""

from __future__ import annotations

import math

import streamlit as st

from core.scores.heatmap import Cells, Window
from core.selection.neuron_answer import SITE_WORDS, cells_csv, rows_of, table_csv
from pages.explore.panels.heat_answers import Drawn, listed, words_of
from pages.explore.panels.heat_zoom import draw_arrangement
from pages.shared.engine import Opened
from pages.shared.numbers import count
from pages.shared.state import choose

PAGE = 20
TABLE = "heat_table"


def draw_table(opened: Opened, one: Drawn, window: Window, pictures: dict[str, Cells]) -> None:
    """The neurons of largest magnitude in view; a click opens a neuron's page."""
    places = listed(one, window)
    if not places:
        return
    pages = math.ceil(len(places) / PAGE)
    order, cell, bar, neurons, picture = st.columns([1.9, 1.7, 2.2, 1.15, 1.05], vertical_alignment="center")
    draw_arrangement(one, next(iter(pictures.values())).size, order, cell)
    with bar:
        page = min(st.pagination(pages, key="heat_page", max_visible_pages=3), pages) if pages > 1 else 1
    shown = places[(page - 1) * PAGE : page * PAGE]
    _draw_page(opened, one, shown)
    _draw_files(one, window, places, pictures, neurons, picture)


def _draw_files(one: Drawn, window: Window, places: list, pictures: dict[str, Cells], neurons, cells) -> None:
    noun = SITE_WORDS[one.picture.question.site]
    neurons.download_button(
        f"{noun.capitalize()}s", lambda: "".join(table_csv(one.picture, one.unit, places)).encode(), f"{noun}s.csv",
        "text/csv", on_click="ignore", icon=":material/download:", width="stretch",
        help=f"{count(len(places), noun)} in view, every value, as CSV",
    )  # fmt: skip
    by_rank = window.order == "value"
    cells.download_button(
        "Picture",
        lambda: "\n".join("".join(cells_csv(own, by_rank=by_rank)) for own in pictures.values()).encode(),
        "heatmap.csv", "text/csv", on_click="ignore", icon=":material/download:", width="stretch",
        help="the cells as drawn, as CSV",
    )  # fmt: skip


def _draw_page(opened: Opened, one: Drawn, shown: list[tuple[int, int]]) -> None:
    picture = one.picture
    rows = rows_of(picture, one.unit, shown)
    words = words_of(opened, picture.question.site, shown, [bool(one.values[place] >= 0) for place in shown])
    number = st.column_config.NumberColumn
    noun = SITE_WORDS[picture.question.site]
    columns: dict[str, list] = {
        "rank": [row.rank for row in rows], "layer": [row.layer for row in rows], noun: [row.neuron for row in rows],
        "mean in A": [row.a for row in rows],
    }  # fmt: skip
    if picture.b is not None:
        columns |= {"mean in B": [row.b for row in rows], "difference": [row.difference for row in rows]}
    if picture.b is not None and picture.spread is not None:
        columns |= {
            "in spreads": [row.spreads for row in rows],
            "beyond chance": ["yes" if row.beyond else "no" for row in rows],
        }
    columns["tokens that stand out"] = [" · ".join(own) for own in words]
    st.dataframe(
        columns, hide_index=True, row_height=30, height=38 + 30 * len(rows), key=TABLE, selection_mode="single-cell",
        on_select=lambda: _clicked(shown),
        column_config={
            "rank": number(width=58, help="by magnitude of what is shown, among all neurons of the model"),
            "layer": number(width=56), noun: number(format="%d", width=66 if noun == "neuron" else 82),
            "mean in A": number(format="%.4g", width=86), "mean in B": number(format="%.4g", width=86),
            "difference": number(format="%+.4g", width=86),
            "in spreads": number(format="%+.3f", width=82, help="the difference over the neuron's spread over the samples"),
            "beyond chance": st.column_config.TextColumn(
                width=96, help="farther than the farthest neuron of the model is in 95 % of random groups of the same sizes"
            ),
            "tokens that stand out": st.column_config.TextColumn(
                width="medium",
                help="in the eight samples where it is highest (or lowest, where A is lower): tokens that many of them have "
                "and few others; of the samples as wholes, not of single tokens",
            ),
        },
    )  # fmt: skip


def _clicked(shown: list[tuple[int, int]]) -> None:
    cells = st.session_state[TABLE]["selection"]["cells"]
    if cells and cells[0][0] < len(shown):
        layer, neuron = shown[cells[0][0]]
        choose(neuron=f"{layer}.{neuron}")
