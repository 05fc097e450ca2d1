"""Columns of metadata in a data set's database: from the JSON texts of an import to typed columns, and what they are."""

from __future__ import annotations

import json
from dataclasses import replace

from core.datasets.column_roles import Spread, best_first, role_of
from core.datasets.metadata import Column
from core.store.dataset_tables import COLUMNS_TABLE

EXTRAS = "read_extras"  # lasts only while importing: (sample_id, extras as JSON keyed by column number)
DUCK_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR", "date": "TIMESTAMP",
              "json": "VARCHAR"}  # fmt: skip
OFFSET = "(Z|[+-][0-9]{2}:[0-9]{2})"


def create_extras(connection) -> None:
    """Make the table that takes what `Columns.add` gives."""
    connection.execute(f"CREATE TEMP TABLE {EXTRAS} (sample_id INTEGER, extras VARCHAR)")


def create_metadata(connection, columns: list[Column]) -> list[Column]:
    """Make the tables `metadata` (a row a sample, typed) and `columns` from what was read; returns the columns in order.

    A repeated value of an id is told as a repair of the later row, where the tables of samples are there.
    """
    _create_typed(connection, columns)
    known = create_columns(connection, columns)
    for column in known:
        if column.role == "id":
            _tell_repeats(connection, column)
    connection.execute(f"DROP TABLE {EXTRAS}")
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
    connection.execute(
        f"CREATE TABLE metadata AS SELECT sample_id{typed} "
        f"FROM (SELECT sample_id, {read} AS v FROM {EXTRAS}) ORDER BY sample_id"
    )


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
    span = f"max({name})::DOUBLE - min({name})::DOUBLE" if column.type in ("integer", "number") else "NULL"
    empty = f"OR {name} = ''" if column.type == "text" else ""
    rows, missing, distinct, width = connection.execute(
        f"SELECT count(*), count_if({name} IS NULL {empty}), count(DISTINCT {name}), {span} FROM metadata"
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
