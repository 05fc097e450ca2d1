"""Parquet, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from core.export.changes import Changes
from core.export.layouts.table import cells, chunks, records, schema_of
from core.export.rows import Rows


class _Pieces:
    """A file of which the written bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self.closed = False

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces = []
        return taken


def parquet(rows: Rows, changes: Changes) -> Iterator[bytes]:
    """The columns of the records as a table; a column that a record lacks is null there."""
    schema, as_text = schema_of(rows)
    sink = _Pieces()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as out:
        for chunk in chunks(records(rows, changes)):
            made = [cells(record, as_text, row.sample_id, changes) for row, record in chunk]
            out.write_table(pa.Table.from_pylist(made, schema=schema))
            yield sink.take()
    yield sink.take()
