"""What a selection method is to the rest of the program, and how its options are described and read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import GamutError
from core.selection.pool import Pool
from core.selection.ranking import Ranking

CAPABILITY, CAPABILITY_SHARES, SCORE = "capability", "capability shares", "score"


class Rank(Protocol):
    def __call__(self, pool: Pool, options: Any, *, upto: int | None = None) -> Ranking: ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """One entry of the registry: everything that the app, the command line and a manifest say about a method.

    name: as typed; title: as shown; summary: one plain sentence; source: who proposed it.
    notes: where the paper speaks and where we chose, one sentence each, marked [paper] or [choice].
    options: the frozen dataclass of its settings.
    rank: pool, options → ranking, pins first, at most `upto` long.
    prefix: the first k of the ranking is the selection of size k, so one ranking serves every budget.
    whole_upto: up to so many rows the whole order takes no time worth telling; more are ranked as far as a budget needs.
    group: "main" for the few that are offered at once, "more" for the others.
    """

    name: str
    title: str
    summary: str
    source: str
    notes: tuple[str, ...] = ()
    options: type
    rank: Rank
    prefix: bool = True
    whole_upto: int = 200_000
    group: str = "more"


def option(
    default: Any,
    help: str,
    *,
    label: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
    names: str = "",
) -> Any:
    """A field of an options dataclass: default (its type is the option's type), help text, unit and range.

    `label`: what a screen calls it; `words`: what it calls each of `choices`. `names`: what its text names of a workspace,
    `CAPABILITY` (several, with commas), `CAPABILITY_SHARES` (theirs, in that order) or `SCORE`, a column of numbers, so that
    a screen can offer what there is.
    """
    metadata = {
        "help": help, "label": label, "unit": unit, "low": low, "high": high, "choices": choices, "words": words or choices,
        "names": names,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def parse_options(method: Method, given: Mapping[str, object]) -> Any:
    """The method's options from names and values as typed; GamutError for an unknown name or a bad value."""
    fields = {field.name: field for field in dataclasses.fields(method.options)}
    for name in given:
        if name not in fields:
            allowed = f"its options are: {', '.join(sorted(fields))}" if fields else "it has no options"
            raise GamutError(f"Method “{method.name}” has no option “{name}”; {allowed}.")
    return method.options(**{name: _value(method, fields[name], value) for name, value in given.items()})


def _value(method: Method, field: dataclasses.Field, given: object) -> Any:
    text = str(given).strip()
    try:
        value = _readers[type(field.default)](text)
    except (ValueError, KeyError, OverflowError):
        raise _refusal(method, field, text) from None
    low, high, choices = _limits(field)
    too_low, too_high = low is not None and value < low, high is not None and value > high
    if too_low or too_high or (choices and value not in choices):
        raise _refusal(method, field, text)
    return value


def _limits(field: dataclasses.Field) -> tuple[float | None, float | None, tuple[str, ...]]:
    return field.metadata["low"], field.metadata["high"], field.metadata["choices"]


def _refusal(method: Method, field: dataclasses.Field, text: str) -> GamutError:
    low, high, choices = _limits(field)
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    kind = "one of " + ", ".join(choices) if choices else words[type(field.default)]
    if low is not None:
        kind += f", at least {low}"
    if high is not None:
        kind += f", at most {high}"
    return GamutError(f"Option “{field.name}” of method “{method.name}” is “{text}”; it must be {kind}.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_readers: dict[type, Callable[[str], Any]] = {
    int: int,
    float: _finite,
    bool: lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()],
    str: str,
}
