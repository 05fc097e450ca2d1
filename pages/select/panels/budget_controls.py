"""The budget on one slider, in four units; nothing here computes a selection."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.selection.budget import TRAINED, UNITS, Budget, costs, unit_words
from core.selection.pool import Pool
from core.selection.select import Selected
from pages.select.panels.counted_controls import draw_counted
from pages.shared.draft import draft_budget, draft_counted
from pages.shared.engine import Opened
from pages.shared.numbers import whole
from pages.shared.state import choose, chosen

MANTISSAS = (1, 1.5, 2, 3, 5, 7)
SLIDER = "_slider"
NOW = "_now"  # the budget of the last picture in every unit, so that a change of unit keeps the place


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
    tokens = pool.conversation_tokens if unit == "tokens" else costs(draft_budget(), pool)
    return [
        float(round(step))
        for step in ladder(max(1, float(np.median(tokens))), max(2, float(tokens.sum(dtype=np.int64))))
    ]


def draw_budget(opened: Opened, pool: Pool) -> bool:
    """Unit, slider and typed number in one row, showing the same amount; whether what it counts is counted already."""
    unit, slider, number = st.columns([3.5, 4, 1.4], vertical_alignment="bottom")
    unit.segmented_control(
        "Budget in", UNITS, key="unit", required=True, on_change=_unit_changed, format_func=unit_words
    )
    if chosen("unit") == TRAINED and not draw_counted(opened):
        return False
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
        help="percent: of the samples that can be chosen; tokens: of whole conversations, at most this many; "
        "trained tokens: those of the answers, or what a trainer trains on",
    )
    return True


def remember_now(pool: Pool, selected: Selected) -> None:
    """What the picture shows, in every unit."""
    rows, trained = len(selected.sample_ids), _trained(pool, selected)
    percent = float(f"{100 * rows / max(1, pool.available):.3g}")
    st.session_state[NOW] = {
        "rows": float(rows),
        "percent": percent,
        "tokens": float(selected.tokens),
        TRAINED: trained,
    }


def _trained(pool: Pool, selected: Selected) -> float | None:
    """The tokens that are trained on, as they are counted on screen; None where they were not counted yet."""
    with suppress(GamutError):
        tokens = costs(Budget(trained_tokens=1, counted=draft_counted()), pool)
        return float(max(1, tokens[selected.sample_ids].sum(dtype=np.int64)))
    return None


def _unit_changed() -> None:
    now = st.session_state.get(NOW, {}).get(chosen("unit"))
    if now:
        choose(amount=now)
