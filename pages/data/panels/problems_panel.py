"""What was left out of a data set and what was mended in it, with places, rules and the records to take home."""

from __future__ import annotations

import base64
import json
import math

import streamlit as st

from core.datasets.parse import Problem
from core.store.datasets import Dataset
from core.store.repairs import RepairRule
from pages.shared.messages import plain
from pages.shared.numbers import count

PAGE = 50
SHOWN = 400  # characters of a record


def draw_problems(dataset: Dataset) -> None:
    """The records that could not be read, then the rules by which others were mended."""
    _draw_left_out(dataset)
    _draw_repaired(dataset.repair_rules())


def _draw_left_out(dataset: Dataset) -> None:
    total = dataset.summary.problems
    if not total:
        st.caption("Every record was read: nothing was left out.")
        return
    pages = math.ceil(total / PAGE)
    page = min(st.pagination(pages, key=f"problems_{dataset.name}"), pages) if pages > 1 else 1
    found = dataset.problems(limit=PAGE, offset=(page - 1) * PAGE)
    st.caption(f"{count(total, 'record')} left out. Line 0 stands for a whole file.")
    st.dataframe(
        {
            "file": [problem.file for problem in found],
            "line": [problem.line for problem in found],
            "reason": [problem.reason for problem in found],
            "record": [shown(problem) for problem in found],
        },
        hide_index=True,
        column_config={
            "reason": st.column_config.TextColumn(width="large"),
            "record": st.column_config.TextColumn(
                width="large", help=f"its first {SHOWN} characters; the download has all"
            ),
        },
    )
    st.download_button(
        "Download what was left out",
        data=lambda: left_out(dataset),
        file_name=f"{dataset.name}.left-out.jsonl",
        mime="application/jsonl",
        on_click="ignore",
        icon=":material/download:",
        help="JSON Lines of file, line, reason and record",
    )


def _draw_repaired(rules: list[RepairRule]) -> None:
    if not rules:
        st.caption(plain("No record had to be mended."))
        return
    st.caption("Mended while reading, each record kept:")
    st.dataframe(
        {
            "rule": [rule.rule for rule in rules],
            "records": [rule.records for rule in rules],
            "first places": [places(rule) for rule in rules],
        },
        hide_index=True,
        column_config={"rule": st.column_config.TextColumn(width="large")},
    )


def places(rule: RepairRule) -> str:
    """Where a rule was applied first."""
    more = ", …" if rule.records > len(rule.first) else ""
    return ", ".join(f"{file}:{line}" for file, line in rule.first) + more


def shown(problem: Problem) -> str:
    """The beginning of a record that could not be read."""
    return problem.record[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN]


def left_out(dataset: Dataset) -> bytes:
    """Every record that was left out with its file, line and reason, one JSON object a line."""
    return b"".join(_line(problem) for problem in dataset.problems())


def _line(problem: Problem) -> bytes:
    """One of them; a record that is no UTF-8 has its bytes in base64 beside its text."""
    said = {"file": problem.file, "line": problem.line, "reason": problem.reason}
    said["record"] = problem.record.decode("utf-8", "replace")
    if said["record"].encode() != problem.record:
        said["record_base64"] = base64.b64encode(problem.record).decode()
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"
