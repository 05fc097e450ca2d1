"""The controls of Budget: method, budget on one slider, what counts as active; nothing here computes a selection."""

from __future__ import annotations

from dataclasses import Field, fields

import numpy as np
import streamlit as st

from core.selection.method import Method
from core.selection.pool import Pool
from core.selection.registry import METHODS, find
from core.store.analyses import SPANS
from core.store.datasets import Dataset
from core.store.pools import members_of
from pages.shared.draft import base_choice
from pages.shared.numbers import whole
from pages.shared.state import RULES, UNITS, choose, chosen, option_key

MANTISSAS = (1, 1.5, 2, 3, 5, 7)
SLIDER = "_slider"
BASE = "_base"
NOW = "_now"  # the budget of the last picture in every unit, so that a change of unit keeps the place
RULE_NAMES = {
    "auto": "automatic quantile of its own strengths",
    "quantile": "this quantile of its own strengths",
    "raw": "one raw threshold for all features",
}
SPAN_NAMES = {"conversation": "whole conversation", "response": "response only", "prompt": "prompt only"}


def ladder(low: float, high: float) -> list[float]:
    """1, 1.5, 2, 3, 5, 7, 10 … between two amounts, with the upper end: steps that look even on a slider."""
    steps = [round(mantissa * 10.0**power, 6) for power in range(-3, 12) for mantissa in MANTISSAS]
    return [step for step in steps if low <= step < high] + [float(high)]


def steps_of(unit: str, pool: Pool) -> list[float]:
    """The slider's stops for a unit: from about one row to everything that is available."""
    if unit == "percent":
        return ladder(100 / max(1, pool.available), 100)
    if unit == "rows":
        return [step for step in ladder(1, max(2, pool.available)) if step == int(step)]
    tokens = pool.conversation_tokens
    return [
        float(round(step))
        for step in ladder(max(1, float(np.median(tokens))), max(2, float(tokens.sum(dtype=np.int64))))
    ]


def draw_budget(pool: Pool) -> None:
    """Method, unit, slider and typed number in one row; slider and number show the same amount."""
    method, unit, slider, number = st.columns([2.1, 2.5, 4, 1.5], vertical_alignment="bottom")
    method.selectbox("Method", list(METHODS), format_func=lambda name: find(name).title, key="method")
    unit.segmented_control("Budget in", UNITS, key="unit", required=True, on_change=_unit_changed)
    said = chosen("unit")
    stops = steps_of(said, pool)
    st.session_state[SLIDER] = min(stops, key=lambda stop: abs(np.log(stop) - np.log(max(chosen("amount"), 1e-3))))
    slider.select_slider(
        "Budget",
        stops,
        key=SLIDER,
        format_func=lambda stop: f"{stop:g} %" if said == "percent" else whole(int(stop)),
        on_change=lambda: choose(amount=float(st.session_state[SLIDER])),
    )
    number.number_input(
        "Amount",
        key="amount",
        min_value=0.0,
        step=0.1 if said == "percent" else 1.0,
        format="%.10g",
        help="percent: of the samples that can be chosen; tokens: of whole conversations, at most this many",
    )


def remember_now(pool: Pool, rows: int, tokens: int) -> None:
    """What the picture shows, in every unit."""
    percent = float(f"{100 * rows / max(1, pool.available):.3g}")
    st.session_state[NOW] = {"rows": float(rows), "percent": percent, "tokens": float(tokens)}


def _unit_changed() -> None:
    now = st.session_state.get(NOW, {}).get(chosen("unit"))
    if now:
        choose(amount=now)


def draw_method_help(method: Method) -> None:
    """What a method does, who proposed it, and where we chose."""
    st.markdown(f"**{method.title}** — {method.summary}")
    st.caption(f"Source: {method.source}")
    for note in method.notes:
        st.markdown("- " + note.replace("[", "\\["))
    for field in fields(method.options):
        _draw_option(method, field)


def _draw_option(method: Method, field: Field) -> None:
    """A control for one option, by the type of its default."""
    key, said = option_key(method.name, field.name), field.metadata
    label = f"{field.name} ({said['unit']})" if said["unit"] else field.name
    if isinstance(field.default, bool):
        st.toggle(label, key=key, help=said["help"])
    elif said["choices"]:
        st.selectbox(label, said["choices"], key=key, help=said["help"])
    elif isinstance(field.default, str):
        st.text_input(label, key=key, help=said["help"])
    else:
        kind = type(field.default)
        low, high = (None if limit is None else kind(limit) for limit in (said["low"], said["high"]))
        st.number_input(
            label,
            min_value=low,
            max_value=high,
            step=kind(1) if kind is int else None,
            key=key,
            help=said["help"],
        )


def draw_activity(quantile: float | None) -> None:
    """Which tokens count, and from which strength on a feature counts as active."""
    st.selectbox("Tokens that count", list(SPANS), format_func=SPAN_NAMES.get, key="span")
    st.selectbox("A feature is active above", RULES, format_func=RULE_NAMES.get, key="rule")
    if chosen("rule") == "quantile":
        st.number_input("Quantile, 0 to 1", min_value=0.0, max_value=1.0, step=0.01, format="%.3f", key="quantile")
    elif chosen("rule") == "raw":
        st.number_input("Raw threshold θ", min_value=0.0, step=0.1, format="%.4g", key="theta")
    if chosen("rule") == "auto" and quantile is not None:
        st.caption(f"The data chose the quantile {quantile:g}: the median sample then has 1.5 % of the live features.")
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
