"""Read a written export the way anybody would, and compare it with what was to be written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from core.datasets.formats import FORMATS, BadRecord
from core.datasets.options import ImportOptions
from core.datasets.read import RawRecord, open_source, records
from core.export.changes import Changes
from core.export.formats import VERBATIM
from core.export.layouts import LAYOUTS
from core.export.layouts.delimited import APOSTROPHE, FORMULA, cell_text
from core.export.layouts.json_text import LINE_ENDS
from core.export.layouts.table import records as table_records
from core.export.options import NEUTRAL
from core.export.rows import Record, Row, Rows

OTHERWISE = "the record reads back otherwise, as a column of a table has one type"


def read_back(path: Path, rows: Rows, *, layout: str, changes: Changes) -> tuple[str, ...]:
    """Import the written file and compare it row by row, rows in = rows out; the columns it has, in the order they are met.

    JSON of either layout must be the same: verbatim records byte for byte, of a conversion the conversations. A table
    gives back every column; what reads otherwise there is counted in `changes` as a loss. A column that a record lacks is
    null in a table, or empty in CSV: that is told, not lost.
    """
    columns: dict[str, None] = {}
    if not rows.ids:
        return ()
    options = ImportOptions() if rows.options.format == VERBATIM else ImportOptions(format=rows.options.format)
    read = _noting(records(open_source(path, options), options), columns)
    if LAYOUTS[layout].table:
        _compare_table(read, rows, changes, csv=layout == "csv")
    else:
        _compare_json(read, rows)
    return tuple(columns)


def _noting(read: Iterator[RawRecord], columns: dict[str, None]) -> Iterator[RawRecord]:
    for record in read:
        if isinstance(record.value, dict):
            columns |= dict.fromkeys(record.value)
        yield record


def _compare_json(read: Any, rows: Rows) -> None:
    for written, row in zip_longest(read, rows.read(Changes())):
        assert written is not None and row is not None, "other rows were written than chosen"
        if row.raw is not None:
            same = written.raw in (row.raw, row.raw.translate(bytes.maketrans(LINE_ENDS, b"  ")))
            assert same, f"sample {row.sample_id} reads back as another record"
        else:
            assert written.reason is None, f"sample {row.sample_id} does not read back: {written.reason}"
            turns = FORMATS[rows.options.format].parse(written.value)
            assert turns == row.turns, f"sample {row.sample_id} reads back as another conversation"
            assert written.value == row.value, f"sample {row.sample_id} reads back with other columns"


def _compare_table(read: Any, rows: Rows, changes: Changes, *, csv: bool) -> None:
    neutral = csv and rows.options.formulas == NEUTRAL
    for written, found in zip_longest(read, table_records(rows, Changes())):
        assert written is not None and found is not None, "other rows were written than chosen"
        assert written.reason is None, f"row {written.line} of {written.file} does not read back: {written.reason}"
        row, record = found
        expected = _as_csv(record, neutral) if csv else _without_nulls(record)
        value = (
            {key: text for key, text in written.value.items() if text != ""} if csv else _without_nulls(written.value)
        )
        if value != expected:
            changes.lose(OTHERWISE, row.sample_id)
        elif not _same_turns(written.value, row, rows, expected, record, csv):
            changes.lose("the conversation reads back otherwise", row.sample_id)


def _same_turns(value: Record, row: Row, rows: Rows, expected: Record, record: Record, csv: bool) -> bool:
    """Of a conversion whether the importer finds the conversation again; what was neutralised is counted already."""
    if row.value is None or (csv and any(expected.get(key, "") != cell_text(each) for key, each in record.items())):
        return True
    try:
        return FORMATS[rows.options.format].parse(value) == row.turns
    except BadRecord:
        return False


def _as_csv(record: Record, neutral: bool) -> dict[str, str]:
    made = {}
    for key, value in record.items():
        text = cell_text(value)
        if text:
            made[key] = APOSTROPHE + text if neutral and isinstance(value, str) and text.startswith(FORMULA) else text
    return made


def _without_nulls(value: Any) -> Any:
    """A value without the keys that hold null, at any depth."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
