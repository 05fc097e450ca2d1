"""Which capabilities a method looks for, and how much each gets: by turns, or by shares."""

from __future__ import annotations

from fractions import Fraction

import streamlit as st

from core.selection.method import Method
from core.selection.methods.registry import find, takes_capabilities
from pages.shared.capability_choice import capabilities, fits
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.state import choose, choose_next, chosen, option_key

NAMES, BY_SHARES = "_method_capabilities", "_method_by_shares"
SCREEN = "pages/explore/neurons.py"


def draw_capabilities(opened: Opened, method: Method) -> bool:
    """The capabilities and their shares; whether there is one to look for."""
    every = capabilities(opened.workspace)
    there = [one.name for one in every if fits(opened, one)]
    key = option_key(method.name, "capabilities")
    held = _named(chosen(key))
    if not there and not held:
        _offer(len(every))
        return False
    which, turns, shares = st.columns([2.2, 1.1, 2], vertical_alignment="bottom")
    st.session_state[NAMES] = held
    which.multiselect(
        "Capabilities", [*there, *(name for name in held if name not in there)], key=NAMES,
        on_change=_names_changed, args=(method.name,), placeholder="choose one or several",
        help="what samples are looked for; learned on the Neurons screen",
    )  # fmt: skip
    if len(held) > 1:
        st.session_state[BY_SHARES] = bool(chosen(option_key(method.name, "shares")))
        turns.toggle(
            "By shares", key=BY_SHARES, on_change=_shares_switched, args=(method.name, len(held)),
            help="else they take turns: each its best sample that no other has taken",
        )  # fmt: skip
        if chosen(option_key(method.name, "shares")):
            with shares:
                _draw_shares(method.name, held)
    if not held:
        st.info("Choose what to look for: one capability, or several that take turns.", icon=":material/info:")
    return bool(held)


def keep_capabilities(before: str, method: str) -> None:
    """From one method that looks for capabilities to another: what is looked for stays, unless the other has its own."""
    if not (takes_capabilities(find(before)) and takes_capabilities(find(method))):
        return
    if not chosen(option_key(method, "capabilities")):
        _choose(method, **{name: chosen(option_key(before, name)) for name in ("capabilities", "shares")})


def _offer(others: int) -> None:
    """No capability of this model: where to learn one."""
    there = f" The {others} here are of other models." if others else ""
    st.info(
        plain(f"This method looks for samples of a capability, and none of this model is learned yet.{there}"),
        icon=":material/info:",
    )
    if st.button("Learn a capability", type="primary", icon=":material/add:", key="learn_capability"):
        choose_next(neurons_tab="capabilities")
        st.switch_page(SCREEN)


def _draw_shares(method: str, names: list[str]) -> None:
    """A field for the share of each, in the order they were chosen."""
    held = _shares(method, len(names))
    for place, name, share in zip(st.columns(len(names)), names, held, strict=True):
        key = _share_key(name)
        st.session_state[key] = share
        place.number_input(
            plain(name), min_value=0.01, step=1.0, format="%g", key=key, on_change=_share_changed, args=(method, names),
            help=plain(f"how much {name} gets beside the others: 2 is twice as much as 1"),
        )  # fmt: skip


def _named(said: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))


def _share_key(name: str) -> str:
    return f"_share_{name}"


def _shares(method: str, size: int) -> list[float]:
    """The shares chosen; equal ones where a link says something else, which the method itself refuses in a sentence."""
    try:
        found = [float(Fraction(word.strip())) for word in chosen(option_key(method, "shares")).split(",")]
    except (ValueError, ZeroDivisionError, OverflowError):
        found = []
    return found if len(found) == size and all(0.01 <= share <= 1e9 for share in found) else [1.0] * size


def _names_changed(method: str) -> None:
    """Other names: shares begin anew, as they go by place."""
    names = st.session_state[NAMES]
    shared = bool(chosen(option_key(method, "shares"))) and len(names) > 1
    _choose(method, capabilities=",".join(names), shares=",".join("1" for _ in names) if shared else "")


def _shares_switched(method: str, size: int) -> None:
    _choose(method, shares=",".join("1" for _ in range(size)) if st.session_state[BY_SHARES] else "")


def _share_changed(method: str, names: list[str]) -> None:
    _choose(method, shares=",".join(f"{st.session_state[_share_key(name)]:g}" for name in names))


def _choose(method: str, **values: str) -> None:
    choose(**{option_key(method, name): value for name, value in values.items()})
