"""What every format shares: a record, the texts in it, the turns made of them, and why one cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.datasets.sample import Turn

Record = dict[str, Any]
NUL = "\x00"
NUL_REMOVED = "NUL characters were removed from its texts"


class BadRecord(Exception):
    """Why one record cannot become a sample; the rest of the file goes on."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record as read by a format.

    `used`: the keys that the conversation holds whole; every other key of the record becomes metadata. `notes`: rules
    by which something was mended, or stays in the original record alone.
    """

    turns: tuple[Turn, ...]
    used: frozenset[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A record format: its name on the command line, its rule in a sentence, how it is told and how it is read."""

    name: str
    title: str
    rule: str
    marks: str
    fits: Callable[[Any], bool]
    read: Callable[[Record], Parsed]

    def parse(self, record: Record) -> tuple[Turn, ...]:
        """The conversation of a record; raises `BadRecord`."""
        return self.read(record).turns


def has(*keys: str) -> Callable[[Any], bool]:
    """Whether a record is an object with all of these keys."""
    return lambda record: isinstance(record, dict) and all(key in record for key in keys)


def kind(value: object) -> str:
    """A JSON value's kind in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return next((names[known] for known in type(value).__mro__ if known in names), "null")


def text_of(record: Record, key: str, *, required: bool = True) -> str:
    """The text at `key`; where it is not required, missing and null are empty."""
    value = record.get(key)
    if value is None and not required:
        return ""
    if value is None:
        raise BadRecord(f"{key!r} is missing" if key not in record else f"{key!r} is null, text is needed")
    if not isinstance(value, str):
        raise BadRecord(f"{key!r} is {kind(value)}, text is needed")
    return value


def parsed(turns: list[Turn], used: set[str], notes: tuple[str, ...] = ()) -> Parsed:
    """Leave out the parts that are empty, except the response: an empty answer is kept and flagged."""
    kept = tuple(turn for turn in turns if turn.text or turn.role == "assistant")
    if any(NUL in turn.text for turn in kept):
        kept = tuple(Turn(turn.role, turn.text.replace(NUL, "")) for turn in kept)
        notes = (*notes, NUL_REMOVED)
    if not any(turn.text.strip() for turn in kept):
        raise BadRecord("every text in it is empty")
    try:
        "".join(turn.text for turn in kept).encode()
    except UnicodeEncodeError:
        raise BadRecord("it holds half of a character (a lone surrogate such as \\ud83d)") from None
    return Parsed(kept, frozenset(used), notes)
