"""Parquet and Arrow tables batch by batch, each row as one JSON object of plain values."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.datasets.sources.json_text import NOT_A_NUMBER
from core.datasets.sources.record import RawRecord, clear_names, of_row
from core.datasets.sources.unpack import Progress, seekable, silent
from core.errors import GamutError

ROWS = 256  # at once: rows may hold long texts
AT_ONCE = 16_000_000  # bytes of rows as plain values at once
DAMAGE = (pa.ArrowException, ValueError, OverflowError)
BINARY = "bytes that are no text were read as null"


def table_rows(path: Path, *, file: str, kind: str, progress: Progress = silent) -> Iterator[RawRecord]:
    """Every row of a Parquet or Arrow file; raises `GamutError` where the file is damaged."""
    size = path.stat().st_size
    try:
        with seekable(path) as content:
            yield from rows_of(_batches(content, kind), file=file, progress=lambda share: progress(int(size * share)))
    except (*DAMAGE, OSError, MemoryError) as error:
        raise GamutError(
            f"{path.name} is a damaged {kind.title()} file ({_why(error)}); write or fetch it again."
        ) from None
    progress(size)


def _batches(content: IO[bytes], kind: str) -> Iterator[tuple[pa.RecordBatch, float]]:
    """Batches, each with the share of the file that is read after it."""
    if kind == "parquet":
        with pq.ParquetFile(content, pre_buffer=False) as table:
            done, total = 0, max(1, table.metadata.num_rows)
            for batch in table.iter_batches(ROWS, use_threads=False):
                done += batch.num_rows
                yield batch, done / total
        return
    whole = content.read(6) == b"ARROW1"
    content.seek(0)
    if whole:
        reader = pa.ipc.open_file(content)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number), (number + 1) / reader.num_record_batches
    else:
        end = content.seek(0, 2)
        content.seek(0)
        for batch in pa.ipc.open_stream(content):
            yield batch, content.tell() / max(1, end)


def rows_of(
    batches: Iterator[tuple[pa.RecordBatch, float]],
    *,
    file: str,
    progress: Any = silent,
    added: dict[str, str] | None = None,
) -> Iterator[RawRecord]:
    """Every row of some batches; `added` are columns that the source says of all of them."""
    line = 0
    notes: tuple[str, ...] = ()
    names: list[str] = []
    for batch, share in batches:
        if not names:
            names, notes = clear_names(batch.schema.names)
        step = max(1, ROWS * AT_ONCE // max(AT_ONCE, batch.nbytes))
        for start in range(0, batch.num_rows, step):
            for row in _plain_rows(batch.slice(start, step).rename_columns(names)):
                line += 1
                if isinstance(row, str):
                    yield RawRecord(b"", file, line, reason=row)
                    continue
                value, repairs = row
                yield of_row(value | (added or {}), file=file, line=line, repairs=notes + repairs)
                notes = ()
        progress(share)


def _why(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _checked(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch, after a check: what a damaged file says of its buffers is believed, and ends the process."""
    batch.validate(full=True)
    return batch.to_pylist()


def _plain_rows(batch: pa.RecordBatch) -> Iterator[tuple[dict[str, Any], tuple[str, ...]] | str]:
    """Each row with its repairs, or why it has no values."""
    try:
        rows = _checked(batch)
    except DAMAGE:
        for at in range(batch.num_rows):
            try:
                yield _plain_row(_checked(batch.slice(at, 1))[0])
            except DAMAGE as error:
                yield f"a value of the row could not be read: {_why(error)}"
        return
    yield from map(_plain_row, rows)


def _plain_row(row: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    repairs: dict[str, None] = {}
    return {name: _plain(value, repairs) for name, value in row.items()}, tuple(repairs)


def _plain(value: Any, repairs: dict[str, None]) -> Any:
    """A value as JSON has it: dates in ISO form, decimals and durations as text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        repairs[NOT_A_NUMBER] = None
        return None
    if isinstance(value, dict):
        return {str(key): _plain(inner, repairs) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, repairs) for inner in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            repairs[BINARY] = None
            return None
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta, uuid.UUID)):
        return str(value)
    return str(value)
