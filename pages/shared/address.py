"""Readers of what an address says of a choice: anyone may have typed it. `ValueError` or `KeyError` for what is not allowed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import Field
from typing import Any

from core.scores.hygiene import KINDS
from core.scores.outline import read_outline
from core.selection.constraints import Constraints
from core.selection.methods.registry import METHODS, parse_options
from core.store.sample_filter import SampleFilter

SINCE = ("pinned", "unpinned", "banned", "unbanned")
MAP_ENDS, NARROWEST = 1e6, 1e-6  # no map reaches so far, and beyond it single-precision coordinates run out


def one_of(*allowed: Any) -> Callable[[str], Any]:
    """A reader that accepts only these values."""
    return {str(value): value for value in allowed}.__getitem__


def number(*, low: float = -math.inf, high: float = math.inf) -> Callable[[str], float]:
    """A reader of finite numbers within a range: a link is typed by anyone."""

    def read(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(text)
        return value

    return read


def hundredths(low: float) -> Callable[[str], float]:
    """A reader of whole hundredths from `low` to 1."""
    return lambda text: round(100 * number(low=low, high=1)(text)) / 100


def place(text: str) -> int:
    """A reader of whole numbers from 0."""
    value = int(text)
    if not 0 <= value < 1 << 31:
        raise ValueError(text)
    return value


def option(method: str, field: Field) -> Callable[[str], Any]:
    """A reader of a method's option, as the command line reads it."""
    return lambda text: getattr(parse_options(METHODS[method], {field.name: text}), field.name)


def switch(text: str) -> bool:
    """A reader of on and off."""
    return {"1": True, "0": False}[text]


def whole_number(text: str) -> int:
    """A reader of whole numbers from 1."""
    value = place(text)
    if not value:
        raise ValueError(text)
    return value


def ordinal(text: str) -> int:
    """A reader of a place in a list, from 1."""
    return min(max(1, int(text)), 1 << 31)


def stretch(text: str) -> str:
    """A reader of a stretch of whole numbers, such as 0-63, kept as the text it is."""
    low, high = (place(end) for end in text.split("-"))
    if low > high:
        raise ValueError(text)
    return text


def neuron(text: str) -> str:
    """A reader of a layer and a number, such as 3.217, kept as the text it is."""
    layer, number = (place(part) for part in text.split("."))
    return f"{layer}.{number}"


def sample_filter(text: str) -> str:
    """A reader of a filter of samples, kept as the JSON it is."""
    SampleFilter.from_dict(json.loads(text))
    return text


def json_object(text: str) -> str:
    """A reader of an object in JSON, kept as the text it is; who uses it says what may be in it."""
    if not isinstance(json.loads(text), dict):
        raise ValueError(text)
    return text


def constraints(text: str) -> str:
    """A reader of constraints, kept as the JSON they are."""
    Constraints.from_dict(json.loads(text))
    return text


def marks_since(text: str) -> str:
    """A reader of what was pinned and banned on top of a saved selection's marks, kept as the JSON it is."""
    said = json.loads(json_object(text))
    lists = set(said) <= set(SINCE) and all(isinstance(ids, list) for ids in said.values())
    if not lists or not all(type(i) is int and 0 <= i < 1 << 31 for ids in said.values() for i in ids):
        raise ValueError(text)
    return text


def map_outline(text: str) -> str:
    """A reader of what is drawn on the map, kept as the text it is."""
    return read_outline(text).text()


def map_view(text: str) -> str:
    """A reader of how much of the map is seen: all of it, or x from and to, y from and to."""
    if text == "all":
        return text
    x0, x1, y0, y1 = (float(end) for end in text.split(","))
    near = all(abs(end) <= MAP_ENDS for end in (x0, x1, y0, y1))  # False of nan and inf
    if not near or x1 - x0 < NARROWEST or y1 - y0 < NARROWEST:
        raise ValueError(text)
    return text


def feature_kinds(text: str) -> str:
    """A reader of kinds of features, with commas between them."""
    if not set(text.split(",")) <= set(KINDS):
        raise ValueError(text)
    return text
