"""A JSON list element by element, or JSON objects that follow each other, each with its own bytes, in a sliding window.

A broken element is left out alone where its brackets are whole. Where they are not, reading goes on at the next line that
looks as the broken element's did: the same indentation, an object that is whole, or a lone opening brace below the margin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from core.datasets.sources.json_lines import json_record
from core.datasets.sources.json_text import JsonReader
from core.datasets.sources.record import KEPT, LONGEST, RawRecord
from core.datasets.sources.window import CLOSED, SPACE, TOO_LONG, Window

COMMA, END = ord(","), ord("]")
# An object around the list: names before it whose values are no lists and no objects, then the list of records.
LIST_NAMES = ("data", "rows", "records", "examples", "items", "samples", "train")
SIMPLE = rb'(?:"(?:[^"\\]|\\.)*+"|[-+.\w]++)'
PAIR = rb'"(?:[^"\\]|\\.)*+"\s*+:\s*+' + SIMPLE
WRAPPED = re.compile(
    rb"\s*+\{\s*+(?:" + PAIR + rb"\s*+,\s*+)*?\"(?:" + "|".join(LIST_NAMES).encode() + rb")\"\s*+:\s*+\[(?=\s*+\{)",
    re.DOTALL,
)
AFTER = re.compile(rb"(?:\s*+,\s*+" + PAIR + rb")*+\s*+\}\s*+", re.DOTALL)
NOTHING_AFTER = "nothing after it could be read"
NO_COMMA = "left out: the ',' before it is missing"
BRACKETS = "broken JSON: its brackets do not match"
NEXT, RESUME, STOP = "next", "resume", "stop"
LOOK_BACK = 200  # bytes before a value in which its line may begin


class Values:
    """The values of one file, read in order with what goes wrong between them."""

    def __init__(self, pieces: Iterator[bytes], *, file: str, codec: str) -> None:
        self._window = Window(pieces)
        self._file, self._codec = file, codec
        self._reader = JsonReader()

    def of_list(self, *, wrapped: bool) -> Iterator[RawRecord]:
        """The elements of the list that the file is, or that stands inside its one object."""
        window = self._window
        window.more()
        opened = WRAPPED.match(window.buffer).end() if wrapped else window.buffer.index(b"[") + 1  # type: ignore[union-attr]
        margin, comma = _margin(bytes(window.buffer[:opened])) if wrapped else b"", True
        window.go(opened)
        while window.mark() not in (END, None):
            margin = self._indentation(margin)
            record, then = self._value(margin)
            yield record if comma else replace(record, value=None, repairs=(), reason=record.reason or NO_COMMA)
            if then == STOP:
                return
            comma = then == RESUME or window.mark() == COMMA
            if then == NEXT and comma:
                window.go(window.at + 1)
        yield from self._ending(wrapped=wrapped)

    def in_sequence(self) -> Iterator[RawRecord]:
        """Values that follow each other with nothing but white space between."""
        while (mark := self._window.mark()) is not None:
            record, then = self._value(self._indentation(b""))
            yield record
            if then == STOP:
                return
            if mark in (COMMA, END):  # no value begins with these
                self._window.go(self._window.at + 1)

    def _value(self, margin: bytes) -> tuple[RawRecord, str]:
        """The value that begins here, and how to go on: behind it, at the element found after a break, or not at all."""
        window = self._window
        line = window.line
        end, how = window.value_end()
        if how == CLOSED and end == window.at:
            return self._problem(b"", line, "a value is missing here"), NEXT
        if how == TOO_LONG:
            kept = bytes(window.buffer[window.at : window.at + KEPT])
            return self._problem(kept, line, f"longer than {LONGEST >> 20} MB, and {NOTHING_AFTER}"), STOP
        if how == CLOSED:
            return self._record(window.take(end), line), NEXT
        again = self._resumes(margin)
        if again is not None:
            broken = self._record(window.take(again).rstrip(SPACE + b","), line)
            return replace(broken, value=None, reason=broken.reason or BRACKETS), RESUME
        broken = self._record(bytes(window.buffer[window.at :]), line)
        reason = (broken.reason or "broken JSON").replace("broken JSON", f"broken JSON, and {NOTHING_AFTER}", 1)
        return self._problem(
            broken.raw, line, reason if NOTHING_AFTER in reason else f"{reason}; {NOTHING_AFTER}"
        ), STOP

    def _record(self, raw: bytes, line: int) -> RawRecord:
        return json_record(raw.rstrip(SPACE), self._reader, file=self._file, line=line, codec=self._codec)

    def _problem(self, raw: bytes, line: int, reason: str) -> RawRecord:
        cut = f"; the first {KEPT} of its {len(raw)} bytes are kept" if len(raw) > KEPT else ""
        return RawRecord(raw[:KEPT], self._file, line, reason=reason + cut)

    def _indentation(self, otherwise: bytes) -> bytes:
        """What stands before the value on its line, where that is white space only."""
        window = self._window
        line_end = window.buffer.rfind(b"\n", max(0, window.at - LOOK_BACK), window.at)
        before = bytes(window.buffer[line_end + 1 : window.at])
        return otherwise if line_end < 0 or before.strip(SPACE) else before

    def _resumes(self, margin: bytes) -> int | None:
        """Where the next element begins after one whose brackets cannot be trusted."""
        window = self._window
        opener = re.compile(rb"\n" + re.escape(margin) + rb"(?=\{([^\n]*+)(\n?))")
        place, ended = window.at, False
        while True:
            for found in opener.finditer(window.buffer, place):
                if (found.group(2) or ended) and self._whole(found.group(1), margin):
                    return found.end()
                place = found.start()
            if ended:
                return None
            ended = len(window.buffer) - window.at > LONGEST or not window.more()

    def _whole(self, rest: bytes, margin: bytes) -> bool:
        """Whether a line that begins with a brace is an object, or opens one below the margin."""
        line = rest.strip(SPACE)
        if not line:
            return bool(margin)
        raw = b"{" + line.removesuffix(b"]").rstrip(SPACE).removesuffix(b",")
        return isinstance(self._record(raw, 0).value, dict)

    def _ending(self, *, wrapped: bool) -> Iterator[RawRecord]:
        window = self._window
        if window.mark() is None:
            why = "the list breaks off here: ',' or ']' is missing; nothing after it was read"
            yield self._problem(b"", window.line, why)
            return
        window.go(window.at + 1)
        if wrapped:
            window.more()
            after = AFTER.match(window.buffer, window.at)
            window.go(after.end() if after else window.at)
        if window.mark() is not None:
            rest = bytes(window.buffer[window.at : window.at + KEPT])
            yield self._problem(rest, window.line, "the list ends before this; nothing after it was read")


def _margin(head: bytes) -> bytes:
    """The white space at the beginning of the last line of a piece of text."""
    line = head[head.rfind(b"\n") + 1 :]
    return line[: len(line) - len(line.lstrip(b" \t"))]


def json_list(pieces: Iterator[bytes], *, file: str, codec: str, wrapped: bool = False) -> Iterator[RawRecord]:
    """The elements of a JSON list; `wrapped` where it stands in one object under a name of `LIST_NAMES`."""
    return Values(pieces, file=file, codec=codec).of_list(wrapped=wrapped)


def json_sequence(pieces: Iterator[bytes], *, file: str, codec: str) -> Iterator[RawRecord]:
    """JSON values over several lines, one after the other."""
    return Values(pieces, file=file, codec=codec).in_sequence()
