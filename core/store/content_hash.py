"""One SHA-256 over what a database says: every table ordered by its key, without times, names or file layout."""

import hashlib
from collections.abc import Iterator, Mapping

import duckdb
import numpy as np
import pyarrow as pa

# Read at once, so that long texts fit into memory: rows, and samples where they come first. The hash depends on neither.
ROWS, SAMPLES = 1 << 14, 2_000
SAMPLE = "sample_id"


def content_hash(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, tuple[str, ...]]) -> str:
    """SHA-256 (hex) over the tables named by `keys`, each ordered by its key columns."""
    total = hashlib.sha256()
    for table in sorted(keys):
        schema = connection.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_reader(ROWS).schema
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]  # those without a sample, too
        columns = [_Column() for _ in schema]
        for batch in _batches(connection, table, keys[table]):
            for column, values in zip(columns, batch.columns, strict=True):
                column.add(values)
        total.update(f"{table}: {rows} rows".encode())
        for field, column in zip(schema, columns, strict=True):
            total.update(f"{field.name} {field.type}".encode() + column.digest())
    return total.hexdigest()


def _batches(connection: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """The rows of a table in the order of its key; samples a few at a time, as all their texts are too much to be sorted."""
    order = f"ORDER BY {', '.join(key)}"
    if key[0] != SAMPLE:
        yield from connection.sql(f"SELECT * FROM {table} {order}").to_arrow_reader(ROWS)
        return
    there = f"SELECT DISTINCT {SAMPLE} FROM {table} WHERE {SAMPLE} IS NOT NULL ORDER BY {SAMPLE}"
    ids = connection.sql(there).fetchnumpy()[SAMPLE]  # a damaged file may have any, far apart
    for first in range(0, len(ids), SAMPLES):
        few = f"{SAMPLE} BETWEEN {ids[first]} AND {ids[first : first + SAMPLES][-1]}"
        yield from connection.sql(f"SELECT * FROM {table} WHERE {few} {order}").to_arrow_reader(ROWS)


class _Column:
    """A running hash of one column that sees values only, never how they were batched.

    Nulls, lengths (of texts and lists) and values have a digest each: that keeps neighbours from running together.
    """

    def __init__(self) -> None:
        self.nulls, self.lengths, self.values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()

    def add(self, column: pa.Array) -> None:
        self.nulls.update(column.is_null().to_numpy(zero_copy_only=False).tobytes())
        self._add(column.drop_null())

    def _add(self, column: pa.Array) -> None:
        if pa.types.is_list(column.type):
            self.lengths.update(column.value_lengths().to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            self._add(column.flatten())
        elif pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            _, offsets, raw = column.buffers()
            ends = np.frombuffer(offsets, "<i4")[column.offset : column.offset + len(column) + 1].astype("<i8")
            self.lengths.update(np.diff(ends).tobytes())
            if len(column) and ends[-1] > ends[0]:
                self.values.update(memoryview(raw)[ends[0] : ends[-1]])
        else:
            self.values.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).tobytes())

    def digest(self) -> bytes:
        return self.nulls.digest() + self.lengths.digest() + self.values.digest()
