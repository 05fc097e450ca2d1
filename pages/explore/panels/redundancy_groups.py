"""The groups of near-copies, a page at a time; the open one with its samples beside each other."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.scores.redundant_groups import GOES, OUT, STAYS, Proposal, smallest_inside
from core.selection.specification import RankingSpec
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.numbers import count, whole
from pages.shared.sample_view import first_words
from pages.shared.state import choose, chosen

PAGE = 20
MEMBERS = 200  # of the open group
OPEN = "_open_sample_of_redundancy"
TABLE, INSIDE = "redundancy_groups", "redundancy_members"
STATES = {STAYS: "stays", GOES: "may go", OUT: "banned otherwise"}


def draw_groups(opened: Opened, spec: RankingSpec, proposal: Proposal) -> None:
    """The table of groups and the samples of the open one."""
    if not proposal.groups:
        return
    pages = math.ceil(len(proposal.groups) / PAGE)
    at = min(max(1, chosen("redundancy_page")), pages)
    shown = proposal.groups[(at - 1) * PAGE : at * PAGE]
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _draw_table(opened, spec, proposal, shown)
        if pages > 1:
            st.pagination(
                pages, default=at, key=f"_redundancy_page_{proposal.at}", max_visible_pages=5,
                on_change=lambda: choose(redundancy_page=st.session_state[f"_redundancy_page_{proposal.at}"]),
            )  # fmt: skip
        st.caption(
            f"{count(len(proposal.groups), 'group')}: connected components, so the least overlap inside may be below the "
            "threshold. Click one to see its samples."
        )
    with right:
        _draw_members(opened, proposal, _open_group(proposal, shown))


def _open_group(proposal: Proposal, shown: tuple[np.ndarray, ...]) -> np.ndarray:
    """The group that is open, by its lowest sample; the first on the page where that is none."""
    wanted = chosen("redundancy_group")
    return next((group for group in proposal.groups if group[0] == wanted), shown[0])


def _draw_table(opened: Opened, spec: RankingSpec, proposal: Proposal, shown: tuple[np.ndarray, ...]) -> None:
    features = engine.active(opened, spec).features
    stay = [group[proposal.state[group] == STAYS] for group in shown]
    first = [int(kept[0]) if len(kept) else int(group[0]) for kept, group in zip(stay, shown, strict=True)]
    words = dict(opened.dataset.conversations(first))
    st.dataframe(
        {
            "samples": [len(group) for group in shown],
            "stay": [len(kept) for kept in stay],
            "may go": [int((proposal.state[group] == GOES).sum()) for group in shown],
            "least": [smallest_inside(features, group) for group in shown],
            "begins with": [first_words(words[sample]) for sample in first],
        },
        hide_index=True, row_height=30, height=38 + 30 * min(12, len(shown)), key=TABLE, selection_mode="single-cell",
        on_select=lambda: _open_clicked_group(shown),
        column_config={
            "samples": st.column_config.NumberColumn(width=66),
            "stay": st.column_config.NumberColumn(width=46),
            "may go": st.column_config.NumberColumn(width=58),
            "least": st.column_config.NumberColumn(
                format="%.2f", width=52, help="smallest overlap of any two samples inside; empty where there are more than 1 000"
            ),
            "begins with": st.column_config.TextColumn(width="large", help="its first sample that stays"),
        },
    )  # fmt: skip


def _open_clicked_group(shown: tuple[np.ndarray, ...]) -> None:
    cells = st.session_state[TABLE]["selection"]["cells"]
    if cells and cells[0][0] < len(shown):
        choose(redundancy_group=int(shown[cells[0][0]][0]))


def _draw_members(opened: Opened, proposal: Proposal, group: np.ndarray) -> None:
    """Who stays first, then who goes for whom."""
    order = group[np.lexsort((group, proposal.state[group]))][:MEMBERS]
    ids = order.tolist()
    words = dict(opened.dataset.conversations(ids))
    goes = proposal.state[order] == GOES
    st.dataframe(
        {
            "sample": ids,
            "proposed": [STATES[int(state)] for state in proposal.state[order]],
            "for": [f"#{one}" if going else "" for one, going in zip(proposal.instead[order], goes, strict=True)],
            "overlap": [f"{one:.2f}" if going else "" for one, going in zip(proposal.overlap[order], goes, strict=True)],
            "tokens": opened.analysis.counts.conversation_tokens[order].tolist(),
            "begins with": [first_words(words[sample]) for sample in ids],
        },
        hide_index=True, row_height=30, height=38 + 30 * min(12, len(ids)), key=INSIDE, selection_mode="single-cell",
        on_select=lambda: _open_clicked_sample(ids),
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=68),
            "proposed": st.column_config.TextColumn(width=72),
            "for": st.column_config.TextColumn(width=68, help="the sample that stays instead"),
            "overlap": st.column_config.TextColumn(width=62, help="with the one that stays instead"),
            "tokens": st.column_config.NumberColumn(width=60),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    more = f" The first {MEMBERS} are listed." if len(group) > MEMBERS else ""
    st.caption(f"{count(len(group), 'sample')} of the group of #{whole(int(group[0]))}.{more} Click one to read it.")


def _open_clicked_sample(ids: list[int]) -> None:
    cells = st.session_state[INSIDE]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[OPEN] = ids[cells[0][0]]
