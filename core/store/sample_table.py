"""A few samples with everything that is known of them, for a page of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.datasets.sample import Turn
from core.store.datasets import Dataset


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One sample: its conversation and its facts; `columns` holds its values of the data set's own columns."""

    sample_id: int
    turns: tuple[Turn, ...]
    language: str
    response_language: str
    tokens: int
    response_tokens: int
    duplicate_of: int | None
    flags: tuple[str, ...]
    columns: dict[str, Any]


def sample_rows(dataset: Dataset, ids: list[int]) -> list[SampleRow]:
    """The rows of some samples, in the order given."""
    facts = _by_id(
        dataset, "SELECT sample_id, language, response_language, tokens, response_tokens, duplicate_of FROM facts", ids
    )
    flags = _by_id(dataset, "SELECT sample_id, list(flag ORDER BY rowid) FROM flags", ids, "GROUP BY sample_id")
    cursor = dataset.cursor().execute("SELECT * FROM metadata WHERE sample_id IN (SELECT unnest(?::INTEGER[]))", [ids])
    names = [column[0] for column in cursor.description]
    own = {found["sample_id"]: found for found in (dict(zip(names, row, strict=True)) for row in cursor.fetchall())}
    rows = []
    for sample_id, turns in dataset.conversations(ids):
        language, response_language, tokens, response_tokens, duplicate_of = facts[sample_id]
        raised = tuple(flags[sample_id][0]) if sample_id in flags else ()
        columns = {name: value for name, value in own.get(sample_id, {}).items() if name != "sample_id"}
        rows.append(
            SampleRow(
                sample_id, turns, language, response_language, tokens, response_tokens, duplicate_of, raised, columns
            )
        )
    return rows


def _by_id(dataset: Dataset, query: str, ids: list[int], end: str = "") -> dict[int, tuple]:
    chosen = f"{query} WHERE sample_id IN (SELECT unnest(?::INTEGER[])) {end}"
    return {row[0]: row[1:] for row in dataset.cursor().execute(chosen, [ids]).fetchall()}
