"""The constraints of a selection as words of the command line, which `rank` and `select` share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from core.errors import GamutError
from core.selection.constraints import Constraints
from core.selection.quotas import CAP, FLOOR, FORMS, SHARE, read_quota
from core.store.sample_filter import Condition, Range, SampleFilter

Words = list[str] | None
Caps = Annotated[Words, typer.Option("--cap", help=f"at most so many rows of a value: {FORMS[CAP]}; may be repeated")]
Floors = Annotated[
    Words, typer.Option("--floor", help=f"at least so many rows of a value: {FORMS[FLOOR]}; may be repeated")
]
Shares = Annotated[Words, typer.Option("--share", help=f"parts of the selection: {FORMS[SHARE]}; may be repeated")]
Alike = Annotated[
    float | None,
    typer.Option("--near-duplicates", help="pass over rows whose features are more alike a chosen row's (Jaccard, 0 to 1)"),
]  # fmt: skip
Tokens = Annotated[int | None, typer.Option(min=0, help="tokens of all turns, by the bundled tokenizer")]
ResponseTokens = Annotated[int | None, typer.Option(min=0, help="tokens of the answers, by the bundled tokenizer")]
Bounds = Annotated[Words, typer.Option(help="COLUMN=NUMBER: only rows on this side of it; may be repeated")]
Languages = Annotated[
    Words, typer.Option("--language", help="only rows in this language; may be repeated, ? for not told")
]
Only = Annotated[str | None, typer.Option(help="only rows that a filter lets through, as JSON")]
Without = Annotated[
    str | None,
    typer.Option(help="kinds of features that count for nothing: dense, position-bound, special-token, length-like, dead"),
]  # fmt: skip
SkipToFit = Annotated[
    bool,
    typer.Option("--skip-to-fit", help="skip rows that the tokens left do not hold, and go on with the next that fits"),
]
Whole = Annotated[str | None, typer.Option("--constraints", help="all constraints at once, as the app's JSON")]


def constraints_of(
    *, whole: str | None, cap: Words, floor: Words, share: Words, near_duplicates: float | None, only: str | None,
    tokens: tuple[int | None, int | None], response_tokens: tuple[int | None, int | None], at_least: Words, at_most: Words,
    language: Words,
) -> Constraints:  # fmt: skip
    """The constraints that the words of a line say together."""
    typed = ((CAP, cap), (FLOOR, floor), (SHARE, share))
    quotas = tuple(read_quota(kind, text) for kind, words in typed for text in words or [])
    wanted = filter_of(only)
    if tokens != (None, None):
        wanted = replace(wanted, tokens=Range(*tokens))
    if response_tokens != (None, None):
        wanted = replace(wanted, response_tokens=Range(*response_tokens))
    if language:
        wanted = replace(wanted, languages=tuple(language))
    wanted = replace(wanted, columns=(*wanted.columns, *_bounds(at_least or [], at_most or [])))
    given = Constraints(only=wanted, quotas=quotas, near_duplicates=near_duplicates)
    if whole is None:
        return given
    if given:
        raise GamutError("--constraints says them all; leave out the other flags of constraints.")
    return Constraints.from_dict(_json(whole, "--constraints"))


def filter_of(only: str | None) -> SampleFilter:
    """The filter that --only says."""
    return SampleFilter.from_dict(_json(only, "--only")) if only else SampleFilter()


def without_of(said: str | None) -> tuple[str, ...]:
    """The kinds of features to leave out: dense,dead."""
    return tuple(sorted({kind.strip() for kind in (said or "").split(",") if kind.strip()}))


def _bounds(at_least: Sequence[str], at_most: Sequence[str]) -> tuple[tuple[str, Condition], ...]:
    found: dict[str, Range] = {}
    for end, words in (("low", at_least), ("high", at_most)):
        for text in words:
            column, equals, number = text.rpartition("=")
            try:
                value = float(number)
                exact = int(value) if value == int(value) else value
            except (ValueError, OverflowError):  # no number, nan or inf
                equals = ""
            if not equals:
                raise GamutError(f"{text!r} is not of the form COLUMN=NUMBER.")
            bounds = found.get(column, Range())
            found[column] = Range(exact, bounds.high) if end == "low" else Range(bounds.low, exact)
    return tuple(found.items())


def _json(text: str, flag: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise GamutError(f"{flag} is {text[:60]!r}; give a JSON object, in quotes.")
    return said
