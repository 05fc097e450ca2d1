"""How the heatmap is looked at: what is shown, in which order, and which part of the model."""

from __future__ import annotations

import streamlit as st

from core.scores.heatmap import Window
from core.selection.neuron_answer import SITE_WORDS, SPREAD, VALUE, farthest
from pages.explore.panels.heat_answers import BOTH, DIFFERENCE, A, B, Drawn
from pages.shared.numbers import count, whole
from pages.shared.state import choose, chosen

SITES = {"mlp": "MLP neurons", "residual": "Residual stream"}
SHOWN = {DIFFERENCE: "A less B", A: "A", B: "B", BOTH: "A and B"}
UNITS = {SPREAD: "in spreads", VALUE: "as values"}
ORDERS = {"position": "by number", "value": "by value"}
CELLS = {"strongest": "strongest", "mean": "mean"}
NEAR = 64  # neurons on either side of the farthest


def draw_choices(*, compared: bool, lengths: bool) -> None:
    """What is shown, before anything is computed; `lengths`: whether those of both sides are known."""
    site, show, unit, equal = st.columns([1.75, 1.9, 1.6, 1.2], vertical_alignment="center")
    site.segmented_control(
        "Site", list(SITES), key="heat_site", required=True, format_func=SITES.get, label_visibility="collapsed",
        on_change=_whole_model,
    )  # fmt: skip
    if compared:
        show.segmented_control(
            "Show", list(SHOWN), key="heat_show", required=True, format_func=SHOWN.get, label_visibility="collapsed"
        )
        unit.segmented_control(
            "Differences",
            list(UNITS),
            key="heat_unit",
            required=True,
            format_func=UNITS.get,
            label_visibility="collapsed",
        )
        equal.toggle(
            "equal length", key="heat_equal", disabled=not lengths,
            help="compares samples within groups of like length, as A against B does: means over few tokens vary more, and "
            "what stands late in a text reads differently" if lengths else "a capability keeps no lengths",
        )  # fmt: skip


def draw_zoom(one: Drawn, window: Window, size: int) -> None:
    """The part of the model that is looked at: sliders, and the ways out of it and to the farthest."""
    layers, neurons = one.values.shape
    noun = SITE_WORDS[one.picture.question.site]
    at_layers, at_places, out, far = st.columns([1.2, 2.6, 0.75, 0.85], vertical_alignment="bottom")
    st.session_state["heat_layers_slider"] = (window.layers[0], window.layers[1] - 1)
    st.session_state["heat_places_slider"] = (window.places[0], window.places[1] - 1)
    if layers > 1:
        at_layers.slider(
            "Layers", 0, layers - 1, key="heat_layers_slider", on_change=_slid, args=("heat_layers", layers)
        )
    label = f"{noun.capitalize()}s" if window.order == "position" else "Ranks in the layer"
    if neurons > 1:
        at_places.slider(
            label, 0, neurons - 1, key="heat_places_slider", on_change=_slid, args=("heat_places", neurons)
        )
    zoomed = bool(chosen("heat_layers") or chosen("heat_places"))
    out.button(
        "Whole", key="heat_out", width="stretch", disabled=not zoomed, on_click=_whole_model, help="the whole model"
    )
    layer, neuron = farthest(one.picture, one.unit)
    far.button(
        "Farthest",
        key="heat_far",
        width="stretch",
        on_click=_near,
        args=(one, layer, neuron),
        help=f"to {noun} {neuron} of layer {layer}",
    )


def draw_arrangement(one: Drawn, size: int, order, cell) -> None:
    """In which order neurons stand, and what a cell of several shows."""
    noun = SITE_WORDS[one.picture.question.site]
    order.segmented_control(
        "Order", list(ORDERS), key="heat_order", required=True, format_func=ORDERS.get, label_visibility="collapsed",
        on_change=_whole_model,
    )  # fmt: skip
    if size > 1:
        cell.segmented_control(
            "A cell shows its", list(CELLS), key="heat_cell", required=True, format_func=CELLS.get,
            label_visibility="collapsed",
            help=f"each cell stands for {size} {noun}s: it shows the one of largest magnitude, or their mean",
        )  # fmt: skip


def part_words(one: Drawn, window: Window, size: int) -> str:
    """Which part is drawn, how many neurons a cell stands for and what it shows."""
    noun = SITE_WORDS[one.picture.question.site]
    (top, bottom), (low, high) = window.layers, window.places
    what = (
        f"{noun}s {whole(low)} to {whole(high - 1)}"
        if window.order == "position"
        else f"ranks {whole(low)} to {whole(high - 1)}"
    )
    layers = f"Layer {top}" if bottom - top == 1 else f"Layers {top} to {bottom - 1}"
    if size == 1:
        return f"{layers}, {what}: every cell is one {noun}; click it for its page."
    shown = "their mean" if window.cell == "mean" else "the one of largest magnitude"
    return f"{layers}, {what}: a cell stands for {count(size, noun)} and shows {shown}; drag a box over it to zoom in."


def _whole_model() -> None:
    choose(heat_layers="", heat_places="")


def _slid(key: str, most: int) -> None:
    low, high = st.session_state[f"{key}_slider"]
    choose(**{key: "" if (low, high) == (0, most - 1) else f"{low}-{high}"})


def _near(one: Drawn, layer: int, neuron: int) -> None:
    place = neuron
    if chosen("heat_order") == "value":
        row = one.values[layer]
        place = int((row > row[neuron]).sum())
    low, most = max(0, place - NEAR), one.values.shape[1] - 1
    choose(heat_layers="", heat_places=f"{low}-{min(most, place + NEAR)}")
