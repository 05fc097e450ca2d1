"""Numbers as every screen writes them: thin spaces, three significant digits, the unit beside."""

from __future__ import annotations

from core.numbers import THIN, whole
from core.selection.budget import Budget


def short(n: float) -> str:
    """Three significant digits: 61 234 → 61.2k, 1 234 567 → 1.23M, 480 → 480."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size * 0.9995:
            return f"{n / size:.3g}{letter}"
    return f"{n:.3g}"


def measured(n: float) -> str:
    """Three significant digits, all of them from a thousand on: 0.123, 48.1, 2 563."""
    return whole(round(n)) if abs(n) >= 999.5 else f"{n:.3g}"


def count(n: int, noun: str) -> str:
    """1 row, 12 345 rows."""
    return f"{whole(n)} {noun}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """42 s, 3 min 20 s, 2 h 05 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def size(n: int) -> str:
    """Bytes: 812 B, 61.2 kB, 1.23 MB."""
    number = short(n)
    return f"{number[:-1]}{THIN}{number[-1]}B" if number[-1].isalpha() else f"{number}{THIN}B"


def moment(iso: str) -> str:
    """An ISO time as read by people: date and minutes, UTC as it is stored."""
    return iso[:16].replace("T", " ")


def budget_words(budget: Budget) -> str:
    """12 rows, 5 %, 20 000 tokens, 9 000 trained tokens."""
    if budget.percent is not None:
        return f"{budget.percent:g} %"
    noun = {"rows": "row", "tokens": "token"}.get(budget.unit, "trained token")
    return count(int(budget.amount), noun)
