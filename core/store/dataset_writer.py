"""Write the database of a data set: rows as they come, then what can be told once all are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from core.datasets.facts import facts_of
from core.datasets.metadata import Columns
from core.datasets.parse import Problem
from core.datasets.sample import Sample
from core.store.content_hash import content_hash
from core.store.dataset_tables import (
    FACTS,
    FORMAT_VERSION,
    KEYS,
    derived_rows,
    insert,
    problem_rows,
    sample_rows,
)  # fmt: skip
from core.store.metadata import Extras

CHUNK = 2_000  # samples handed to DuckDB at once


def write_samples(connection, parsed: Iterable[Sample | Problem], columns: Columns) -> int:
    """Write samples and problems as they come, and collect their columns; returns how many records came."""
    seen = 0
    extras = Extras(connection)
    for chunk in _chunks(parsed):
        seen += len(chunk)
        kept = [item for item in chunk if isinstance(item, Sample)]
        left_out = [item for item in chunk if isinstance(item, Problem)]
        for rows in (sample_rows(kept), derived_rows(kept, facts_of(kept)), problem_rows(left_out)):
            for table, found in rows.items():
                insert(connection, table, found)
        extras.add(columns.add(kept))
    return seen


def check_counts(connection, seen: int) -> None:
    """Rows in = rows out."""
    kept, left_out = count(connection, "samples"), count(connection, "problems")
    assert kept + left_out == seen, f"{seen} records in, {kept} samples and {left_out} problems out"


def finish(connection, meta: Mapping[str, str], *, describe: Callable[[], object]) -> None:
    """What can be told once all rows are there: facts across samples, the content hash, and `meta` itself.

    `describe` makes the tables `metadata` and `columns`.
    """
    connection.execute(FACTS)
    describe()
    everything = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **meta,
        "format_version": str(FORMAT_VERSION),
        "content_hash": content_hash(connection, KEYS),
    }
    connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", list(everything.items()))


def count(connection, table: str) -> int:
    """The rows of a table."""
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def _chunks(parsed: Iterable[Sample | Problem]) -> Iterator[list[Sample | Problem]]:
    chunk: list[Sample | Problem] = []
    for item in parsed:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk
