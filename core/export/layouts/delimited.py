"""CSV: every field in quotes, and by default none that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from core.export.changes import Changes
from core.export.layouts.table import chunks, records
from core.export.options import NEUTRAL
from core.export.rows import Rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # as the OWASP page on CSV injection lists them
APOSTROPHE = "'"
RUNS = "a text that a spreadsheet would run as a formula gets a ' before it (keep them: --formulas keep)"


def delimited(rows: Rows, changes: Changes) -> Iterator[bytes]:
    """A header and a row for each record; lists and objects become JSON texts."""
    names = list(dict.fromkeys(key for _, record in records(rows, Changes()) for key in record))
    yield _line([names])
    neutral = rows.options.formulas == NEUTRAL
    for chunk in chunks(records(rows, changes)):
        yield _line(
            [_cell(record.get(name), row.sample_id, neutral, changes) for name in names] for row, record in chunk
        )


def _line(made: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(made)
    return text.getvalue().encode()


def _cell(value: Any, sample_id: int, neutral: bool, changes: Changes) -> str:
    text = cell_text(value)
    if isinstance(value, (list, dict)):
        changes.lose("lists and objects become JSON text", sample_id)
    if neutral and isinstance(value, str) and text.startswith(FORMULA):
        changes.lose(RUNS, sample_id)
        return APOSTROPHE + text
    return text


def cell_text(value: Any) -> str:
    """A value as a field of a CSV file holds it: a text as it is, null as nothing, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
