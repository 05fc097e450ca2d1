"""The controls of a filter of samples: each shows the chosen filter and changes its own part of it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.datasets.lint import RULES
from core.errors import GamutError
from core.store.dataset_statistics import ColumnSummary, DatasetStatistics
from core.store.sample_filter import NOT_TOLD, Condition, Range, SampleFilter
from pages.shared.filter_choice import choose_filter, chosen_filter
from pages.shared.messages import plain

REPEATS, UNANSWERED = "repeats", "no response"
MEASURED = ("integer", "number")
KEYS = ("text", "flags", "languages", "column", "value", "low", "high", "shortest", "longest", "only")
ERROR = "_filter_error"
LONGEST_TEXT = 200  # characters one may look for


def key_of(part: str) -> str:
    """The widget of a part of the filter."""
    return f"filter_{part}"


def draw_bar(said: DatasetStatistics) -> None:
    """Text, flags and language; then a column, the length, and what else one may want alone."""
    wanted = chosen_filter()
    _show(wanted, said)
    text, flags, languages = st.columns([2, 2, 1.4])
    text.text_input("Text in any turn", key=key_of("text"), on_change=_changed, args=(said,), max_chars=LONGEST_TEXT)
    flags.multiselect(
        "Flags", list(RULES), format_func=lambda name: RULES[name].title, key=key_of("flags"),
        on_change=_changed, args=(said,), placeholder="any", help="samples with one of them or more",
    )  # fmt: skip
    codes = [code or NOT_TOLD for code, _ in said.languages]
    languages.multiselect(
        "Language", [*codes, *(code for code in wanted.languages if code not in codes)], key=key_of("languages"),
        on_change=_changed, args=(said,), placeholder="any", help="of the question; ? where it could not be told",
    )  # fmt: skip
    _draw_second_row(said)
    if sentence := st.session_state.pop(ERROR, None):
        st.warning(plain(sentence))


def _draw_second_row(said: DatasetStatistics) -> None:
    column, value, shortest, longest, only = st.columns([1.4, 2, 1, 1, 1.6])
    names = [summary.name for summary in said.columns]
    column.selectbox(
        "Column", names, key=key_of("column"), index=None, placeholder="any" if names else "none",
        disabled=not names, on_change=_column_changed, args=(said,),
    )  # fmt: skip
    with value:
        _draw_value(said)
    asked = {"min_value": 0, "step": 1, "on_change": _changed, "args": (said,), "placeholder": "any"}
    shortest.number_input("Tokens, from", key=key_of("shortest"), **asked)
    longest.number_input("to", key=key_of("longest"), **asked)
    only.pills(
        "Only", [REPEATS, UNANSWERED], selection_mode="multi", key=key_of("only"), on_change=_changed, args=(said,),
        help="repeats: samples whose conversation occurs before in the data set",
    )  # fmt: skip


def _draw_value(said: DatasetStatistics) -> None:
    summary = _summary(said)
    if summary is not None and summary.type in MEASURED:
        low, high = st.columns(2)
        asked = {"on_change": _changed, "args": (said,), "placeholder": "any", "format": "%.10g"}
        low.number_input("Value, from", key=key_of("low"), **asked)
        high.number_input("to", key=key_of("high"), **asked)
        return
    known = next((found.values for found in said.categories if summary and found.column == summary.name), ())
    options = [value for value, _ in known]
    if (held := st.session_state.get(key_of("value"))) is not None and held not in options:
        options.append(held)
    st.selectbox(
        "Value", options, key=key_of("value"), index=None, placeholder="any", accept_new_options=True,
        disabled=summary is None, on_change=_changed, args=(said,),
    )  # fmt: skip


def _summary(said: DatasetStatistics) -> ColumnSummary | None:
    name = st.session_state.get(key_of("column"))
    return next((summary for summary in said.columns if summary.name == name), None)


def _show(wanted: SampleFilter, said: DatasetStatistics) -> None:
    """Make the controls say what is chosen: after a link, a click elsewhere, or a change of screen."""
    column, condition = wanted.columns[0] if wanted.columns else (st.session_state.get(key_of("column")), None)
    bounds = condition if isinstance(condition, Range) else Range()
    known = {summary.name for summary in said.columns}
    held = {
        "text": wanted.text,
        "flags": list(wanted.flags),
        "languages": list(wanted.languages),
        "column": column if column in known else None,
        "value": None if condition is None or isinstance(condition, Range) else str(condition),
        "low": _number(bounds.low),
        "high": _number(bounds.high),
        "shortest": wanted.tokens.low,
        "longest": wanted.tokens.high,
        "only": [REPEATS] * wanted.duplicates_only + [UNANSWERED] * wanted.no_response,
    }
    for part, value in held.items():
        st.session_state[key_of(part)] = value


def _number(bound: int | float | str | None) -> float | None:
    return None if bound is None or isinstance(bound, str) else float(bound)


def _column_changed(said: DatasetStatistics) -> None:
    for part in ("value", "low", "high"):
        st.session_state[key_of(part)] = None
    _changed(said)


def _changed(said: DatasetStatistics) -> None:
    """Read the controls into the filter; what they cannot say (single samples, further columns) stays as it is."""
    part = {name: st.session_state.get(key_of(name)) for name in KEYS}
    before = chosen_filter()
    only = part["only"] or []
    try:
        choose_filter(
            replace(
                before,
                text=(part["text"] or "").strip(),
                flags=tuple(part["flags"] or ()),
                languages=tuple(part["languages"] or ()),
                columns=_columns(before, _condition(said)),
                tokens=Range(part["shortest"], part["longest"]),
                duplicates_only=REPEATS in only,
                no_response=UNANSWERED in only,
            )
        )
    except GamutError as error:
        st.session_state[ERROR] = str(error)


def _condition(said: DatasetStatistics) -> tuple[str, Condition] | None:
    summary = _summary(said)
    if summary is None:
        return None
    if summary.type in MEASURED:
        bounds = Range(st.session_state.get(key_of("low")), st.session_state.get(key_of("high")))
        return None if bounds == Range() else (summary.name, bounds)
    value = st.session_state.get(key_of("value"))
    return None if value in (None, "") else (summary.name, value)


def _columns(before: SampleFilter, condition: tuple[str, Condition] | None) -> tuple[tuple[str, Condition], ...]:
    return ((condition,) if condition else ()) + before.columns[1:]
