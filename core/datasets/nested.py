"""Records that lie inside others, found by a path such as "data[].paragraphs[].qas[]"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.datasets.formats.record import Record, kind
from core.errors import GamutError

LIST = "[]"
DEEPEST = 6  # lists within lists that are looked at to name paths
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Lost:
    """A place of a path where no record is: why, and what stands there instead."""

    reason: str
    value: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path: a list to go through, or an object to go into."""

    name: str
    through: bool


def read_path(text: str) -> tuple[Step, ...]:
    """The steps of a path; the last is always a list, whether its [] is written or not."""
    names = [name.strip() for name in text.split(".")]
    if not all(name.removesuffix(LIST) for name in names):
        raise GamutError(f"{text!r} is no path to records; write names with [] behind lists, such as data[].items[].")
    steps = [Step(name.removesuffix(LIST), name.endswith(LIST)) for name in names]
    return (*steps[:-1], Step(steps[-1].name, True))


def written_path(path: tuple[Step, ...]) -> str:
    """A path as it is typed."""
    return ".".join(step.name + (LIST if step.through else "") for step in path)


def nested(record: Any, path: tuple[Step, ...]) -> Iterator[Record | Lost]:
    """The objects at the end of a path, in order, each with the fields of the objects around it that it lacks.

    Where the path leads to nothing, a `Lost` is yielded in its place, so that nothing goes missing unsaid.
    """
    yield from _descend(record, path, {}, "")


def _descend(value: Any, path: tuple[Step, ...], around: Record, place: str) -> Iterator[Record | Lost]:
    if not isinstance(value, dict):
        yield Lost(f"{place or 'the record'} is {kind(value)}, an object is needed", value)
        return
    if not path:
        yield {**{key: kept for key, kept in around.items() if key not in value}, **value}
        return
    step, rest = path[0], path[1:]
    here = f"{place}.{step.name}" if place else step.name
    found = value.get(step.name)
    around = {**around, **{key: kept for key, kept in value.items() if key != step.name}}
    if not step.through:
        yield from _descend(found, rest, around, here)
    elif not isinstance(found, list):
        what = kind(found) if step.name in value else "missing"
        yield Lost(f"{here!r} is {what}, a list of objects is needed", value)
    elif not found:
        yield Lost(f"{here!r} is an empty list: there is no record in it", value)
    else:
        for number, item in enumerate(found):
            yield from _descend(item, rest, around, f"{here}[{number}]")


def as_raw(value: Any) -> bytes:
    """A nested record's own text: one JSON value."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def check_path(path: tuple[Step, ...], record: Any, *, file: str) -> None:
    """Raise `GamutError` naming the paths there are, unless the path leads to objects in this record."""
    if any(not isinstance(found, Lost) for found in nested(record, path)):
        return
    paths = list_paths(record)
    known = ", ".join(paths[:SHOWN]) if paths else "none"
    raise GamutError(
        f"{written_path(path)} leads to no records in the first record of {file}; lists of objects in it: {known}."
    )


def list_paths(record: Any) -> list[str]:
    """Every path of a record that leads to a list of objects, as typed, outer ones first."""
    found: dict[str, None] = {}
    _walk(record, "", DEEPEST, found)
    return list(found)


def _walk(value: Any, place: str, depth: int, found: dict[str, None]) -> None:
    if not isinstance(value, dict) or not depth:
        return
    for key, inner in value.items():
        here = f"{place}.{key}" if place else key
        if isinstance(inner, list):
            objects = [item for item in inner if isinstance(item, dict)]
            if objects:
                found[here + LIST] = None
            for item in objects:
                _walk(item, here + LIST, depth - 1, found)
        else:
            _walk(inner, here, depth - 1, found)
