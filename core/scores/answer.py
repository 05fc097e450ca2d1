"""The one sentence on a selection: how many random rows reach as many features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.curve import Curve


@dataclass(frozen=True)
class Answer:
    """A selection beside chance: `reached` of `live` features by `rows` rows.

    `random_rows`: the median over seeds of how many random rows reach as many; None where not even the whole pool,
    drawn at random, does (then `at_random` says what as many random rows reach, which is always given).
    """

    rows: int
    tokens: int
    reached: int
    live: int
    random_rows: int | None
    random_tokens: int | None
    at_random: int
    before: int = 0  # what the base reaches by itself; `reached` counts it in
    c: int = 1  # a feature counts as reached once so many rows have it


def answer(mine: Curve, beside: Sequence[Curve], *, rows: int, live: int, c: int = 1) -> Answer:
    """Compare the first `rows` rows of an order with random orders, by features in ≥ c rows: look-ups only."""
    got, before = mine.after(rows, c=c), mine.after(0, c=c)
    needed = [curve.rows_for(got, c=c) for curve in beside]
    found = [rows for rows in needed if rows is not None]
    every = bool(found) and len(found) == len(needed)
    spent = [int(curve.spent[rows]) for curve, rows in zip(beside, found, strict=False)] if every else []
    return Answer(
        rows=rows,
        tokens=int(mine.spent[rows]),
        reached=got,
        live=live,
        random_rows=int(np.median(found)) if every else None,
        random_tokens=int(np.median(spent)) if every else None,
        at_random=int(np.median([curve.after(rows, c=c) for curve in beside])) if beside else 0,
        before=before,
        c=c,
    )
