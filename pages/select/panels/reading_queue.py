"""The reading queue: picks and left-out samples one at a time, each with why, and keys to keep, ban and move on."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets.lint import RULES
from core.errors import GamutError
from core.selection.left_out import NEXT, ORDERS
from core.selection.pool import Pool
from core.selection.reach import is_whole
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.store.people import BAN, PIN, forget_read, set_mark
from pages.select.panels.picks import ask, draw_look_up
from pages.select.panels.queue_card import draw_left_out_card, draw_pick_card
from pages.select.panels.queue_place import (
    CHANGED,
    LEFT,
    PICKS,
    TRAIL,
    Queue,
    clear_filter,
    go,
    go_back,
    make_queue,
    remember_read,
)
from pages.shared.draft import draft_budget
from pages.shared.engine import Opened, ranked
from pages.shared.messages import guard, say_error
from pages.shared.numbers import count, whole
from pages.shared.state import choose, chosen

GROUPED_BY = ("language", "turns", "flags", "duplicate")  # what every data set can be grouped by
MOST_GROUPS = 200  # in a choice of groups


def draw_queue(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """The list, its filter, the keys, and the sample one is at."""
    if st.session_state.pop(CHANGED, False):
        st.rerun()
    progress = _draw_lists(opened, pool, selected)
    try:
        queue = make_queue(opened, spec, pool, selected)
    except GamutError as error:  # a link with a group that this data set does not have
        say_error(error)
        st.button("Clear the filter", key="queue_clear", on_click=clear_filter)
        return
    progress.caption(_progress_words(queue))
    if queue.at is None:
        st.info(_nothing(queue), icon=":material/info:")
        if len(queue.ids):
            st.button("Clear the filter", key="queue_clear", on_click=clear_filter)
    else:
        _draw_keys(opened, spec, queue)
        with guard():
            if queue.name == PICKS:
                draw_pick_card(opened, spec, pool, selected, queue)
            else:
                _tell_order(opened, spec)
                draw_left_out_card(opened, spec, pool, selected, queue)
    draw_look_up(opened)


def _tell_order(opened: Opened, spec: RankingSpec) -> None:
    """Where the ranking ends that the list follows, if it was not made whole."""
    if chosen("left_order") == NEXT:
        pool, ranking = ranked(opened, spec, draft_budget())
        if not is_whole(ranking, pool):
            st.caption(f"Behind the {count(len(ranking), 'row')} that are ranked so far, samples stand by their ids.")


def _nothing(queue: Queue) -> str:
    if len(queue.ids):
        return "No sample of this list passes the filter."
    return "Nothing is chosen: raise the budget." if queue.name == PICKS else "Nothing that may be chosen is left out."


def _draw_lists(opened: Opened, pool: Pool, selected: Selected) -> DeltaGenerator:
    """Which list, in which order, and the filter over it; returns the place to tell progress in."""
    rows = len(selected.sample_ids)
    titles = {
        PICKS: f"Picks ({whole(rows)})",
        LEFT: f"Left out ({whole(int(pool.free.sum()) - _free(pool, selected))})",
    }
    lists, progress, order, filtered = st.columns([2.2, 1.1, 1.6, 1], vertical_alignment="center")
    lists.segmented_control(
        "List", list(titles), key="queue", required=True, format_func=titles.get, label_visibility="collapsed",
        on_change=_list_changed,
    )  # fmt: skip
    if chosen("queue") == LEFT:
        order.selectbox(
            "Order", list(ORDERS), key="left_order", format_func=ORDERS.get, label_visibility="collapsed",
            on_change=lambda: choose(place=1),
        )  # fmt: skip
    with filtered.popover("Filter" + (" (on)" if _filter_on() else ""), width="stretch"):
        _draw_filter(opened, pool, selected)
    return progress


def _free(pool: Pool, selected: Selected) -> int:
    return int(pool.free[selected.sample_ids].sum())


def _filter_on() -> bool:
    grouped = chosen("queue_column") and chosen("queue_value")
    return bool(chosen("queue_flag") or grouped or chosen("queue_round") or chosen("unread"))


def _list_changed() -> None:
    choose(place=1)
    st.session_state.pop(TRAIL, None)


def _draw_filter(opened: Opened, pool: Pool, selected: Selected) -> None:
    st.toggle("Not read yet", key="unread")
    st.selectbox(
        "Flag", ["", *RULES], key="queue_flag", format_func=lambda flag: RULES[flag].title if flag else "any or none"
    )
    own = [column.name for column in opened.dataset.columns if column.distinct <= MOST_GROUPS]
    columns = ["", *dict.fromkeys([*own, *GROUPED_BY])]
    if chosen("queue_column") not in columns:
        columns.append(chosen("queue_column"))
    st.selectbox(
        "Group by", columns, key="queue_column", format_func=lambda name: name or "no column",
        on_change=lambda: choose(queue_value=""),
    )  # fmt: skip
    if column := chosen("queue_column"):
        with guard():
            names = ["", *pool.known.groups(column).names]
            if chosen("queue_value") not in names:
                names.append(chosen("queue_value"))
            st.selectbox("Group", names, key="queue_value", format_func=lambda name: name or "every group")
    last = int(selected.ranking.rounds.max(initial=1))
    if chosen("queue") == PICKS and last > 1:
        rounds = list(range(min(last, 999) + 1))
        st.selectbox("Round", rounds, key="queue_round", format_func=lambda n: f"round {n}" if n else "every round")
    st.button("Clear the filter", key="queue_clear_all", on_click=clear_filter, disabled=not _filter_on())
    st.button("Forget what was read", key="queue_forget", on_click=_forget, args=(opened,))


def _forget(opened: Opened) -> None:
    with guard():
        forget_read(opened.workspace, opened.dataset.content_hash)


def _progress_words(queue: Queue) -> str:
    """12 of 480 read; and how many pass the filter."""
    shown = "" if len(queue.shown) == len(queue.ids) else f", {whole(len(queue.shown))} pass the filter"
    return f"{whole(queue.read_count)} of {whole(len(queue.ids))} read{shown}"


def _draw_keys(opened: Opened, spec: RankingSpec, queue: Queue) -> None:
    """Previous, next, keep, ban, open: by click or by the key that stands on the button."""
    previous, after, keep, ban, opens, back = st.columns([1.15, 1, 1, 1, 1.1, 1])
    at = queue.sample_id
    _step(previous, opened, queue, "Previous", "P", -1)
    _step(after, opened, queue, "Next", "N", +1)
    pinned = at in spec.pins
    keep.button(
        "Let go" if pinned else "Keep", key="queue_keep", shortcut="K", width="stretch", on_click=_keep,
        args=(opened, queue, pinned), help="pin it: it leads every selection" if not pinned else "take the pin away",
    )  # fmt: skip
    ban.button(
        "Ban", key="queue_ban", shortcut="B", width="stretch", on_click=_ban, args=(opened, queue),
        help="it is never chosen; what takes its place is shown next",
    )  # fmt: skip
    opens.button("Open it", key="queue_open", shortcut="O", width="stretch", on_click=ask, args=(at,))
    if st.session_state.get(TRAIL):
        back.button("Back", key="queue_back", shortcut="H", width="stretch", on_click=go_back)


def _step(column, opened: Opened, queue: Queue, label: str, key: str, by: int) -> None:
    place = queue.step(by)
    column.button(
        label, key=f"queue_{label.lower()}", shortcut=key, width="stretch", disabled=place is None, on_click=go,
        args=(opened, queue, place),
    )  # fmt: skip


def _keep(opened: Opened, queue: Queue, pinned: bool) -> None:
    """Pin it and go on: those before it move down by one place, as it now leads. A left-out one leaves its list."""
    with guard():
        remember_read(opened, queue.sample_id)
        set_mark(opened.workspace, opened.dataset.content_hash, queue.sample_id, None if pinned else PIN)
        st.session_state[CHANGED] = True
        if queue.name == PICKS and not pinned:
            choose(place=(queue.step(+1) if queue.step(+1) is not None else queue.at) + 1)


def _ban(opened: Opened, queue: Queue) -> None:
    """Ban it and stay at the place: what the selection takes instead moves up."""
    with guard():
        remember_read(opened, queue.sample_id)
        set_mark(opened.workspace, opened.dataset.content_hash, queue.sample_id, BAN)
        st.session_state[CHANGED] = True
        choose(place=queue.at + 1)
