"""The two sides of the heatmap: a sample, a capability, any set of samples, or nobody as the second."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.errors import GamutError
from core.selection.neuron_sides import CAPABILITY, SAMPLE, NeuronSide, one_sample
from core.selection.sample_sets import ANALYSIS, GROUP, REST, SELECTION, SampleSet
from pages.explore.panels.set_choice import (
    KINDS,
    column_kinds,
    first_value,
    kind_of,
    kind_words,
    nothing_to_choose,
    set_of,
    value_of,
    values_of,
    written,
)
from pages.shared.capability_choice import fitting
from pages.shared.engine import Opened
from pages.shared.state import choose, chosen

NOBODY = "nobody"
OWN = {SAMPLE: "A sample", CAPABILITY: "Capability", NOBODY: "Nobody: A by itself"}
SIDES = {"heat_a": "A", "heat_b": "B"}
EVERYTHING = {"heat_layers": "", "heat_places": ""}


def draw_sides(opened: Opened) -> None:
    """Both sides in one row, each showing what is chosen."""
    if not chosen("heat_a"):
        _choose_first(opened)
    columns = st.columns([1, 1.3, 0.1, 1, 1.3], vertical_alignment="bottom")
    for side, kind, value in (("heat_a", columns[0], columns[1]), ("heat_b", columns[3], columns[4])):
        _draw_side(opened, side, kind, value)


def chosen_sides() -> tuple[NeuronSide, NeuronSide | None] | None:
    """What is chosen; None while a side is still open. `GamutError` for a link that says something else."""
    a, b = (json.loads(chosen(side) or json.dumps({"kind": NOBODY})) for side in SIDES)
    if a.get("kind") == NOBODY or any(_is_open(said) for said in (a, b)):
        return None
    return NeuronSide.from_dict(a), None if b.get("kind") == NOBODY else NeuronSide.from_dict(b)


def _choose_first(opened: Opened) -> None:
    """The largest group of the first category beside the rest; else the whole pool by itself."""
    for kind in column_kinds(opened):
        values = values_of(opened, kind)
        if len(values) > 1:
            choose(heat_a=written(set_of(kind, first_value(values))), heat_b=written({"kind": REST}))
            return
    choose(heat_a=written(set_of("whole", None)), heat_b=written({"kind": NOBODY}))


def _draw_side(opened: Opened, side: str, kind, value) -> None:
    said, name = chosen(side) or json.dumps({"kind": NOBODY}), SIDES[side]
    now, held = _kind(said), _value(said)
    kinds = [*column_kinds(opened), *KINDS, SAMPLE, CAPABILITY, *([NOBODY] if side == "heat_b" else [])]
    st.session_state[f"{side}_kind"] = now
    kind.selectbox(
        name, kinds if now in kinds else [now, *kinds], key=f"{side}_kind", format_func=_words,
        on_change=_kind_changed, args=(opened, side),
    )  # fmt: skip
    if now == SAMPLE:
        st.session_state[f"{side}_sample"] = min(int(held or 0), opened.analysis.n_samples - 1)
        value.number_input(
            f"Which, of {name}", 0, opened.analysis.n_samples - 1, key=f"{side}_sample", label_visibility="hidden",
            on_change=_sample_changed, args=(side,),
        )  # fmt: skip
        return
    values = _values(opened, now)
    if held is not None and held not in values:
        values = {held: str(held), **values}
    st.session_state[f"{side}_value"] = held
    value.selectbox(
        f"Which, of {name}", list(values), key=f"{side}_value", format_func=lambda v: values.get(v, str(v)),
        index=None if held is None else 0, placeholder="choose one" if values else _nothing(now),
        disabled=not values, label_visibility="hidden", on_change=_value_changed, args=(side,),
    )  # fmt: skip


def _words(kind: str) -> str:
    return OWN.get(kind) or kind_words(kind)


def _nothing(kind: str) -> str:
    return "" if kind == NOBODY else nothing_to_choose(kind)


def _kind(said: str) -> str:
    read = json.loads(said)
    if read.get("kind") in (NOBODY, CAPABILITY):
        return read["kind"]
    return SAMPLE if _sample(read) is not None else kind_of(said)


def _value(said: str) -> Any:
    read = json.loads(said)
    if read.get("kind") == CAPABILITY:
        return read.get("name")
    if read.get("kind") == NOBODY:
        return None
    return _sample(read) if _sample(read) is not None else value_of(said, kind_of(said))


def _sample(read: dict) -> int | None:
    try:
        return NeuronSide(samples=SampleSet.from_dict(read)).sample_id
    except GamutError:  # what a link says wrongly is told where it is read
        return None


def _values(opened: Opened, kind: str) -> dict[Any, str]:
    if kind == CAPABILITY:
        return {one.name: one.name for one in fitting(opened)}
    return {} if kind in OWN else values_of(opened, kind)


def _kind_changed(opened: Opened, side: str) -> None:
    kind = st.session_state[f"{side}_kind"]
    first = first_value(_values(opened, kind))
    choose(**{side: _said(kind, first)})


def _value_changed(side: str) -> None:
    choose(**{side: _said(st.session_state[f"{side}_kind"], st.session_state[f"{side}_value"])})


def _sample_changed(side: str) -> None:
    choose(**{side: _said(SAMPLE, st.session_state[f"{side}_sample"])})


def _said(kind: str, value: Any) -> str:
    if kind == SAMPLE:
        return written(one_sample(int(value or 0)).as_dict())
    if kind in (CAPABILITY, NOBODY):
        return written({"kind": kind, **({"name": value} if value else {})})
    return written(set_of(kind, value))


def _is_open(said: dict) -> bool:
    return said.get("kind") == GROUP or (said.get("kind") in (SELECTION, ANALYSIS, CAPABILITY) and not said.get("name"))
