"""The left-out samples as a list: a screenful around the one that is read, each with the picks that cover it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.selection.coverers import coverers, nearest_pick
from core.selection.left_out import NEAR
from core.selection.pool import Pool
from core.selection.select import Selected
from pages.select.panels.queue_place import Queue
from pages.shared.cover_words import covered_by_words
from pages.shared.engine import Opened
from pages.shared.sample_view import first_words
from pages.shared.state import choose

PAGE = 10
GREY = "color: #8A8F98"


def draw_left_out_list(opened: Opened, pool: Pool, selected: Selected, queue: Queue) -> None:
    """The part of the left-out list that one is in, each with who covers it; near-repetitions in grey."""
    number = int(np.searchsorted(queue.shown, queue.at))
    first = number - number % PAGE
    places = queue.shown[first : first + PAGE]
    samples = queue.ids[places].tolist()
    covered = coverers(pool.features, selected.ranking, samples)
    words = dict(opened.dataset.conversations(samples))
    alike = nearest_pick(pool.features, selected.ranking, np.array(samples, np.int32))[1]
    near = (alike >= NEAR).tolist()
    frame = pd.DataFrame(
        {
            "": ["▸" if place == queue.at else "" for place in places],
            "place": places + 1,
            "sample": samples,
            "already covered by": [covered_by_words(one) for one in covered],
            "alike, %": 100 * alike,
            "lacking": [one.lacking for one in covered],
            "begins with": [first_words(words[sample_id]) for sample_id in samples],
        }
    )
    styled = frame.style.apply(lambda row: [GREY if near[row.name] else ""] * len(row), axis=1)
    st.dataframe(
        styled,
        hide_index=True,
        height=38 + 28 * len(samples),
        row_height=28,
        key="queue_left",
        selection_mode="single-cell",
        on_select=lambda: _go_to_clicked(places.tolist()),
        column_config={
            "": st.column_config.TextColumn(width=24),
            "place": st.column_config.NumberColumn(width=50, format="%d"),
            "sample": st.column_config.NumberColumn(format="#%d", width=64),
            "already covered by": st.column_config.TextColumn(
                width=300, help="the picks that share most with it, and how many of its features each adds"
            ),
            "alike, %": st.column_config.NumberColumn(
                format="%.0f", width=64, help="features shared with the pick most like it, of all that either has"
            ),
            "lacking": st.column_config.NumberColumn(width=64, help="features of it that the selection does not have"),
            "begins with": st.column_config.TextColumn(width=380),
        },
    )
    if any(near):
        st.caption(
            f"Grey: close to a repetition: one pick shares {100 * NEAR:.0f} % or more of the features that either has."
        )


def _go_to_clicked(places: list[int]) -> None:
    cells = st.session_state["queue_left"]["selection"]["cells"]
    if cells and cells[0][0] < len(places):
        choose(place=places[cells[0][0]] + 1)
