"""A sliding window over JSON bytes that finds where values end, without reading what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.datasets.sources.record import LONGEST

CHUNK = 1 << 18
SPACE = b" \t\r\n"
NOT_SPACE = re.compile(rb"[^ \t\r\n]")
# A whole string, or a mark of structure; a lone quote is a string that goes on behind the window.
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[",\[\]{}]', re.DOTALL)
CLOSER = {ord("["): ord("]"), ord("{"): ord("}")}

CLOSED, OPEN, TORN, TOO_LONG = "closed", "open", "torn", "too long"


class Window:
    """The unread rest of a file as far as it was needed: `buffer` from `at` on; `line` (from 1) is where `at` stands."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.buffer = bytearray()
        self.at = 0
        self.line = 1

    def more(self) -> bool:
        """Take in at least as much again as there is, so that scanning anew what grows costs only a constant factor."""
        wanted = max(CHUNK, len(self.buffer) - self.at)
        before = len(self.buffer)
        for piece in self._pieces:
            self.buffer += piece
            if len(self.buffer) - before >= wanted:
                break
        return len(self.buffer) > before

    def go(self, to: int) -> None:
        """Move on to a place in the buffer; what lies well behind is forgotten."""
        self.line += self.buffer.count(b"\n", self.at, to)
        self.at = to
        if self.at > CHUNK:
            del self.buffer[: self.at]
            self.at = 0

    def mark(self) -> int | None:
        """Skip white space; the byte that follows, None at the end of the file."""
        while (found := NOT_SPACE.search(self.buffer, self.at)) is None:
            self.go(len(self.buffer))
            if not self.more():
                return None
        self.go(found.start())
        return self.buffer[self.at]

    def take(self, to: int) -> bytes:
        """The bytes up to a place, moved past."""
        taken = bytes(self.buffer[self.at : to])
        self.go(to)
        return taken

    def value_end(self) -> tuple[int, str]:
        """Where the value that begins here ends, and how.

        CLOSED: by its own bracket, a comma or the bracket of the list around it; OPEN: the file ends inside it; TORN: a
        bracket closes what was not open; TOO_LONG: it is longer than any record may be.
        """
        stack = bytearray()
        place = self.at
        while True:
            found = TOKEN.search(self.buffer, place)
            if found is None or (found.end() - found.start() == 1 and self.buffer[found.start()] == 0x22):
                place = len(self.buffer) if found is None else found.start()
                if len(self.buffer) - self.at > LONGEST:
                    return len(self.buffer), TOO_LONG
                if not self.more():
                    return len(self.buffer), OPEN
                continue
            place = found.end()
            mark = self.buffer[found.start()]
            if mark in CLOSER:
                stack.append(CLOSER[mark])
            elif mark != 0x22 and not stack and mark != 0x7D:
                return found.start(), CLOSED
            elif mark in (0x5D, 0x7D):
                if not stack or stack.pop() != mark:
                    return found.start(), TORN
                if not stack:
                    return place, CLOSED
