"""Pieces of a file to lines, which end at a line feed and nowhere else: a text may hold every other separator."""

from __future__ import annotations

from collections.abc import Iterator

from core.datasets.sources.record import KEPT, LONGEST

TOO_LONG = f"longer than {LONGEST >> 20} MB; its first {KEPT} bytes are kept"


def lines(pieces: Iterator[bytes], end: bytes = b"\n") -> Iterator[tuple[int, bytes, bool]]:
    """Yield number (from 1), content without line end, and whether it is too long and only its beginning is given."""
    parts: list[bytes] = []
    number, size = 1, 0
    for piece in pieces:
        first, *others = piece.split(end)
        parts, size = _longer(parts, size, first)
        for other in others:
            yield number, b"".join(parts), size > LONGEST
            number, parts, size = number + 1, [other], len(other)
    if size:
        yield number, b"".join(parts), size > LONGEST


def _longer(parts: list[bytes], size: int, more: bytes) -> tuple[list[bytes], int]:
    """A line and its size with one more piece of it; of one that grew too long only the beginning is kept."""
    if size > LONGEST:
        return parts, size + len(more)
    parts.append(more)
    size += len(more)
    return ([b"".join(parts)[:KEPT]] if size > LONGEST else parts), size
