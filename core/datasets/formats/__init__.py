"""The record formats people have, one family a file, and the rule by which a file's format is recognised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.datasets.formats.chat import MESSAGES, SHAREGPT, SHAREGPT_ROLES
from core.datasets.formats.instruct import ALPACA, DOLLY, PROMPT_COMPLETION, PROMPT_ONLY, QUESTION_ANSWER, TEXT
from core.datasets.formats.preference import PREFERENCE
from core.datasets.formats.record import BadRecord, Format, Parsed, Record
from core.datasets.formats.trees import TREE
from core.errors import GamutError

__all__ = ["FORMATS", "SHAREGPT_ROLES", "BadRecord", "Format", "Parsed", "Record", "format_named", "recognise"]

# In order of preference where a record has the marks of several.
FORMATS = {
    form.name: form
    for form in (
        PREFERENCE, TREE, MESSAGES, SHAREGPT, ALPACA, DOLLY, PROMPT_COMPLETION, QUESTION_ANSWER, PROMPT_ONLY, TEXT,
    )
}  # fmt: skip


def format_named(name: str) -> Format:
    """The format of that name, or `GamutError` naming those there are."""
    if name not in FORMATS:
        raise GamutError(f"There is no format {name!r}; use one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def recognise(values: Iterable[Any], *, file: str) -> Format:
    """The format whose marks most of the given records have; raises `GamutError` if none fits any."""
    values = list(values)
    fits = {form: sum(bool(form.fits(value)) for value in values) for form in FORMATS.values()}
    best = max(fits, key=lambda form: fits[form])
    if not fits[best]:
        wanted = "; ".join(f"{form.name} ({form.marks})" for form in FORMATS.values())
        raise GamutError(
            f"The format of {file} was not recognised: its keys are {seen_keys(values)}. Known formats: {wanted}. "
            "Any other table comes in by a map, for example --map user={KEY} --map assistant={KEY}."
        )
    return best


def seen_keys(values: Iterable[Any]) -> str:
    """The keys of records in the order they were met, for a sentence."""
    keys = list(dict.fromkeys(str(key) for value in values if isinstance(value, dict) for key in value))
    return (", ".join(keys[:40]) + (f" and {len(keys) - 40} more" if len(keys) > 40 else "")) or "none"
