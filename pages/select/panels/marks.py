"""Pins and bans: what was marked by hand or by a check, and banning by flag."""

from __future__ import annotations

import streamlit as st

from core.datasets.lint import RULES
from core.store.people import BAN, PIN, ban_unpinned, clear_marks, marked
from core.store.sample_filter import SampleFilter, matching
from pages.select.panels.picks import marks_words
from pages.shared.engine import Opened
from pages.shared.numbers import count, whole


def draw_marks(opened: Opened) -> None:
    """The samples that are pinned and banned, each kind taken back in one click."""
    mark = opened.dataset.content_hash
    for kind, words in ((PIN, "pinned"), (BAN, "banned")):
        ids = marked(opened.workspace, mark, kind)
        st.caption(marks_words(words, ids))
        if ids and st.button(f"Take all {words} back", key=f"clear_{kind}"):
            clear_marks(opened.workspace, mark, mark=kind)
            st.rerun()
    draw_ban_by_flag(opened)
    st.caption("Open a sample to pin or ban it. Pins come first in every selection; banned samples never do.")


def draw_ban_by_flag(opened: Opened) -> None:
    """Ban at once all samples that a lint rule flags."""
    flags = st.multiselect(
        "Ban all samples with one of these flags", list(RULES), format_func=lambda flag: RULES[flag].title, key="ban_flags",
        help="; ".join(f"{rule.title}: {rule.rule}" for rule in RULES.values()),
    )  # fmt: skip
    if flags:
        ids = matching(opened.dataset, SampleFilter(flags=tuple(flags)))
        if st.button(f"Ban these {whole(len(ids))}", key="ban_flagged", disabled=not len(ids)):
            pinned = ban_unpinned(opened.workspace, opened.dataset.content_hash, ids, "filter")
            if pinned:
                st.toast(f"{count(pinned, 'pinned sample')} left alone.")
            st.rerun()
