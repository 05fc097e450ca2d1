"""A raw record: what one place of a source holds, before anybody asks what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

LONGEST = 1 << 27  # bytes of one record: what is longer is no training example, and would fill the memory
KEPT = 10_000  # bytes of a record kept where reading broke off, so that a damaged gigabyte is not stored twice


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as found: its own text in UTF-8, the file and line (from 1) it stood at, and its value or why there is none.

    For tables `raw` is one JSON object of the row and `line` of a Parquet or Arrow row its number. `repairs` names the
    rules by which the record was mended, `reason` says why it could not be read. Line 0: the whole file is meant.
    """

    raw: bytes
    file: str
    line: int
    value: Any = None
    reason: str | None = None
    repairs: tuple[str, ...] = ()


def of_row(row: dict[str, Any], *, file: str, line: int, repairs: tuple[str, ...] = ()) -> RawRecord:
    """The record of a table's row, written as one JSON object in column order."""
    text = json.dumps(row, ensure_ascii=False)
    try:
        return RawRecord(text.encode(), file, line, row, None, repairs)
    except UnicodeEncodeError:
        return RawRecord(json.dumps(row).encode(), file, line, row, None, repairs)


def noted(found: Iterator[RawRecord], notes: tuple[str, ...]) -> Iterator[RawRecord]:
    """The same records; what was repaired of the file as a whole stands at its first readable record."""
    for record in found:
        if notes and record.reason is None:
            record, notes = replace(record, repairs=notes + record.repairs), ()
        yield record


def clear_names(names: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Column names of which none is empty and none occurs twice, and what was changed to make it so."""
    clear: list[str] = []
    repairs: list[str] = []
    for number, name in enumerate(names, start=1):
        wanted = name or str(number)
        if not name:
            repairs.append(f"a column without a name is called by its number: {number}")
        count = 1
        while wanted in clear:
            count += 1
            wanted = f"{name} ({count})"
        if count > 1:
            repairs.append(f"several columns are called {name!r}: one of them is now {wanted!r}")
        clear.append(wanted)
    return clear, tuple(repairs)
