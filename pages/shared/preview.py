"""A data set sample by sample, the parsed conversation beside the raw record; and what was left out."""

from __future__ import annotations

import math

import streamlit as st

from core.datasets.parse import Problem
from core.store.datasets import Dataset
from pages.shared.numbers import whole
from pages.shared.sample_view import draw_record, draw_turns

SAMPLES = 3  # on one page
PROBLEMS = 50
HEIGHT = 340  # of a sample, in pixels: long ones scroll


def draw_preview(dataset: Dataset) -> None:
    """A page of samples."""
    pages = max(1, math.ceil(len(dataset) / SAMPLES))
    at, total = st.columns([1, 3], vertical_alignment="bottom")
    key = f"preview_{dataset.name}"
    first = at.number_input("From sample", min_value=0, max_value=len(dataset) - 1, step=SAMPLES, key=key)
    total.caption(
        f"{whole(len(dataset))} samples, {SAMPLES} at a time ({whole(pages)} pages). Left: as read. Right: the record."
    )
    for sample_id in range(first, min(first + SAMPLES, len(dataset))):
        st.markdown(f"**Sample #{sample_id}**")
        parsed, raw = st.columns(2, gap="medium")
        with parsed.container(height=HEIGHT, border=False):
            draw_turns(dataset.turns(sample_id))
        with raw.container(height=HEIGHT, border=False):
            draw_record(*dataset.record(sample_id))


def draw_problems(dataset: Dataset) -> None:
    """The records that could not be read, with line and reason, and a button to take them home."""
    total = dataset.summary.problems
    if not total:
        st.caption("Every record of the file was read.")
        return
    pages = math.ceil(total / PROBLEMS)
    page = min(st.pagination(pages, key=f"problems_{dataset.name}"), pages) if pages > 1 else 1
    found = dataset.problems(limit=PROBLEMS, offset=(page - 1) * PROBLEMS)
    st.dataframe(
        {
            "line": [problem.line for problem in found],
            "reason": [problem.reason for problem in found],
            "record": [shown(problem) for problem in found],
        },
        hide_index=True,
        column_config={"record": st.column_config.TextColumn(width="large")},
    )
    st.download_button(
        "Download what was left out",
        data=lambda: left_out(dataset),
        file_name=f"{dataset.name}.left-out.jsonl",
        mime="application/jsonl",
        on_click="ignore",
        icon=":material/download:",
    )


def shown(problem: Problem) -> str:
    """The beginning of a record that could not be read."""
    return problem.record[:400].decode("utf-8", "replace")


def left_out(dataset: Dataset) -> bytes:
    """The records as they stood, one a line."""
    return b"".join(problem.record + b"\n" for problem in dataset.problems())
