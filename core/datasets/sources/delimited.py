"""CSV and TSV: one record a row, with quoted line breaks, the delimiter told from the first rows."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from core.datasets.sources.encodings import NotText, text_of
from core.datasets.sources.lines import TOO_LONG, lines
from core.datasets.sources.record import KEPT, LONGEST, RawRecord, clear_names, of_row

csv.field_size_limit(LONGEST)  # the module's own limit of 128 KB is for the whole process and refuses long answers
DELIMITERS = {"csv": (",", ";", "|", "\t"), "tsv": ("\t",)}
ROWS_LOOKED_AT = 200
LITERAL = "a quote out of place: the row was read with its quotes as they stand"
ALL_LITERAL = "quotes in this file do not enclose fields: they were taken as they stand"
UNCLOSED = "a quote that opens here is never closed"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What separates fields, and whether quotes enclose them."""

    delimiter: str
    quoted: bool

    def rows(self, texts: Iterator[str]) -> Iterator[list[str]]:
        """Rows of fields; raises `csv.Error` for a row that breaks the rules of quoting."""
        if self.quoted:
            return csv.reader(texts, delimiter=self.delimiter, strict=True)
        return csv.reader(texts, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)


def dialect_of(head: str, kind: str) -> Dialect:
    """The delimiter under which most of the first rows are as wide as the first; in a TSV quotes that break rules are text."""
    texts = [line + "\n" for line in head.split("\n")]
    best = max(DELIMITERS[kind], key=lambda delimiter: _even_rows(Dialect(delimiter, True), texts))
    return Dialect(best, kind != "tsv" or not _breaks(Dialect(best, True), texts))


def _first_rows(dialect: Dialect, texts: list[str]) -> Iterator[list[str] | None]:
    rows = dialect.rows(iter(texts))
    for _ in range(ROWS_LOOKED_AT * 50):
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" not in str(error):  # the head may end inside a field
                yield None


def _even_rows(dialect: Dialect, texts: list[str]) -> int:
    rows = [row for row, _ in zip(_first_rows(dialect, texts), range(ROWS_LOOKED_AT), strict=False)]
    if rows[:1] == [None]:  # a header that breaks under it: the lines of a long text may still look even
        return 0
    widths = [len(row) for row in rows if row]
    return sum(width == widths[0] for width in widths) if widths and widths[0] > 1 else 0


def _breaks(dialect: Dialect, texts: list[str]) -> bool:
    return any(row is None for row in _first_rows(dialect, texts))


class _Line(NamedTuple):
    """One line of the file; a named tuple, because there are millions of them."""

    number: int
    text: str
    raw: bytes
    repairs: tuple[str, ...]
    reason: str | None


class _Feed:
    """The lines a row is made of: remembered while it is read, and given back where it turns out to be none."""

    def __init__(self, found: Iterator[_Line]) -> None:
        self._found = found
        self._back: deque[_Line] = deque()
        self.used: list[_Line] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > LONGEST:  # ends the row that never ends
            raise StopIteration
        line = self._back.popleft() if self._back else next(self._found)
        self.used.append(line)
        self._size += len(line.raw)
        return line.text

    def start(self) -> None:
        """Begin with a new row."""
        self.used, self._size = [], 0

    def keep_first(self) -> None:
        """Give back all lines of the row but the first."""
        self._back.extendleft(reversed(self.used[1:]))
        self.used = self.used[:1]


class _Table:
    """One pass through a table."""

    def __init__(self, feed: _Feed, dialect: Dialect, file: str, header: bool) -> None:
        self._feed, self._dialect, self._file, self._header = feed, dialect, file, header
        self._names: list[str] | None = None
        self._notes: tuple[str, ...] = () if dialect.quoted else (ALL_LITERAL,)

    def records(self) -> Iterator[RawRecord]:
        """Every row as a record or as a problem."""
        any_row = False
        while (row := self._row()) is not None:
            if not any(line.text.strip() for line in self._feed.used):
                continue
            record = self._record(row)
            if record is not None:
                any_row = True
                yield record
        if not any_row:
            what = "a header and no rows" if self._names else "no rows"
            yield RawRecord(b"", self._file, 0, reason=f"the table holds {what}")

    def _row(self) -> list[str] | None:
        """The next row; one that breaks the rules of quoting is its first line alone, read literally or not at all."""
        self._feed.start()
        try:
            return next(self._dialect.rows(self._feed), None)
        except csv.Error as error:
            # What is given back is read at most twice: a quote that opens has ended at the next one, or there is none.
            self._feed.keep_first()
            return self._literally(UNCLOSED if "unexpected end" in str(error) else str(error))

    def _literally(self, why: str) -> list[str]:
        line = self._feed.used[0]
        try:
            row = next(Dialect(self._dialect.delimiter, False).rows(iter([line.text])), [])
        except csv.Error:
            row = []
        fits = len(row) == len(self._names or row) > 0
        changed = _Line(
            line.number, line.text, line.raw, (*line.repairs, LITERAL), line.reason or (None if fits else why)
        )
        self._feed.used[0] = changed
        return row or [line.text]

    def _record(self, row: list[str]) -> RawRecord | None:
        used = self._feed.used
        reason = next((line.reason for line in used if line.reason), None)
        repairs = tuple(dict.fromkeys(rule for line in used for rule in line.repairs))
        if reason is None and self._names is None:
            names = row if self._header else [str(number) for number in range(1, len(row) + 1)]
            self._names, renamed = clear_names(names)
            self._notes += renamed
            if self._header:
                self._notes += repairs
                return None
        if reason is None and self._names is not None and len(row) != len(self._names):
            fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
            first = "header" if self._header else "first row"
            reason = f"the row has {fields}, the {first} {len(self._names)}"
        if reason is not None or self._names is None:
            raw = b"".join(line.raw for line in used).rstrip(b"\r\n")
            cut = f"; the first {KEPT} of its {len(raw)} bytes are kept" if len(raw) > KEPT else ""
            return RawRecord(raw[:KEPT], self._file, used[0].number, reason=f"{reason}{cut}")
        made = dict(zip(self._names, row, strict=True))
        repairs, self._notes = self._notes + repairs, ()
        return of_row(made, file=self._file, line=used[0].number, repairs=repairs)


def _decoded(pieces: Iterator[bytes], codec: str, line_end: bytes) -> Iterator[_Line]:
    for number, raw, too_long in lines(pieces, line_end):
        try:
            text, repairs = text_of(raw, codec=codec)
            reason = TOO_LONG if too_long else None
        except NotText as error:
            text, repairs, reason = raw.decode("utf-8", "replace"), (), str(error)
        yield _Line(number, text + "\n", raw + line_end, repairs, reason)


def delimited(
    pieces: Iterator[bytes], *, file: str, codec: str, line_end: bytes, dialect: Dialect, header: bool
) -> Iterator[RawRecord]:
    """Every row of a table as a record of texts; without `header` the columns are called "1", "2", …"""
    feed = _Feed(_decoded(pieces, codec, line_end))
    return _Table(feed, dialect, file, header).records()
