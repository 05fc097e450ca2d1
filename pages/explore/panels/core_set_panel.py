"""The core set: rows that several capabilities choose, to read and to send on."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.selection.together import core_of
from core.store.people import PIN, set_marks
from core.store.sample_groups import save_group
from pages.explore.panels.together_answers import Chosen
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.sample_view import first_words
from pages.shared.state import choose, chosen

PAGE = 50
ASKED, TOLD = "_core_asked", "_core_told"


def draw_core(opened: Opened, said: Chosen) -> None:
    """How many rows at least so many capabilities choose, the rows themselves, and the ways on."""
    core, names = core_of(said.picks), len(said.picks.names)
    if chosen("together_least") > names:
        choose(together_least=names)
    field, words = st.columns([1, 2], vertical_alignment="bottom")
    least = int(
        field.number_input(
            "Chosen under at least", min_value=1, max_value=names, step=1, key="together_least", help="capabilities"
        )
    )
    ids = core.ids(least)
    words.caption(
        plain(
            f"{count(len(ids), 'row')} of the pool; independent random choices would share {by_chance(core.expected[least - 1])}."
        )
    )
    if not len(ids):
        st.caption("No row is chosen under so many: ask for fewer, or take a larger budget on Budget.")
        return
    _draw_rows(opened, ids, core.chosen_by)
    _draw_ways(opened, said, ids, least)


def by_chance(expected: float) -> str:
    """How many rows are expected, in words: no row is chosen in parts."""
    return whole(round(expected)) if expected >= 0.5 else "none"


def asked() -> int | None:
    """The sample that was clicked in this run, once."""
    return st.session_state.pop(ASKED, None)


def _draw_rows(opened: Opened, ids: np.ndarray, chosen_by: np.ndarray) -> None:
    """A page of the rows; a click opens one."""
    pages = -(-len(ids) // PAGE)
    key = f"core_{len(ids)}_{int(ids[0])}"
    at = st.pagination(pages, key=f"{key}_page", max_visible_pages=3) if pages > 1 else 1
    part = ids[(at - 1) * PAGE : at * PAGE].tolist()
    turns = dict(opened.dataset.conversations(part))
    st.dataframe(
        {
            "sample": part, "under": chosen_by[part].tolist(),
            "tokens": opened.analysis.counts.conversation_tokens[part].tolist(),
            "begins with": [first_words(turns[sample_id]) for sample_id in part],
        },
        hide_index=True, key=f"{key}_{at}", row_height=30, height=min(230, 38 + 30 * len(part)),
        selection_mode="single-cell", on_select=lambda: _ask(f"{key}_{at}", part),
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=70, help="a click opens it"),
            "under": st.column_config.NumberColumn(width=56, help="capabilities that choose it"),
            "tokens": st.column_config.NumberColumn(width=60),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip


def _ask(key: str, ids: list[int]) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]


def _draw_ways(opened: Opened, said: Chosen, ids: np.ndarray, least: int) -> None:
    """On to Budget as pins, or to any screen as a named group."""
    pin, name, save = st.columns([1.2, 1.5, 1], vertical_alignment="bottom")
    if pin.button(
        f"Pin these {whole(len(ids))}", key="core_pin", width="stretch",
        help="they come first in every selection of this data set from now on",
    ):  # fmt: skip
        set_marks(opened.workspace, opened.dataset.content_hash, ids.tolist(), PIN)
        st.session_state[TOLD] = f"{count(len(ids), 'row')} pinned; Budget takes them first."
    called = name.text_input("As a group called", key="core_name", placeholder=f"core-{least}").strip()
    if save.button(
        "Save group",
        key="core_save",
        width="stretch",
        help="for A against B, for quotas, and to learn a capability from",
    ):
        with guard():
            group = save_group(
                opened.workspace, called or f"core-{least}", dataset=opened.dataset, ids=ids.tolist(),
                made_from=_made_from(said, least),
            )  # fmt: skip
            st.session_state[TOLD] = f"Group {group.name}: {count(len(group.ids), 'row')}."
    if told := st.session_state.pop(TOLD, None):
        st.success(plain(told))


def _made_from(said: Chosen, least: int) -> str:
    """The core set in a sentence, for whoever meets the group later."""
    return f"chosen under at least {least} of the capabilities {', '.join(said.picks.names)}, {whole(said.picks.rows)} rows each"
