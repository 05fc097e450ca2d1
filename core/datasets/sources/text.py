"""Plain text: one record a line."""

from __future__ import annotations

from collections.abc import Iterator

from core.datasets.sources.encodings import NotText, text_of
from core.datasets.sources.lines import TOO_LONG, lines
from core.datasets.sources.record import RawRecord, of_row


def text_lines(pieces: Iterator[bytes], *, file: str, codec: str, line_end: bytes) -> Iterator[RawRecord]:
    """Every line that is not blank as a record {"text": line}."""
    for number, line, too_long in lines(pieces, line_end):
        raw = line.removesuffix(b"\r")
        if too_long:
            yield RawRecord(raw, file, number, reason=TOO_LONG)
        elif raw.strip():
            try:
                text, repairs = text_of(raw, codec=codec)
            except NotText as error:
                yield RawRecord(raw, file, number, reason=str(error))
                continue
            yield of_row({"text": text}, file=file, line=number, repairs=repairs)
