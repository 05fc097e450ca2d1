"""The tables of a data set, and how samples become rows of them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from core.datasets.facts import Facts
from core.datasets.parse import Problem
from core.datasets.sample import Sample

FORMAT_VERSION = 2
DATABASE = "samples.duckdb"
# What decides the content hash of a data set. All else in the file is derived from it, by rules that may improve.
KEYS = {
    "samples": ("sample_id",),
    "turns": ("sample_id", "turn"),
    "records": ("sample_id",),
    "problems": ("file", "line", "reason", "record"),
}
SCHEMAS = {
    "samples": pa.schema(
        [("sample_id", pa.int32()), ("file", pa.string()), ("line", pa.int64()), ("content_hash", pa.string()),
         ("no_response", pa.bool_()), ("turns", pa.int32()), ("characters", pa.int64())]
    ),
    "turns": pa.schema([("sample_id", pa.int32()), ("turn", pa.int32()), ("role", pa.string()), ("text", pa.string())]),
    "records": pa.schema([("sample_id", pa.int32()), ("record", pa.binary())]),
    "problems": pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("record", pa.binary())]),
    "repairs": pa.schema([("sample_id", pa.int32()), ("file", pa.string()), ("line", pa.int64()), ("rule", pa.string())]),
    "flags": pa.schema([("sample_id", pa.int32()), ("flag", pa.string())]),
    "read_facts": pa.schema(
        [("sample_id", pa.int32()), ("language", pa.string()), ("response_language", pa.string()),
         ("tokens", pa.int32()), ("response_tokens", pa.int32())]
    ),
}  # fmt: skip
COLUMNS_TABLE = (
    'CREATE TABLE columns (name VARCHAR, type VARCHAR, role VARCHAR, "distinct" BIGINT, missing BIGINT, place INTEGER)'
)
# `facts` adds to `read_facts`, which lasts only while importing, what needs all samples to be told.
FACTS = """
CREATE TABLE facts AS
SELECT f.*, CASE WHEN d.first < f.sample_id THEN d.first END AS duplicate_of
FROM read_facts AS f JOIN samples AS s USING (sample_id)
JOIN (SELECT content_hash, min(sample_id) AS first FROM samples GROUP BY content_hash) AS d USING (content_hash)
ORDER BY f.sample_id
"""


def create_tables(connection) -> None:
    """Make every table of `SCHEMAS`, empty."""
    for table, schema in SCHEMAS.items():
        kind = "TEMP TABLE" if table == "read_facts" else "TABLE"
        with_rows(connection, schema.empty_table(), f"CREATE {kind} {table} AS SELECT * FROM new_rows")


def insert(connection, table: str, rows: list[dict]) -> None:
    """Append rows to one of the tables of `SCHEMAS`."""
    if rows:
        made = pa.Table.from_pylist(rows, SCHEMAS[table])
        with_rows(connection, made, f"INSERT INTO {table} SELECT * FROM new_rows")


def with_rows(connection, rows: pa.Table, query: str) -> None:
    """Run a query that reads an Arrow table under the name `new_rows`."""
    connection.register("new_rows", rows)
    try:
        connection.execute(query)
    finally:
        connection.unregister("new_rows")


def sample_rows(samples: Sequence[Sample]) -> dict[str, list[dict]]:
    """The rows that hold samples as they came."""
    return {
        "samples": [
            {"sample_id": s.sample_id, "file": s.file, "line": s.line, "content_hash": s.content_hash,
             "no_response": s.no_response, "turns": len(s.turns), "characters": sum(len(t.text) for t in s.turns)}
            for s in samples
        ],
        "turns": [
            {"sample_id": s.sample_id, "turn": number, "role": turn.role, "text": turn.text}
            for s in samples
            for number, turn in enumerate(s.turns)
        ],
        "records": [{"sample_id": s.sample_id, "record": s.record} for s in samples],
    }  # fmt: skip


def derived_rows(samples: Sequence[Sample], facts: Sequence[Facts]) -> dict[str, list[dict]]:
    """The rows that hold what is told of samples."""
    pairs = list(zip(samples, facts, strict=True))
    return {
        "repairs": [
            {"sample_id": s.sample_id, "file": s.file, "line": s.line, "rule": rule} for s in samples for rule in s.repairs
        ],
        "flags": [{"sample_id": s.sample_id, "flag": flag} for s, found in pairs for flag in found.flags],
        "read_facts": [
            {"sample_id": s.sample_id, "language": found.language, "response_language": found.response_language,
             "tokens": found.tokens, "response_tokens": found.response_tokens}
            for s, found in pairs
        ],
    }  # fmt: skip


def problem_rows(problems: Sequence[Problem]) -> dict[str, list[dict]]:
    """The rows that hold what was left out."""
    return {"problems": [{"file": p.file, "line": p.line, "reason": p.reason, "record": p.record} for p in problems]}
