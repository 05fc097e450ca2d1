"""Values of metadata made fit to be kept: no NUL, no half characters, no numbers that JSON does not know."""

from __future__ import annotations

import math
import re
from typing import Any

from core.datasets.formats.record import NUL, Record

HALF = re.compile("[\ud800-\udfff]")
REPLACED = "\ufffd"
NUL_NOTE = "NUL characters were removed from its columns"
HALF_NOTE = "half characters (lone surrogates) in its columns were replaced by �"


def plain_extras(extras: Record) -> tuple[Record, tuple[str, ...]]:
    """The columns with plain values, and the rules by which some were mended. NaN, which is no value, becomes missing."""
    notes: dict[str, None] = {}
    return {_text(key, notes): _plain(value, notes) for key, value in extras.items()}, tuple(notes)


def _plain(value: Any, notes: dict[str, None]) -> Any:
    if isinstance(value, str):
        return _text(value, notes)
    if isinstance(value, list):
        return [_plain(item, notes) for item in value]
    if isinstance(value, dict):
        return {_text(key, notes): _plain(item, notes) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def _text(text: str, notes: dict[str, None]) -> str:
    if NUL in text:
        notes[NUL_NOTE] = None
        text = text.replace(NUL, "")
    if not text.isascii() and HALF.search(text):
        notes[HALF_NOTE] = None
        text = HALF.sub(REPLACED, text)
    return text
