"""The text of one JSON record to its value, with the repairs that were needed, or the reason why it has none."""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 200  # levels: an own bound, because Python's depends on who called
MOST_DIGITS = 308  # of a whole number: what is longer fits no number type, not even a float
NOT_A_NUMBER = "NaN and Infinity are no JSON numbers: they were read as null"
TWICE = "a key that occurs twice in one object: the last value was taken"
CONTROL = "control characters inside a text, such as line breaks, were accepted"
BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


class BrokenJson(Exception):
    """Why a text is no JSON that can be kept."""


class JsonReader:
    """Reads records one after the other; one for each pass through a file, as it remembers the repairs of a record."""

    def __init__(self) -> None:
        self._repairs: dict[str, None] = {}
        self._strict, self._lenient = (
            json.JSONDecoder(
                object_pairs_hook=self._object,
                parse_constant=self._constant,
                parse_float=self._float,
                parse_int=self._int,
                strict=strict,
            )
            for strict in (True, False)
        )

    def read(self, text: str) -> tuple[Any, tuple[str, ...]]:
        """The value of a text and its repairs; raises `BrokenJson`."""
        if text.count("[") + text.count("{") > DEEPEST and is_deep(text):
            raise BrokenJson(f"nested deeper than {DEEPEST} levels")
        try:
            try:
                return self._read(self._strict, text)
            except json.JSONDecodeError as error:
                if not error.msg.startswith("Invalid control character"):
                    raise
                value, repairs = self._read(self._lenient, text)
                return value, (*repairs, CONTROL)
        except json.JSONDecodeError as error:
            raise BrokenJson(f"{error.msg} at column {error.colno}") from None
        except (ValueError, RecursionError) as error:
            raise BrokenJson(str(error)) from None

    def _read(self, decoder: json.JSONDecoder, text: str) -> tuple[Any, tuple[str, ...]]:
        self._repairs.clear()
        value = decoder.decode(text)
        return value, tuple(self._repairs)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self._repairs[TWICE] = None
        return made

    def _constant(self, name: str) -> None:
        self._repairs[NOT_A_NUMBER] = None

    def _float(self, digits: str) -> float | None:
        number = float(digits)
        if math.isfinite(number):
            return number
        self._constant(digits)
        return None

    def _int(self, digits: str) -> int:
        if len(digits.lstrip("-")) > MOST_DIGITS:
            raise ValueError(f"a number of {len(digits.lstrip('-'))} digits, which no number type can keep")
        return int(digits)


def is_deep(text: str) -> bool:
    """Whether the brackets of a JSON text are nested deeper than `DEEPEST`, those inside its strings not counted."""
    level = 0
    for found in BRACKET.finditer(text):
        mark = text[found.start()]
        level += (mark in "[{") - (mark in "]}")
        if level > DEEPEST:
            return True
    return False
