"""The chosen samples as a table, and any sample looked up by its id."""

from __future__ import annotations

import math

import streamlit as st

from core.selection.ranking import Ranking
from pages.shared.engine import Opened
from pages.shared.numbers import count
from pages.shared.sample_view import first_words

PAGE = 100
ASKED = "_asked_sample"


def draw_picks(opened: Opened, chosen: Ranking, whole: Ranking) -> None:
    """The picks in order, a page at a time, out of the whole ranking; a click on one asks for it."""
    pages = max(1, math.ceil(len(chosen) / PAGE))
    page = min(st.pagination(pages, key="picks_page", max_visible_pages=3), pages)  # always: nothing jumps as it grows
    rows = slice((page - 1) * PAGE, page * PAGE)
    ids = chosen.sample_ids[rows].tolist()
    page_of = whole.sample_ids[rows].tolist()  # the whole page: the same however far the slider stands
    words = _beginnings(opened, opened.dataset.content_hash, tuple(page_of if page_of[: len(ids)] == ids else ids))
    st.dataframe(
        {
            "place": list(range(rows.start + 1, rows.start + 1 + len(ids))),
            "sample": ids,
            "new": chosen.gains[rows].tolist(),
            "round": chosen.rounds[rows].tolist(),
            "tokens": opened.analysis.counts.conversation_tokens[ids].tolist() if ids else [],
            "begins with": words[: len(ids)],
        },
        hide_index=True,
        height=330,
        key="picks",
        row_height=30,
        on_select=lambda: _ask_clicked(ids),
        selection_mode="single-cell",
        column_config={
            "place": st.column_config.NumberColumn(width=46, help="pinned samples come first"),
            "sample": st.column_config.NumberColumn(format="#%d", width=60),
            "new": st.column_config.NumberColumn(width=44, help="features it was the first of its round to cover"),
            "round": st.column_config.NumberColumn(width=46),
            "tokens": st.column_config.NumberColumn(width=54),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )


@st.cache_data(max_entries=256, show_spinner=False)
def _beginnings(_opened: Opened, dataset_hash: str, ids: tuple[int, ...]) -> list[str]:
    """How some samples begin."""
    said = dict(_opened.dataset.conversations(list(ids))) if ids else {}
    return [first_words(said[sample_id]) for sample_id in ids]


def _ask_clicked(ids: list[int]) -> None:
    cells = st.session_state["picks"]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]


def draw_look_up(opened: Opened) -> None:
    """A field that opens any sample by its id."""
    last = opened.analysis.n_samples - 1
    field, button = st.columns([3, 1.3], vertical_alignment="bottom")
    sample_id = field.number_input(
        "Why not this one? Sample id",
        min_value=0,
        max_value=last,
        value=None,
        step=1,
        placeholder=f"0 to {last}",
        key="look_up",
    )
    if button.button("Open", disabled=sample_id is None, width="stretch"):
        st.session_state[ASKED] = sample_id


def ask(sample_id: int) -> None:
    """Ask for the drawer of a sample: allowed in callbacks."""
    st.session_state[ASKED] = sample_id


def asked_sample() -> int | None:
    """The sample that was asked for in this run, once."""
    return st.session_state.pop(ASKED, None)


def marks_words(kind: str, ids: tuple[int, ...]) -> str:
    """3 samples pinned: #4, #19, #200."""
    shown = ", ".join(f"#{sample_id}" for sample_id in ids[:30])
    return f"{count(len(ids), 'sample')} {kind}" + (f": {shown}" if ids else "") + (" …" if len(ids) > 30 else "")
