"""What the user has chosen, kept in the session and mirrored in the address, so that a link reproduces the view.

Streamlit's own `bind="query-params"` drops a screen's parameters as soon as another screen is opened, and leaves out
values that happen to be the default today. Here a choice outlives the screen and is written out where it matters.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.datasets.lint import RULES as FLAGS
from core.errors import GamutError
from core.scores.alignment import POOLINGS
from core.scores.capability import SITES
from core.scores.heatmap import CELLS
from core.scores.heatmap import ORDERS as NEURON_ORDERS
from core.scores.rarefied import SIZES
from core.scores.redundancy_search import LOWEST
from core.scores.redundant_groups import LONGEST, PREFERENCES, REPEATS
from core.scores.spectrum import RARE, UBIQUITOUS
from core.selection.budget import UNITS
from core.selection.left_out import NEAREST
from core.selection.left_out import ORDERS as LEFT_ORDERS
from core.selection.methods.registry import FOUND_ONLY, METHODS, takes_capabilities
from core.selection.neuron_answer import SPREAD
from core.selection.neuron_answer import UNITS as UNITS_OF_NEURONS
from core.store.analyses import POOLINGS as TOKEN_POOLINGS
from core.store.analyses import SPANS
from core.store.feature_table import ORDERS
from core.workspace import Workspace
from pages.shared.address import (
    constraints,
    feature_kinds,
    hundredths,
    json_object,
    map_outline,
    map_view,
    marks_since,
    neuron,
    number,
    one_of,
    option,
    ordinal,
    place,
    sample_filter,
    stretch,
    switch,
)
from pages.shared.hand_over_choices import HAND_OVER

RULES = ("auto", "quantile", "raw")
YARDSTICKS = ("features", "words", "held-out")
TABS = ("queue", "missed", "bias", "compare", "constraints", "reproduce")
DIVERSITY_TABS = ("length", "samples", "redundancy", "spectrum", "sensitivity")
ALIGNMENT_LOOKS = ("samples", "finding", "readings")
NEURON_TABS = ("heatmap", "capabilities", "alignment", "together")
FEATURE_TABS = ("tokens", "neighbours", "where", "subset", "explanations")
NO_FEATURE = NO_GROUP = -1  # the screen of all features; of near-copies, by its lowest sample: the first is open
STRONG_AND_MIDDLING = -1  # examples: no single band of strength
LISTS = ("picks", "left")
NO_SELECTION = ""
AS_JOINED = "as joined"  # the base that a pool was made with
NEXT, BARE = "_next", "_bare"  # bare: a new session whose link names a saved selection and nothing else of it


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: its value before anybody chose, and how it is read from the address."""

    default: Any
    read: Callable[[str], Any] = str
    always: bool = False  # written to the address even at its default, because the default may change with time


def option_key(method: str, option: str) -> str:
    return f"{method}.{option}"


CHOICES = {
    "dataset": Choice("", always=True),
    "analysis": Choice("", always=True),
    "selection": Choice(NO_SELECTION),
    "trained": Choice(""),  # an SAE trained here; the newest where nobody chose
    "method": Choice("sae-greedy", one_of(*METHODS, *FOUND_ONLY), always=True),
    "imported": Choice(""),
    "unit": Choice("percent", one_of(*UNITS), always=True),
    "amount": Choice(5.0, number(), always=True),
    "c": Choice(1, one_of(1, 3, 10)),
    "yardstick": Choice("features", one_of(*YARDSTICKS)),
    "others": Choice(False, switch),
    "regions": Choice(""),
    "tab": Choice("queue", one_of(*TABS)),
    "queue": Choice("picks", one_of(*LISTS)),
    "place": Choice(1, ordinal),
    "left_order": Choice(NEAREST, one_of(*LEFT_ORDERS)),
    "queue_flag": Choice("", one_of("", *FLAGS)),
    "queue_column": Choice(""),
    "queue_value": Choice(""),
    "queue_round": Choice(0, one_of(0, *range(1, 1000))),
    "unread": Choice(False, switch),
    "compare_a": Choice(""),
    "compare_b": Choice(""),
    "compare_look": Choice("rows", one_of("rows", "features", "order", "stability")),
    "runs": Choice(20, one_of(*range(2, 501))),
    "span": Choice("conversation", one_of(*SPANS)),
    "rule": Choice("auto", one_of(*RULES)),
    "quantile": Choice(0.9, number(low=0, high=1)),
    "theta": Choice(0.0, number(low=0)),
    "base": Choice(AS_JOINED),
    "unanswered": Choice(False, switch),
    "constraints": Choice("", constraints),
    "without": Choice("", feature_kinds),
    "skip": Choice(False, switch),
    "marks_since": Choice("", marks_since),
    "marks": Choice(""),  # the saved selection, as NAME@REVISION, whose pins and bans the draft holds
    "filter": Choice("", sample_filter),
    "feature": Choice(NO_FEATURE, place),
    "feature_tab": Choice("tokens", one_of(*FEATURE_TABS)),
    "band": Choice(STRONG_AND_MIDDLING, place),
    "tell": Choice(""),
    "all_groups": Choice(False, switch),
    "find": Choice(""),
    "sort": Choice("samples", one_of(*ORDERS)),
    "ascending": Choice(False, switch),
    "hide": Choice("dense,dead"),
    "features_page": Choice(1, place),
    "a": Choice("", json_object),
    "b": Choice("", json_object),
    "ab_feature": Choice(NO_FEATURE, place),
    "ab_list": Choice("a", one_of("a", "b", "lacking", "all")),
    "diversity_tab": Choice("length", one_of(*DIVERSITY_TABS)),
    "diversity_counted": Choice("rule", one_of("rule", "zero")),
    "diversity_by": Choice(""),
    "diversity_resampled": Choice(""),
    "diversity_size": Choice(0, one_of(0, *SIZES)),
    "length_box": Choice(""),
    "length_matched": Choice(False, switch),
    "rare": Choice(RARE, number(low=0.001, high=50)),
    "ubiquitous": Choice(UBIQUITOUS, number(low=0.001, high=100)),
    "carried_by": Choice(""),
    "samples_measure": Choice(""),
    "samples_sort": Choice(""),
    "samples_ascending": Choice(False, switch),
    "samples_group": Choice(""),
    "samples_page": Choice(1, place),
    "samples_gain": Choice(False, switch),
    "redundancy_counted": Choice("zero", one_of("rule", "zero")),
    "redundancy_at": Choice(REPEATS, hundredths(LOWEST)),
    "redundancy_keep": Choice(LONGEST, one_of(*PREFERENCES)),
    "redundancy_one_each": Choice(False, switch),
    "redundancy_words_at": Choice(0.5, hundredths(LOWEST)),
    "redundancy_page": Choice(1, place),
    "redundancy_group": Choice(NO_GROUP, place),
    "sensitivity_rule": Choice("raw", one_of(*RULES)),
    "sensitivity_quantile": Choice(0.9, number(low=0, high=1)),
    "sensitivity_theta": Choice(0.0, number(low=0)),
    "sensitivity_span": Choice("conversation", one_of(*SPANS)),
    "sensitivity_pooling": Choice("max", one_of(*TOKEN_POOLINGS)),
    "sensitivity_look": Choice("share", one_of("share", "order")),
    "neurons_tab": Choice("heatmap", one_of(*NEURON_TABS)),
    "map_colour": Choice(""),
    "map_feature": Choice(NO_FEATURE, place),
    "map_grey": Choice(False, switch),
    "map_words": Choice(True, switch),
    "map_outline": Choice("", map_outline),
    "map_view": Choice("", map_view),
    "map_groups_by": Choice(""),
    "map_page": Choice(1, place),
    "heat_a": Choice("", json_object),
    "heat_b": Choice("", json_object),
    "heat_site": Choice("mlp", one_of(*SITES)),
    "heat_unit": Choice(SPREAD, one_of(*UNITS_OF_NEURONS)),
    "heat_show": Choice("difference", one_of("difference", "a", "b", "both")),
    "heat_order": Choice("position", one_of(*NEURON_ORDERS)),
    "heat_cell": Choice("strongest", one_of(*CELLS)),
    "heat_equal": Choice(True, switch),
    "heat_layers": Choice("", stretch),  # the part that is zoomed to, both ends within; "" for all
    "heat_places": Choice("", stretch),
    "neuron": Choice("", neuron),  # as 3.217; "" for the picture of all
    "capability": Choice(""),
    "capability_site": Choice("mlp", one_of(*SITES)),
    "align_site": Choice("mlp", one_of(*SITES)),
    "align_pooling": Choice("mean", one_of(*POOLINGS)),
    "align_by_change": Choice(False, switch),
    "align_layer_z": Choice(False, switch),
    "align_length_z": Choice(False, switch),
    "align_look": Choice("samples", one_of(*ALIGNMENT_LOOKS)),
    "align_end": Choice("highest", one_of("highest", "lowest")),
    "align_page": Choice(1, ordinal),
    "align_every": Choice(False, switch),
    "find_column": Choice(""),
    "find_value": Choice(""),
    "find_tasks": Choice(""),
    "together": Choice(""),  # capabilities with commas; all where nobody chose
    "together_by": Choice("nait", one_of(*(name for name, one in METHODS.items() if takes_capabilities(one)))),
    "together_least": Choice(2, one_of(*range(1, 65))),
    "together_column": Choice(""),
    "read_as": Choice("chat", one_of("chat", "plain")),
    "shaded": Choice(NO_FEATURE, place),  # of one's own text; else the relatively strongest
    "text_tab": Choice("features", one_of("features", "neurons", "like")),
    **{key: Choice(default, read) for key, (default, read) in HAND_OVER.items()},
    **{
        option_key(name, field.name): Choice(field.default, option(name, field))
        for name, method in METHODS.items()
        for field in fields(method.options)
    },
}


def begin() -> None:
    """At the top of every run: read the address in a new session, afterwards keep what other screens' widgets held."""
    fresh = "began" not in st.session_state
    st.session_state["began"] = True
    st.session_state[BARE] = fresh and "selection" in st.query_params and "method" not in st.query_params
    for key, choice in CHOICES.items():
        if fresh and key in st.query_params:
            st.session_state[key] = _read(choice, st.query_params[key])
        else:
            st.session_state[key] = st.session_state.get(key, choice.default)


def keep_choices() -> None:
    """In a run of a part alone: a choice whose widget is not drawn this time is kept nevertheless."""
    for key in CHOICES.keys() - {"dataset", "analysis", "selection"}:  # the sidebar's are drawn in every run
        with suppress(StreamlitAPIException):  # its widget is drawn in this run already
            st.session_state[key] = chosen(key)


def _read(choice: Choice, text: str) -> Any:
    try:
        return choice.read(text)
    except (KeyError, ValueError, OverflowError, RecursionError, GamutError):
        return choice.default


def chosen(key: str) -> Any:
    """What is chosen now."""
    return st.session_state.get(key, CHOICES[key].default)


def choose(**values: Any) -> None:
    """Choose for the user: allowed in callbacks and before the widget of the key is drawn."""
    for key, value in values.items():
        st.session_state[key] = value


def choose_next(**values: Any) -> None:
    """Choose for the next run: for what is made after the sidebar was drawn."""
    st.session_state.setdefault(NEXT, {}).update(values)


def choose_what_was_made() -> None:
    """Before the sidebar is drawn: what the run before has made is chosen now."""
    choose(**st.session_state.pop(NEXT, {}))


def link() -> dict[str, str]:
    """What the address says of what is on screen."""
    said = {}
    for key, choice in CHOICES.items():
        value = chosen(key)
        if value != choice.default or (choice.always and value != ""):
            said[key] = _written(value)
    return said


def write_link() -> None:
    """At the end of every run, of a fragment too: make the address say what is on screen."""
    said = link()
    if said != st.query_params.to_dict():
        st.query_params.from_dict(said)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def workspace() -> Workspace:
    """The workspace that the app was started on: `streamlit run app.py -- --workspace DIR`."""
    ask = argparse.ArgumentParser(prog="app.py", add_help=False, exit_on_error=False)
    ask.add_argument("--workspace", type=Path, default=Path("workspace"))
    try:
        known, rest = ask.parse_known_args(sys.argv[1:])
    except argparse.ArgumentError as error:
        raise GamutError(f"The app was started with wrong words ({error}); use -- --workspace DIR.") from None
    if rest:
        raise GamutError(
            f"The app was started with {' '.join(rest)!r}, which it does not know; use -- --workspace DIR."
        )
    return Workspace(known.workspace)
