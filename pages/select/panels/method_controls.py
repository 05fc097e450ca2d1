"""The choice of method: four on screen and the rest under "more", what each does, and its options."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from core.selection.method import Method
from core.selection.methods.registry import METHODS, find, takes_capabilities
from core.store.analyses import SPANS
from core.store.datasets import Dataset
from core.store.pools import members_of
from pages.select.panels.capability_controls import draw_capabilities, keep_capabilities
from pages.select.panels.option_controls import draw_options
from pages.shared.draft import base_choice
from pages.shared.engine import Opened
from pages.shared.state import RULES, choose, chosen

SHOWN, MORE = "_method_shown", "_method_more"
BASE = "_base"
RULE_NAMES = {
    "auto": "automatic quantile of its own strengths",
    "quantile": "this quantile of its own strengths",
    "raw": "one raw threshold for all features",
}
SPAN_NAMES = {"conversation": "whole conversation", "response": "response only", "prompt": "prompt only"}


def of_group(group: str) -> list[str]:
    """The methods on screen ("main") or under "more"."""
    return [name for name, method in METHODS.items() if method.group == group]


def draw_method(opened: Opened, base: tuple[str, ...]) -> bool:
    """The methods in one row, with what explains the chosen one and what counts as active; whether it can rank."""
    dataset = opened.dataset
    method, shown, more = chosen("method"), of_group("main"), of_group("more")
    st.session_state[SHOWN] = method if method in shown else None
    st.session_state[MORE] = method if method in more else None
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    row.segmented_control("Method", shown, key=SHOWN, format_func=_title, on_change=_method_changed, args=(SHOWN,))
    if more:
        row.selectbox(
            "More methods",
            more,
            index=None,
            key=MORE,
            format_func=_title,
            placeholder="More …",
            label_visibility="collapsed",
            width=190,
            on_change=_method_changed,
            args=(MORE,),
        )
    found = find(method)
    with row.popover(
        "Options" if fields(found.options) else "About", help=f"what {found.title} does, and its settings"
    ):
        draw_method_help(found, dataset)
    with row.popover("Active", help="what counts as an active feature"):
        draw_activity()
        if members_of(dataset):
            draw_base(dataset, base)
    return draw_capabilities(opened, found) if takes_capabilities(found) else True


def _title(name: str) -> str:
    return find(name).title


def _method_changed(key: str) -> None:
    method = st.session_state[key]
    if method is not None:  # a click on the chosen one takes it back: then nothing changes
        keep_capabilities(chosen("method"), method)
        choose(method=method)


def draw_method_help(method: Method, dataset: Dataset) -> None:
    """The options of a method, what it does, who proposed it, and where we chose."""
    draw_options(method, dataset)
    st.markdown(f"**{method.title}** — {method.summary}")
    st.caption(f"Source: {method.source}")
    for note in method.notes:
        st.markdown("- " + note.replace("[", "\\["))


def draw_activity() -> None:
    """Which tokens count, and from which strength on a feature counts as active."""
    st.selectbox("Tokens that count", list(SPANS), format_func=SPAN_NAMES.get, key="span")
    st.selectbox("A feature is active above", RULES, format_func=RULE_NAMES.get, key="rule")
    if chosen("rule") == "quantile":
        st.number_input("Quantile, 0 to 1", min_value=0.0, max_value=1.0, step=0.01, format="%.3f", key="quantile")
    elif chosen("rule") == "raw":
        st.number_input("Raw threshold θ", min_value=0.0, step=0.1, format="%.4g", key="theta")
    st.toggle("Samples without a response may be chosen", key="unanswered")


def draw_base(dataset: Dataset, base: tuple[str, ...]) -> None:
    """Which data sets of a pool are trained on already."""
    st.session_state[BASE] = list(base)
    st.multiselect(
        "Trained on already",
        [member.name for member in members_of(dataset)],
        key=BASE,
        help="its samples are never chosen; what they cover counts as covered from the start",
        on_change=lambda: choose(base=base_choice(dataset.content_hash, st.session_state[BASE])),
    )
