"""What a data set holds, in figures and pictures; a click on a flag, language or category filters the samples by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from core.datasets.lint import RULES
from core.store.dataset_statistics import Categories, DatasetStatistics, Lengths, statistics_of
from core.store.datasets import Dataset
from core.store.sample_filter import NOT_TOLD
from pages.shared.charts import QUIET
from pages.shared.filter_choice import choose_filter, chosen_filter
from pages.shared.messages import plain
from pages.shared.numbers import count, short, whole

SIDES = {"prompt": "#8A8F98", "response": "#0F766E"}  # what is asked, and the accent for what is learned
HEIGHT = 260  # of the tables beside the picture, in pixels
ESTIMATE = "by the bundled tokenizer, the texts alone: an estimate for other models"


@st.cache_resource(max_entries=16, show_spinner="Counting …")
def _figures(_dataset: Dataset, key: str) -> DatasetStatistics:
    return statistics_of(_dataset)


def figures_of(dataset: Dataset) -> DatasetStatistics:
    """The statistics of a data set, counted once."""
    return _figures(dataset, key_of_figures(dataset))


def key_of_figures(dataset: Dataset) -> str:
    """What tells one data set from any other in a cache."""
    return f"{dataset.name}:{dataset.content_hash}:{dataset.meta['created']}"


def draw_statistics(dataset: Dataset) -> None:
    """Four figures; lengths beside languages and flags; the columns under them."""
    said = figures_of(dataset)
    _draw_four(said)
    picture, beside = st.columns([2, 1], gap="medium")
    with picture:
        st.caption("How long are questions and answers?")
        st.plotly_chart(length_figure(said.lengths), config=QUIET, key="lengths")
    with beside:
        _draw_flags(said)
    _draw_parts(said)
    _draw_columns(said)
    if wanted := chosen_filter():
        st.caption(f"The samples are filtered: {plain(wanted.words())}.")


def _draw_four(said: DatasetStatistics) -> None:
    rows, tokens, turns, repeats = st.columns(4)
    rows.metric("Samples", whole(said.rows), help=f"{count(said.left_out, 'record')} left out")
    share = 100 * said.response_tokens / said.tokens if said.tokens else 0
    tokens.metric("Tokens", short(said.tokens), help=f"{ESTIMATE}; {share:.3g} % of them in answers")
    total = sum(number * rows for number, rows in said.turns)
    turns.metric("Turns a sample", f"{total / said.rows:.3g}", help=turn_words(said))
    repeats.metric(
        "Exact repeats", whole(said.duplicate_rows),
        help=f"samples that repeat an earlier one; {count(said.duplicate_groups, 'conversation')} occur more than once",
    )  # fmt: skip


def turn_words(said: DatasetStatistics) -> str:
    """2 turns: 90 samples; 4 turns: 10 samples."""
    shown = [f"{count(turns, 'turn')}: {count(rows, 'sample')}" for turns, rows in said.turns[:12]]
    rest = sum(rows for _, rows in said.turns[12:])
    return "; ".join([*shown, f"more turns: {count(rest, 'sample')}"] if rest else shown)


def length_figure(lengths: Lengths) -> go.Figure:
    """Samples by tokens of question and answer, on a logarithmic axis."""
    names = [_bin(low, high) for low, high in zip(lengths.edges, lengths.edges[1:], strict=False)]
    figure = go.Figure()
    for side, title, rows in (("prompt", "question", lengths.prompt), ("response", "answer", lengths.response)):
        figure.add_bar(
            x=names, y=rows, name=title, marker={"color": SIDES[side]},
            hovertemplate=title + " of %{x} tokens: %{y:,d} samples<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=HEIGHT + 40,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        barmode="group",
        bargap=0.15,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "tokens (logarithmic)", "type": "category"},
        yaxis={"title": "samples", "rangemode": "tozero", "tickformat": ",d"},
        separators=".\u202f",
    )
    return figure


def _bin(low: int, high: int) -> str:
    return whole(low) if high == low + 1 else f"{whole(low)}–{whole(high - 1)}"


def _draw_flags(said: DatasetStatistics) -> None:
    """Every rule with its rows; the rule itself on hover, a click filters by it."""
    st.caption(f"{count(said.flagged, 'sample')} with a flag. Hover for the rule, click to filter by it.")
    with st.container(gap=None):
        for name, rows in said.flags:
            st.button(
                f"{RULES[name].title}: {whole(rows)}", key=f"flag_{name}", help=plain(RULES[name].rule), disabled=not rows,
                on_click=_filter_by, kwargs={"flags": (name,)}, type="tertiary",
            )  # fmt: skip


def _filter_by(**parts) -> None:
    choose_filter(replace(chosen_filter(), **parts))


def _draw_parts(said: DatasetStatistics) -> None:
    """Languages, then every category column: a click on a row filters by its value."""
    answers = dict(said.response_languages)
    told = [(code or NOT_TOLD, rows) for code, rows in said.languages]
    drawn: list[Callable[[], None]] = [
        lambda: _draw_values(
            "languages", "Language", told, answers=[answers.get(code, 0) for code, _ in said.languages]
        )
    ]
    drawn += [partial(_draw_category, at, found) for at, found in enumerate(said.categories)]
    for start in range(0, len(drawn), 3):
        for place, draw in zip(st.columns(3, gap="medium"), drawn[start : start + 3], strict=False):
            with place:
                draw()


def _draw_category(at: int, found: Categories) -> None:
    rest = _rest(found)
    _draw_values(
        f"category_{at}", found.column, list(found.values), note=f" ({rest})" if rest else "", column=found.column
    )


def _draw_values(
    key: str,
    title: str,
    values: list[tuple[str, int]],
    *,
    note: str = "",
    answers: list[int] | None = None,
    column: str | None = None,
) -> None:
    """Values with their rows; a click filters by the column of that name, or by the language."""
    names = [value for value, _ in values]
    shown: dict[str, list] = {"value": names, "samples": [rows for _, rows in values]}
    st.caption(plain(title) + note)
    st.dataframe(
        shown if answers is None else shown | {"in answers": answers},
        hide_index=True,
        height=min(HEIGHT, 38 + 35 * len(values)),
        key=key,
        on_select=lambda: _value_clicked(key, names, column),
        selection_mode="single-cell",
    )


def _value_clicked(key: str, values: list[str], column: str | None) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(values):
        value = values[cells[0][0]]
        _filter_by(**({"languages": (value,)} if column is None else {"columns": ((column, value),)}))


def _rest(found: Categories) -> str:
    said = [f"{count(found.more, 'more value')} in {count(found.others, 'sample')}"] if found.more else []
    return ", ".join([*said, f"{whole(found.missing)} without"] if found.missing else said)


def _draw_columns(said: DatasetStatistics) -> None:
    if not said.columns:
        return
    with st.expander(f"{count(len(said.columns), 'column')} beside the conversation"):
        st.dataframe(
            {
                "column": [column.name for column in said.columns],
                "type": [column.type for column in said.columns],
                "role": [column.role for column in said.columns],
                "different values": [column.distinct for column in said.columns],
                "missing": [column.missing for column in said.columns],
            },
            hide_index=True,
            key="column_table",
        )
