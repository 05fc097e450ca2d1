"""Pools: join data sets, say which of them are trained on already, and see what a pool is made of."""

from __future__ import annotations

import streamlit as st

from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.pools import join_datasets, members_of
from core.workspace import Workspace
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.state import choose_next

JOINED = "_joined"


def draw_joining(workspace: Workspace, sets: tuple[Dataset, ...]) -> None:
    """The form that joins data sets: which, in which order, on top of what."""
    st.caption(
        "A pool joins data sets row by row, with a column “source”. Mark as base what you train on already: selections "
        "then start from what it covers. An analysis of the pool runs only the data sets that have none yet."
    )
    names = [dataset.name for dataset in sets]
    left, right = st.columns(2, gap="medium")
    members = left.multiselect("Join, in this order", names, key="pool_members", placeholder="two data sets or more")
    base = right.multiselect("Trained on already (base)", members, key="pool_base", placeholder="none")
    field, button = st.columns([4, 1], vertical_alignment="bottom")
    name = field.text_input("Name", key="pool_name", placeholder="my-pool")
    if button.button("Join", type="primary", key="pool_join", width="stretch"):
        with guard(), st.spinner("Joining …"):
            if not name:
                raise GamutError("The pool needs a name: letters, digits, '.', '_' or '-'.")
            made = join_datasets(workspace, members, name=name, base=base)
            st.session_state[JOINED] = f"{made.name}: {count(made.rows, 'row')} of {made.file}."
            choose_next(dataset=made.name)
            st.rerun()


def tell_joined() -> None:
    """What was joined just now."""
    if said := st.session_state.pop(JOINED, None):
        st.success(plain(said))


def draw_members(dataset: Dataset) -> None:
    """What a pool is made of, in one line; nothing for a data set that was imported."""
    if members := members_of(dataset):
        parts = [
            f"{member.name} ({whole(member.rows)}{', trained on already' if member.base else ''})" for member in members
        ]
        st.caption(plain("A pool of " + ", ".join(parts) + "."))
