"""Columns of metadata in a data set's database: from the JSON texts of an import to typed columns, and what they are."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.datasets.column_roles import Spread, best_first, role_of
from core.datasets.metadata import Column
from core.store.dataset_tables import COLUMNS_TABLE, with_rows

EXTRAS = "read_extras_"  # tables that last only while importing: (sample_id, extras as JSON keyed by column number)
AT_ONCE = 32_000_000  # bytes of a table of extras: DuckDB holds 2 048 values at once, however long they are
TEXTS = ("text", "json")  # types that DuckDB keeps as VARCHAR
LONG = 1_000  # bytes of a value from which its hash is counted: to tell how many differ, all of a column are held
DUCK_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR", "date": "TIMESTAMP",
              "json": "VARCHAR"}  # fmt: skip
OFFSET = "(Z|[+-][0-9]{2}:[0-9]{2})"


class Extras:
    """The columns of samples as they come, in tables that are typed one by one."""

    def __init__(self, connection) -> None:
        self._connection = connection
        self._tables, self._size = 0, AT_ONCE

    def add(self, rows: pa.Table) -> None:
        """Take what `Columns.add` gives."""
        ends = np.cumsum(pc.fill_null(pc.binary_length(rows["extras"]), 0).to_numpy(), dtype=np.int64) // AT_ONCE
        edges = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(rows)]
        for start, end in pairwise(edges):
            if end > start:
                self._add(rows.slice(start, end - start))

    def _add(self, rows: pa.Table) -> None:
        if self._size + rows.nbytes > AT_ONCE:
            self._tables, self._size = self._tables + 1, 0
            self._connection.execute(f"CREATE TEMP TABLE {self._table} (sample_id INTEGER, extras VARCHAR)")
        self._size += rows.nbytes
        with_rows(self._connection, rows, f"INSERT INTO {self._table} SELECT * FROM new_rows")

    @property
    def _table(self) -> str:
        return f"{EXTRAS}{self._tables:06}"


def create_metadata(connection, columns: list[Column]) -> list[Column]:
    """Make the tables `metadata` (a row a sample, typed) and `columns` from what was read; returns the columns in order.

    A repeated value of an id is told as a repair of the later row, where the tables of samples are there.
    """
    _create_typed(connection, columns)
    known = create_columns(connection, columns)
    for column in known:
        if column.role == "id":
            _tell_repeats(connection, column)
    return known


def create_columns(connection, columns: list[Column]) -> list[Column]:
    """Make the table `columns` by looking at `metadata`; returns the columns with their roles, in the order kept."""
    known = best_first(_described(connection, column) for column in columns)
    connection.execute(COLUMNS_TABLE)
    for c in known:
        row = [c.name, c.type, c.role, c.distinct, c.missing, c.place]
        connection.execute("INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)", row)
    return known


def _create_typed(connection, columns: list[Column]) -> None:
    shape = {str(column.place): _shape(column.type) for column in columns}
    typed = "".join(f", {_typed(column)} AS {quoted(column.name)}" for column in columns)
    # every field at once: a text is parsed once however many columns there are
    read = f"json_transform(extras, '{json.dumps(shape)}')" if columns else "NULL"
    query = f"SELECT sample_id{typed} FROM (SELECT sample_id, {read} AS v FROM"
    connection.execute(
        f"CREATE TABLE metadata AS {query} (SELECT 0::INTEGER AS sample_id, NULL::VARCHAR AS extras) LIMIT 0)"
    )
    tables = "SELECT table_name FROM duckdb_tables() WHERE temporary AND starts_with(table_name, ?) ORDER BY table_name"
    for (table,) in connection.execute(tables, [EXTRAS]).fetchall():
        connection.execute(f"INSERT INTO metadata {query} {table}) ORDER BY sample_id")
        connection.execute(f"DROP TABLE {table}")


def _shape(type: str) -> str:
    return "VARCHAR" if type == "date" else "JSON" if type == "json" else DUCK_TYPES[type]


def _typed(column: Column) -> str:
    value = f'v."{column.place}"'
    if (
        column.type == "date"
    ):  # a cast to TIMESTAMP drops the offset from UTC; one to TIMESTAMPTZ adds the machine's own
        utc = f"make_timestamp(epoch_us(TRY_CAST({value} AS TIMESTAMPTZ)))"
        return f"CASE WHEN regexp_matches({value}, '{OFFSET}$') THEN {utc} ELSE TRY_CAST({value} AS TIMESTAMP) END"
    if column.type == "json":
        return f"nullif(CAST({value} AS VARCHAR), '\"\"')"  # an empty text is a missing value
    return value


def _described(connection, column: Column) -> Column:
    name = quoted(column.name)
    told = f"CASE WHEN strlen({name}) > {LONG} THEN sha256({name}) ELSE {name} END" if column.type in TEXTS else name
    span = f"max({name})::DOUBLE - min({name})::DOUBLE" if column.type in ("integer", "number") else "NULL"
    empty = f"OR {name} = ''" if column.type == "text" else ""
    rows, missing, distinct, width = connection.execute(
        f"SELECT count(*), count_if({name} IS NULL {empty}), count(DISTINCT {told}), {span} FROM metadata"
    ).fetchall()[0]
    assert rows - missing == column.present, f"{column.present} values of {column.key!r} in, {rows - missing} out"
    spread = Spread(present=column.present, distinct=distinct, span=width)
    return replace(column, role=role_of(column, spread), distinct=distinct, missing=missing)


def _tell_repeats(connection, column: Column) -> None:
    if not connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'repairs' AND NOT temporary"
    ).fetchall():
        return
    name = quoted(column.name)
    connection.execute(
        f"""
        INSERT INTO repairs
        SELECT s.sample_id, s.file, s.line,
               concat(?, ' ''', left(CAST({name} AS VARCHAR), 60), ''' stands at ',
                      CASE WHEN first_file = s.file THEN '' ELSE first_file || ' ' END, 'line ', first_line, ' too')
        FROM (SELECT m.sample_id, {name}, row_number() OVER same AS number, first(file) OVER same AS first_file,
                     first(line) OVER same AS first_line
              FROM metadata AS m JOIN samples USING (sample_id) WHERE {name} IS NOT NULL AND CAST({name} AS VARCHAR) <> ''
              WINDOW same AS (PARTITION BY {name} ORDER BY m.sample_id))
        JOIN samples AS s USING (sample_id) WHERE number > 1 ORDER BY s.sample_id
        """,
        [column.name],
    )


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
