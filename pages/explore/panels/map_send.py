"""What is inside the outline, sent on: as pins, bans, a named group, a side of A against B, or all that Budget may choose."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.errors import GamutError
from core.scores.layout import Layout
from core.selection.inside import save_outlined
from core.selection.sample_sets import FILTER, THE_REST, SampleSet
from core.store.people import BAN, PIN, clear_marks, marked_with_reasons, set_marks
from core.store.sample_filter import SampleFilter
from pages.explore.panels.map_answers import Drawn
from pages.explore.panels.map_scene import draw_again
from pages.explore.panels.set_choice import written
from pages.shared.constraint_choice import chosen_constraints, constraints_text
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain, say_error
from pages.shared.numbers import count
from pages.shared.state import choose, choose_next

REASON = "drawn on the map"
SAID = "_map_sent"


def draw_send(opened: Opened, layout: Layout, found: Drawn) -> None:
    """The ways on, and what has become of the last one."""
    with st.container(horizontal=True, gap="small"):
        st.button("Pin", key="map_pin", on_click=_mark, args=(opened, found, PIN), help="chosen first on Budget")
        st.button("Ban", key="map_ban", on_click=_mark, args=(opened, found, BAN), help="never chosen on Budget")
        with st.popover("As a group"), st.container(width=300):
            _draw_group(opened, layout, found)
        st.button("Clear", key="map_clear", type="tertiary", on_click=_clear)
    _draw_said(opened)


def _draw_group(opened: Opened, layout: Layout, found: Drawn) -> None:
    """A name for what is inside, and where to take it."""
    st.caption(
        "A group is kept in the workspace by its name: a side of A against B, all that Budget may choose, a quota (column "
        "“group NAME”, value inside), or what a method is to cover (group:NAME)."
    )
    name = st.text_input("Name of the group", key="map_group_name", placeholder="letters, digits, - and _")
    against, only, alone = (
        st.button("Save, and compare with the rest", key="map_against", disabled=not name, width="stretch"),
        st.button("Save, and choose from it on Budget", key="map_only", disabled=not name, width="stretch"),
        st.button("Save", key="map_save", disabled=not name, width="stretch"),
    )
    if not (against or only or alone):
        return
    with guard():
        group = save_outlined(opened.analysis, opened.dataset, layout, found.outline, name.strip())
        if against:
            side = SampleSet(kind=FILTER, filter=SampleFilter(groups=(group.name,)))
            choose_next(a=written(side), b=written(THE_REST), ab_feature=-1)
            st.switch_page("pages/explore/a_against_b.py")
        if only:
            now = chosen_constraints()
            wanted = replace(now, only=replace(now.only, groups=(group.name,)))
            choose_next(constraints=constraints_text(wanted), tab="constraints")
            st.switch_page("pages/select/budget.py")
        st.success(plain(f"Group {group.name}: {count(len(group.ids), 'sample')}."))


def _mark(opened: Opened, found: Drawn, mark: str) -> None:
    """Pin or ban what is inside: allowed in callbacks, where nothing may be drawn."""
    try:
        other = marked_with_reasons(opened.workspace, opened.dataset.content_hash, BAN if mark == PIN else PIN)
        ids = found.inside.ids.tolist()
        kept = [i for i in ids if i not in other]
        set_marks(opened.workspace, opened.dataset.content_hash, kept, mark, REASON)
    except (GamutError, OSError) as error:
        st.session_state[SAID] = (str(error), None)
        return
    done, opposite = ("pinned", "banned") if mark == PIN else ("banned", "pinned")
    words, left = f"{count(len(kept), 'sample')} {done}.", len(ids) - len(kept)
    if left:
        words += f" {count(left, 'sample')} {opposite} before: left so."
    st.session_state[SAID] = (words, (mark, tuple(kept)))


def _draw_said(opened: Opened) -> None:
    """What the last click has done, with a way back."""
    if SAID not in st.session_state:
        return
    words, marks = st.session_state[SAID]
    if marks is None:
        say_error(st.session_state.pop(SAID)[0])
        return
    said, back = st.columns([3, 1], vertical_alignment="center")
    said.caption(plain(words))
    back.button("Undo", key="map_undo", type="tertiary", on_click=_undo, args=(opened, *marks))


def _undo(opened: Opened, mark: str, ids: tuple[int, ...]) -> None:
    clear_marks(opened.workspace, opened.dataset.content_hash, mark=mark, reason=REASON, ids=ids)
    st.session_state.pop(SAID, None)


def _clear() -> None:
    choose(map_outline="")
    st.session_state.pop(SAID, None)
    draw_again()
