"""Rows as the columns of a table: what a column can hold, and what had to be written as text."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from core.export.changes import Changes
from core.export.rows import Record, Row, Rows
from core.export.source_records import SourceRecords

CHUNK = 2_000  # rows at once, fewer where they are long
AT_ONCE = 16_000_000  # bytes of records, or characters of conversations
MISMATCH = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)


def records(rows: Rows, changes: Changes) -> Iterator[tuple[Row, Record]]:
    """Each row with its record; an original that is no JSON even with repairs becomes a record without columns."""
    source = SourceRecords(rows.dataset)
    for row in rows.read(changes):
        value = row.value if row.raw is None else source.value(row.raw)
        if value is None:
            changes.lose("the record is no JSON object, so it has no columns", row.sample_id)
        yield row, value or {}


def chunks(found: Iterator[tuple[Row, Record]]) -> Iterator[list[tuple[Row, Record]]]:
    """Rows with their records in lists of at most `CHUNK`, and of about `AT_ONCE` at most where there are several."""
    chunk: list[tuple[Row, Record]] = []
    size = 0
    for row, record in found:
        chunk.append((row, record))
        size += len(row.raw) if row.raw is not None else sum(len(turn.text) for turn in row.turns)
        if len(chunk) == CHUNK or size >= AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def schema_of(rows: Rows) -> tuple[pa.Schema, frozenset[str]]:
    """The columns in the order they are met with the type that holds every value; and those that only JSON text can hold."""
    types: dict[str, pa.DataType] = {}
    as_text: set[str] = set()
    for pairs in chunks(records(rows, Changes())):
        chunk = [record for _, record in pairs]
        for name in dict.fromkeys(key for record in chunk for key in record):
            if name in as_text:
                continue
            try:
                found = pa.array([record.get(name) for record in chunk]).type
                types[name] = _either(types.get(name, pa.null()), found)
            except MISMATCH:
                as_text.add(name)
                types[name] = pa.string()
            if name not in as_text and _childless(types[name]):
                as_text.add(name)
                types[name] = pa.string()
    return pa.schema(list(types.items())), frozenset(as_text)


def _either(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds the values of both; raises one of `MISMATCH`."""
    fields = [pa.schema([("it", each)]) for each in (one, other)]
    return pa.unify_schemas(fields, promote_options="permissive").field("it").type


def _childless(kind: pa.DataType) -> bool:
    """Whether an object without keys is somewhere inside, which Parquet cannot hold."""
    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_childless(field.type) for field in kind)
    return pa.types.is_list(kind) and _childless(kind.value_type)


def cells(record: Record, as_text: frozenset[str], sample_id: int, changes: Changes) -> Record:
    """A record with the columns `as_text` as JSON texts."""
    made = dict(record)
    for name in as_text & record.keys():
        if not isinstance(record[name], str) and record[name] is not None:
            changes.lose(f"the column {name!r} holds values of several kinds and becomes JSON text", sample_id)
            made[name] = json.dumps(record[name], ensure_ascii=False)
    return made
