"""The two sets that are compared: each a kind and a value, kept in the link as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import streamlit as st

from core.datasets.lint import RULES
from core.errors import GamutError
from core.selection.sample_sets import ALL, ANALYSIS, FILTER, GROUP, REST, SELECTION, SampleSet
from core.selection.saved import load_selection, selection_names
from core.selection.two_sets import difference
from core.store.sample_filter import NOT_TOLD, SampleFilter
from core.store.sample_groups import groups_here
from pages.explore.panels.answers import known
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.filter_choice import chosen_filter
from pages.shared.groups import told_first
from pages.shared.numbers import whole
from pages.shared.state import choose, chosen

SIDES = {"a": "A", "b": "B"}
COLUMN, LANGUAGE, FLAG, FILTERED, WHOLE = "column:", "language", "flag", "filtered", "whole"
KINDS = {
    LANGUAGE: "Language", FLAG: "Flag: what looks broken", GROUP: "Group of samples", FILTERED: "The filter set on Data sets",
    SELECTION: "Saved selection", ANALYSIS: "Evaluation file", REST: "The rest of the pool", WHOLE: "The whole pool",
}  # fmt: skip
MOST = 256  # different values of a column that can be chosen from

Values = dict[Any, str]  # what can be chosen of a kind, and how it is written


def chosen_sets() -> tuple[SampleSet, SampleSet] | None:
    """What is chosen; None where a side is still open. `GamutError` for a link that says something else."""
    sides = [chosen(side) for side in SIDES]
    if not all(sides) or any(_is_open(side) for side in sides):
        return None
    a, b = (SampleSet.from_dict(json.loads(side)) for side in sides)
    return a, b


def draw_sets(opened: Opened) -> None:
    """Both sides in one row, each showing what is chosen."""
    if not chosen("a") and not chosen("b"):
        _choose_first(opened)
    columns = st.columns([1, 1.3, 0.1, 1, 1.3], vertical_alignment="bottom")
    for side, kind, value in (("a", columns[0], columns[1]), ("b", columns[3], columns[4])):
        _draw_side(opened, side, kind, value)


def evaluated_side() -> str:
    """The side that is to be an evaluation file, one that is still open before others; "" where neither is."""
    sides = [side for side in SIDES if kind_of(chosen(side)) == ANALYSIS]
    return next((side for side in sides if _is_open(chosen(side))), sides[-1] if sides else "")


def written(wanted: SampleSet | dict) -> str:
    """A set as the link carries it."""
    said = wanted.as_dict() if isinstance(wanted, SampleSet) else wanted
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _choose_first(opened: Opened) -> None:
    """The largest group of the first category beside the rest; else a selection, a language, or nobody yet."""
    for kind in (*column_kinds(opened), SELECTION, LANGUAGE):
        values = values_of(opened, kind)
        if len(values) >= (1 if kind == SELECTION else 2):
            choose(a=written(set_of(kind, first_value(values))), b=written({"kind": REST}))
            return
    choose(a=written({"kind": SELECTION}), b=written({"kind": REST}))


def _draw_side(opened: Opened, side: str, kind, value) -> None:
    said, name = chosen(side), SIDES[side]
    now, kinds = kind_of(said), [*column_kinds(opened), *KINDS]
    values = values_of(opened, now)
    held = value_of(said, now)
    if held is not None and held not in values:
        values = {held: str(held), **values}
    st.session_state[f"ab_{side}_kind"] = now
    st.session_state[f"ab_{side}_value"] = held
    kind.selectbox(
        name, kinds if now in kinds else [now, *kinds], key=f"ab_{side}_kind", format_func=kind_words,
        on_change=_kind_changed, args=(opened, side),
    )  # fmt: skip
    value.selectbox(
        f"Which, of {name}", list(values), key=f"ab_{side}_value", format_func=lambda v: values.get(v, str(v)),
        index=None if held is None else 0, placeholder="choose one" if values else nothing_to_choose(now),
        disabled=not values, label_visibility="hidden", on_change=_value_changed, args=(side,),
    )  # fmt: skip


def nothing_to_choose(kind: str) -> str:
    """What stands where there is nothing to choose of a kind."""
    if kind in (REST, WHOLE):
        return "all other samples" if kind == REST else "every sample"
    return "no filter is set" if kind == FILTERED else "none yet"


def kind_words(kind: str) -> str:
    """A kind as the list names it."""
    return KINDS.get(kind) or kind.removeprefix(COLUMN)


def _kind_changed(opened: Opened, side: str) -> None:
    kind = st.session_state[f"ab_{side}_kind"]
    first = first_value(values_of(opened, kind))
    choose(**{side: written(set_of(kind, first))}, ab_feature=-1)


def _value_changed(side: str) -> None:
    kind, value = st.session_state[f"ab_{side}_kind"], st.session_state[f"ab_{side}_value"]
    choose(**{side: written(set_of(kind, value))}, ab_feature=-1)


def set_of(kind: str, value: Any) -> SampleSet | dict:
    """The set of a kind and a value; of a named kind without a name, what says that it is still open."""
    if kind in (SELECTION, ANALYSIS):
        return {"kind": kind, **({"name": value} if value else {})}
    if kind == REST:
        return SampleSet(kind=REST)
    if kind == FILTERED:
        return SampleSet(kind=FILTER, filter=chosen_filter())
    if kind == LANGUAGE:
        return SampleSet(kind=FILTER, filter=SampleFilter(languages=(value or NOT_TOLD,)))
    if kind == GROUP:
        return SampleSet(kind=FILTER, filter=SampleFilter(groups=(value,))) if value else {"kind": GROUP}
    if kind == FLAG:
        return SampleSet(kind=FILTER, filter=SampleFilter(flags=(value or next(iter(RULES)),)))
    if kind.startswith(COLUMN):
        return SampleSet(kind=FILTER, filter=SampleFilter(columns=((kind.removeprefix(COLUMN), value or None),)))
    return ALL


def _is_open(said: str) -> bool:
    read = json.loads(said)
    return read.get("kind") == GROUP or (read.get("kind") in (SELECTION, ANALYSIS) and not read.get("name"))


def _read(said: str) -> SampleSet | None:
    try:
        return SampleSet.from_dict(json.loads(said))
    except (GamutError, ValueError):
        return None


def kind_of(said: str) -> str:
    """The kind on screen of a set as the link has it."""
    wanted = _read(said)
    if wanted is None:
        read = json.loads(said or "{}")
        return read["kind"] if read.get("kind") in (SELECTION, ANALYSIS, GROUP) else FILTERED
    if wanted.kind != FILTER:
        return wanted.kind
    only, one = wanted.filter, wanted.filter.as_dict().keys()
    if one == {"columns"} and len(only.columns) == 1 and not isinstance(only.columns[0][1], (dict, type(only.tokens))):
        return COLUMN + only.columns[0][0]
    if one == {"languages"} and len(only.languages) == 1:
        return LANGUAGE
    if one == {"groups"} and len(only.groups) == 1:
        return GROUP
    if one == {"flags"} and len(only.flags) == 1:
        return FLAG
    return FILTERED if only else WHOLE


def value_of(said: str, kind: str) -> Any:
    """What is chosen of the kind; None where nothing is, or where it has no values."""
    wanted = _read(said)
    if wanted is None or kind == REST:
        return None
    if kind.startswith(COLUMN):
        value = wanted.filter.columns[0][1]
        return "" if value is None else str(value)
    return {
        SELECTION: wanted.name, ANALYSIS: wanted.name, LANGUAGE: (*wanted.filter.languages, "")[0],
        FLAG: (*wanted.filter.flags, "")[0], GROUP: (*wanted.filter.groups, "")[0], FILTERED: wanted.filter.words(),
    }.get(kind) or None  # fmt: skip


def column_kinds(opened: Opened) -> list[str]:
    """The columns that group samples, categories first."""
    columns = [c for c in told_first(opened.dataset) if 2 <= c.distinct + (c.missing > 0) <= MOST and c.type != "json"]
    return [COLUMN + c.name for c in sorted(columns, key=lambda c: c.role != "category")]


def first_value(values: Values) -> Any:
    """The value of most samples; no value at all only where there is nothing else."""
    return next((value for value in values if value), next(iter(values), None))


def values_of(opened: Opened, kind: str) -> Values:
    """What can be chosen of a kind, most samples first."""
    if kind.startswith(COLUMN):
        return _groups(opened, kind.removeprefix(COLUMN), missing="")
    if kind == LANGUAGE:
        return _groups(opened, "language", missing=NOT_TOLD)
    if kind == FLAG:
        return {flag: f"{RULES[flag].title} · {whole(n)}" for flag, n in _flags(opened) if n}
    if kind == GROUP:
        return {name: f"{name} · {whole(n)}" for name, n in groups_here(opened.dataset).items()}
    if kind == SELECTION:
        return {name: name for name in selection_names(opened.workspace) if _chose_here(opened, name)}
    if kind == ANALYSIS:
        others = [a for a in engine.analyses(opened.workspace) if a.id != opened.analysis.id]
        return {a.name: f"{a.name} · {whole(a.n_samples)}" for a in others if not difference(opened.analysis, a)}
    return {}


def _groups(opened: Opened, column: str, *, missing: str) -> Values:
    try:
        groups = known(opened).groups(column)
    except GamutError:  # a link made for another data set; what is wrong is told where the sets are read
        return {}
    sizes = np.bincount(groups.codes, minlength=len(groups.names))
    order = np.argsort(-sizes, kind="stable")[:MOST].tolist()
    own = column in {c.name for c in opened.dataset.columns}
    none = [c for c in opened.dataset.columns if c.name == column and c.missing]
    found: Values = {}
    for at in order:
        empty = own and bool(none) and at == len(groups.names) - 1
        found[missing if empty else groups.names[at]] = f"{groups.names[at]} · {whole(int(sizes[at]))}"
    return found


def _flags(opened: Opened) -> list[tuple[str, int]]:
    query = "SELECT flag, count(*) FROM flags GROUP BY flag ORDER BY count(*) DESC, flag"
    return opened.dataset.cursor().execute(query).fetchall()


def _chose_here(opened: Opened, name: str) -> bool:
    try:
        return load_selection(opened.workspace, name).dataset_hash == opened.analysis.dataset_hash
    except GamutError:
        return False  # a damaged file is told where it is opened
