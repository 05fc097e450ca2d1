"""The samples of a data set: filtered, a page at a time, each as a parsed conversation beside its raw record."""

from __future__ import annotations

import json
import math

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.people import BAN, ban_unpinned, clear_marks, marked
from core.store.sample_filter import SampleFilter, matching
from core.store.sample_table import SampleRow, sample_rows
from core.workspace import Workspace
from pages.data.panels.filter_bar import draw_bar
from pages.data.panels.statistics_panel import figures_of, key_of_figures
from pages.shared.filter_choice import choose_filter, chosen_filter, filter_text
from pages.shared.messages import guard, plain, say_error
from pages.shared.numbers import count, whole
from pages.shared.sample_view import draw_record, draw_turns, first_words

PAGE = 100
HEIGHT = 420  # of a sample, in pixels: long ones scroll
TABLE = "samples_table"
OPEN = "_open_sample"
REASON = "filter"  # of bans made here, in one click for many


def draw_samples(dataset: Dataset, workspace: Workspace) -> None:
    """Filter bar, the page of samples that it lets through, what may be done with all of them, and one to read."""
    with guard():
        draw_bar(figures_of(dataset))
    wanted = chosen_filter()
    try:
        ids = _matches(dataset, key_of_figures(dataset), filter_text(wanted))
    except GamutError as error:  # a link, or a filter made for another data set
        say_error(error)
        st.button("Clear the filter", key="filter_clear", on_click=choose_filter, args=(SampleFilter(),))
        return
    _draw_matches(dataset, workspace, wanted, ids)
    if len(ids):
        _draw_page(dataset, workspace, wanted, ids)


@st.cache_resource(max_entries=16, show_spinner="Looking …")
def _matches(_dataset: Dataset, key: str, said: str) -> np.ndarray:
    """The ids that a filter lets through: looked for once, a page only cuts them."""
    return np.asarray(matching(_dataset, SampleFilter.from_dict(json.loads(said or "{}"))), dtype=np.int32)


def _draw_matches(dataset: Dataset, workspace: Workspace, wanted: SampleFilter, ids: np.ndarray) -> None:
    """How many the filter lets through, and the buttons that work on all of them."""
    total = len(ids)
    said, ban, lift, clear = st.columns([3, 1.3, 1.6, 1.1], vertical_alignment="center")
    if not wanted:
        said.caption(f"{count(total, 'sample')}. Filter them to ban many at once.")
        return
    said.caption(f"{whole(total)} of {count(len(dataset), 'sample')}: {plain(wanted.words())}")
    here = int(np.isin(ids, marked(workspace, dataset.content_hash, BAN)).sum())
    ban.button(
        f"Ban these {whole(total)}", key="ban_matches", disabled=total == here, on_click=_ban,
        args=(dataset, workspace, ids), width="stretch", help="banned samples are never chosen; nothing is deleted",
    )  # fmt: skip
    if here:
        lift.button(
            f"Take {count(here, 'ban')} back", key="lift_matches", on_click=_lift,
            args=(dataset, workspace, ids), width="stretch",
        )  # fmt: skip
    clear.button("Clear filter", key="filter_clear", on_click=choose_filter, args=(SampleFilter(),), width="stretch")


def _ban(dataset: Dataset, workspace: Workspace, ids: np.ndarray) -> None:
    pinned = ban_unpinned(workspace, dataset.content_hash, ids.tolist(), REASON)
    if pinned:
        st.toast(f"{count(pinned, 'pinned sample')} left alone.")


def _lift(dataset: Dataset, workspace: Workspace, ids: np.ndarray) -> None:
    """Take the bans back whatever their reason: the button says all of them."""
    clear_marks(workspace, dataset.content_hash, mark=BAN, ids=ids.tolist())


def _draw_page(dataset: Dataset, workspace: Workspace, wanted: SampleFilter, found: np.ndarray) -> None:
    pages = math.ceil(len(found) / PAGE)
    key = f"samples_page_{dataset.name}_{filter_text(wanted)}"  # another filter begins at its first page
    page = min(st.pagination(pages, key=key, max_visible_pages=5), pages) if pages > 1 else 1
    ids = found[(page - 1) * PAGE : page * PAGE].tolist()
    rows = sample_rows(dataset, ids)
    banned = set(marked(workspace, dataset.content_hash, BAN))
    _draw_table(rows, banned)
    if st.session_state.get(OPEN) not in ids:
        st.session_state[OPEN] = ids[0]
    _draw_sample(dataset, rows[ids.index(st.session_state[OPEN])])


def _draw_table(rows: list[SampleRow], banned: set[int]) -> None:
    ids = [row.sample_id for row in rows]
    st.dataframe(
        {
            "sample": ids,
            "begins with": [first_words(row.turns) for row in rows],
            "tokens": [row.tokens for row in rows],
            "language": [row.language or "?" for row in rows],
            "flags": [", ".join(row.flags).replace("_", " ") for row in rows],
            "repeats": ["" if row.duplicate_of is None else f"#{row.duplicate_of}" for row in rows],
            "banned": ["banned" if sample_id in banned else "" for sample_id in ids],
        },
        hide_index=True,
        height=min(340, 36 + 30 * len(rows)),
        row_height=30,
        key=TABLE,
        on_select=lambda: _open_clicked(ids),
        selection_mode="single-cell",
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=70),
            "begins with": st.column_config.TextColumn(width=330),
            "tokens": st.column_config.NumberColumn(width=60, help="by the bundled tokenizer: an estimate for others"),
            "language": st.column_config.TextColumn(width=70, help="of the question; ? where it could not be told"),
            "flags": st.column_config.TextColumn(width=150, help="the statistics say the rule of each"),
            "repeats": st.column_config.TextColumn(width=66, help="the earlier sample it repeats"),
            "banned": st.column_config.TextColumn(width=70),
        },
    )


def _open_clicked(ids: list[int]) -> None:
    cells = st.session_state[TABLE]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[OPEN] = ids[cells[0][0]]


def _draw_sample(dataset: Dataset, row: SampleRow) -> None:
    st.markdown(f"**Sample #{row.sample_id}**: as read, and its record. Click a row above to read another.")
    parsed, raw = st.columns(2, gap="medium")
    with parsed.container(height=HEIGHT, border=False):
        draw_turns(row.turns)
    with raw.container(height=HEIGHT, border=False):
        draw_record(*dataset.record(row.sample_id))
        if row.columns:
            st.dataframe(
                {"column": list(row.columns), "value": [str(value) for value in row.columns.values()]},
                hide_index=True,
                key="sample_columns",
            )
