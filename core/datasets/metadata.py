"""Columns beside the conversation: collected as they come, their types told once every value was seen.

Values do not stay in memory: each chunk of samples becomes a table of JSON texts for the store, keyed by the number of
the column, and `finish` says as what each column is to be read from them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.datasets.sample import Sample

LIMIT = 200  # columns
NAME_LENGTH = 80  # characters of a column's name that are kept
RESERVED = "sample_id"
EXTRAS_SCHEMA = pa.schema([("sample_id", pa.int32()), ("extras", pa.string())])
INTEGERS = range(-(2**63), 2**63)  # what a column of whole numbers can hold

DELIMITED = re.compile(r"\.(csv|tsv)(\.(gz|zst))?$", re.IGNORECASE)
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)  # a leading zero makes a code, no number
NUMBER = re.compile(r"-?(0|[1-9][0-9]*|(?=\.))(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

# The type of a column whose values are all of one kind, or of a mixture that one type can hold.
TYPES = {
    frozenset(["integer"]): "integer",
    frozenset(["number"]): "number",
    frozenset(["integer", "number"]): "number",
    frozenset(["boolean"]): "boolean",
    frozenset(["date"]): "date",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of metadata.

    `name`: as shown, unlike any other whatever its case. `key`: the name as found. `type`: integer, number, boolean,
    text, date or json. `place`: its number among the columns found, from 0. `present`: values that are not empty; the
    other rows are `missing`. `role`: score, category, id or none.
    """

    name: str
    type: str
    key: str
    place: int
    present: int = 0
    role: str = ""
    distinct: int = 0
    missing: int = 0


@dataclass(slots=True)
class _Seen:
    """What was met of a column: its number, the kinds of its values, and how many values were not empty."""

    place: int
    kinds: set[str] = field(default_factory=set)
    present: int = 0


class Columns:
    """The columns of a data set while it streams in."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._beyond: set[str] = set()

    @property
    def left_out(self) -> int:
        """How many columns there are beyond the `LIMIT` first ones; they stay in the records."""
        return len(self._beyond)

    def add(self, samples: Iterable[Sample]) -> pa.Table:
        """A chunk's columns as a table of `EXTRAS_SCHEMA`: one JSON object a sample, its keys the columns' numbers."""
        ids, texts = [], []
        for sample in samples:
            ids.append(sample.sample_id)
            texts.append(self._text(sample.extras, bool(DELIMITED.search(sample.file))))
        return pa.table([pa.array(ids, pa.int32()), pa.array(texts, pa.string())], schema=EXTRAS_SCHEMA)

    def _text(self, extras: dict[str, Any], delimited: bool) -> str | None:
        kept = {}
        for key, value in extras.items():
            seen = self._seen.get(key)
            if seen is None:
                if len(self._seen) == LIMIT:
                    self._beyond.add(key)
                    continue
                seen = self._seen[key] = _Seen(len(self._seen))
            if value is None or (delimited and value == ""):  # an empty cell
                continue
            if value != "":  # an empty text fits any type: it stays in a column of texts, and is missing in any other
                seen.kinds.add(_kind(value, delimited))
                seen.present += 1
            kept[seen.place] = value
        return json.dumps(kept, ensure_ascii=False) if kept else None

    def finish(self) -> list[Column]:
        """The columns in the order found, with the types that hold every value of theirs."""
        taken = {RESERVED}
        found = []
        for key, seen in self._seen.items():
            name = _free_name(_shown(key), taken)
            taken.add(name.casefold())
            found.append(Column(name, _type(seen.kinds), key, seen.place, seen.present))
        return found


def _kind(value: Any, delimited: bool) -> str:
    """The kind of one value; texts of CSV and TSV cells are read for numbers and truth values, those of JSON are not."""
    if isinstance(value, str):
        return _kind_of_text(value, delimited)
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if value in INTEGERS else "text"
    return "number" if isinstance(value, float) else "json"


def _kind_of_text(text: str, delimited: bool) -> str:
    if delimited and len(text) < 40:
        if WHOLE.fullmatch(text) and int(text) in INTEGERS:
            return "integer"
        if NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return "number"
        if text.lower() in ("true", "false"):
            return "boolean"
    if text in ("Infinity", "-Infinity"):
        return "number"
    return "date" if len(text) < 40 and DATE.fullmatch(text) and _is_date(text) else "text"


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _type(kinds: set[str]) -> str:
    if "json" in kinds:
        return "json"
    return TYPES.get(frozenset(kinds), "text")


def _shown(key: str) -> str:
    """A column's name fit to be shown in one line."""
    name = UNPRINTED.sub(" ", key).strip()
    return (name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…") or "(no name)"


def _free_name(name: str, taken: set[str]) -> str:
    """`name`, or `name (2)` and so on where another column has it in any case."""
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def beyond_words(left_out: int) -> str:
    """What is said of columns beyond the limit; nothing where there are none."""
    return f"{left_out} columns beyond the first {LIMIT} stay in the records only" if left_out else ""
