"""Pins and bans: whose they are, what was marked by hand or by a check, taking them back, and banning by flag."""

from __future__ import annotations

import streamlit as st

from core.datasets.lint import RULES
from core.store.people import BAN, BY_HAND, PIN, ban_unpinned, clear_marks, marked_with_reasons
from core.store.sample_filter import SampleFilter, matching
from pages.select.panels.picks import marks_words
from pages.shared.draft_marks import draft_marks, let_go, make_own, own_marks
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.state import chosen

ASKED = "_take_back_asked"


def draw_marks(opened: Opened) -> None:
    """The samples that are pinned and banned, each kind taken back in one click, or two where checks made bans."""
    _draw_held(opened)
    for kind, words in ((PIN, "pinned"), (BAN, "banned")):
        _draw_kind(opened, kind, words)
    draw_ban_by_flag(opened)
    st.caption("Open a sample to pin or ban it. Pins come first in every selection; banned samples never do.")


def _draw_held(opened: Opened) -> None:
    """Whose marks the draft goes by, where they are those of a saved selection."""
    draft = draft_marks(opened.workspace, opened.dataset)
    if draft.held is None:
        if chosen("marks"):
            st.warning(plain(f"The marks of {chosen('marks')} are not here; those of the data set hold."))
        return
    pins, bans = own_marks(opened.workspace, opened.dataset)
    st.info(
        plain(
            f"The draft holds the pins and bans that {draft.held.name}, revision {draft.held.revision}, was saved with "
            f"({whole(len(draft.pins))} and {whole(len(draft.bans))}, with what you marked since). The data set itself has "
            f"{whole(len(pins))} and {whole(len(bans))}, which everybody who works on it shares."
        ),
        icon=":material/push_pin:",
    )
    own, adopt = st.columns(2)
    if own.button("Use the data set's pins and bans", key="marks_own", width="stretch"):
        let_go()
        st.rerun()
    if adopt.button("Make these the data set's, for everybody", key="marks_adopt", width="stretch"):
        make_own(opened.workspace, opened.dataset)
        st.rerun()


def _draw_kind(opened: Opened, kind: str, words: str) -> None:
    mark = opened.dataset.content_hash
    reasons = marked_with_reasons(opened.workspace, mark, kind)
    st.caption(marks_words(words, tuple(reasons)))
    made = [i for i, why in reasons.items() if any(reason != BY_HAND for reason in why)]
    if not reasons:
        return
    if made and st.session_state.get(ASKED) == kind:
        _ask(opened, kind, words, whole(len(reasons)), made, reasons)
    elif st.button(f"Take all {words} back" + (" …" if made else ""), key=f"clear_{kind}"):
        if made:
            st.session_state[ASKED] = kind
        else:
            clear_marks(opened.workspace, mark, mark=kind)
        st.rerun()


def _ask(
    opened: Opened, kind: str, words: str, all_: str, made: list[int], reasons: dict[int, tuple[str, ...]]
) -> None:
    """Bans that a check or a filter made are not lifted unsaid."""
    told = sorted({reason for i in made for reason in reasons[i] if reason != BY_HAND})
    shown = ", ".join(told[:5]) + (f" and {len(told) - 5} more" if len(told) > 5 else "")
    st.warning(plain(f"{count(len(made), 'sample')} of these {all_} were {words} not by hand, but by: {shown}."))
    hand, everything, no = st.columns(3)
    mark = opened.dataset.content_hash
    if hand.button("Only those by hand", key=f"clear_{kind}_hand", width="stretch"):
        clear_marks(opened.workspace, mark, mark=kind, reason=BY_HAND)
        _asked()
    if everything.button(f"All {all_}, checks included", key=f"clear_{kind}_all", width="stretch"):
        clear_marks(opened.workspace, mark, mark=kind)
        _asked()
    if no.button("Leave them", key=f"clear_{kind}_not", width="stretch"):
        _asked()


def _asked() -> None:
    st.session_state.pop(ASKED, None)
    st.rerun()


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
