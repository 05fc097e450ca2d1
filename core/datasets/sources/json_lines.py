"""JSON Lines: one record a line."""

from __future__ import annotations

from collections.abc import Iterator

from core.datasets.sources.encodings import NotText, text_of
from core.datasets.sources.json_text import BrokenJson, JsonReader
from core.datasets.sources.lines import TOO_LONG, lines
from core.datasets.sources.record import RawRecord


def json_lines(pieces: Iterator[bytes], *, file: str, codec: str) -> Iterator[RawRecord]:
    """Every line that is not blank as a record of its own."""
    reader = JsonReader()
    for number, line, too_long in lines(pieces):
        raw = line.removesuffix(b"\r")
        if too_long:
            yield RawRecord(raw, file, number, reason=TOO_LONG)
        elif raw.strip():
            yield json_record(raw, reader, file=file, line=number, codec=codec)


def json_record(raw: bytes, reader: JsonReader, *, file: str, line: int, codec: str) -> RawRecord:
    """The record of one JSON text."""
    try:
        text, decoded = text_of(raw, codec=codec)
        value, repairs = reader.read(text)
    except NotText as error:
        return RawRecord(raw, file, line, reason=str(error))
    except BrokenJson as error:
        return RawRecord(raw, file, line, reason=f"broken JSON: {error}")
    return RawRecord(text.encode() if decoded else raw, file, line, value, None, decoded + repairs)
