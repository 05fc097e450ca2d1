"""JSON Lines and one JSON list."""

from __future__ import annotations

import json
from collections.abc import Iterator

from core.export.changes import Changes
from core.export.rows import Row, Rows

LINE_ENDS = b"\r\n"
UNREADABLE = "the record is no plain JSON and stands as it stood; a trainer may not read it"


def json_lines(rows: Rows, changes: Changes) -> Iterator[bytes]:
    """A record a line. A verbatim record that ran over several lines has its line ends, which lie between values, as spaces."""
    for row in rows.read(changes):
        yield _text(row, changes, one_line=True) + b"\n"


def json_list(rows: Rows, changes: Changes) -> Iterator[bytes]:
    """One list, a record a line or as it stood."""
    yield b"["
    for number, row in enumerate(rows.read(changes)):
        yield (b",\n" if number else b"\n") + _text(row, changes, one_line=False)
    yield b"\n]\n"


def _text(row: Row, changes: Changes, *, one_line: bool) -> bytes:
    if row.raw is None:
        return json.dumps(row.value, ensure_ascii=False).encode()
    plain = _is_json(row.raw)
    if not plain:
        changes.tell(UNREADABLE, row.sample_id)
    if one_line and any(end in row.raw for end in LINE_ENDS):
        if not plain:
            changes.lose("a line end inside a text that is no plain JSON becomes a space", row.sample_id)
        else:
            changes.tell("line ends between the values of a record become spaces", row.sample_id)
        return row.raw.translate(bytes.maketrans(LINE_ENDS, b"  "))
    return row.raw


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
