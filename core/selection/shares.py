"""Shares: what part of a selection each group is to have, and orders merged by turns in these parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from core.errors import GamutError

LARGEST = 1 << 1000  # below what float64 holds


def weights(rows: np.ndarray, given: Mapping[int, float | None], *, column: str) -> np.ndarray:
    """What each group is to have, float64 (groups), in any unit; all whole numbers, so that equal parts compare equal.

    rows: int (groups), what the pool has of each. given: the shares of some, 0 to 1; the others split what is left as in
    the pool. Shares of all groups are taken in proportion to each other.
    """
    parts = {group: Fraction(str(share)) for group, share in given.items() if share is not None}
    others = [group for group in range(len(rows)) if group not in parts]
    total = sum(int(rows[group]) for group in others)
    left = 1 - sum(parts.values(), Fraction(0))
    for group in others:
        parts[group] = left * int(rows[group]) / total if total else Fraction(0)
    if given and not any(parts.values()):
        raise GamutError(f"Every share of {column} is 0; give one group a share above 0.")
    return whole([parts[group] for group in range(len(rows))])


def whole(parts: Sequence[Fraction]) -> np.ndarray:
    """Parts in a unit in which all are whole numbers: float64, so that quotients that are equal compare equal.

    Where those would outgrow float64, in parts of the largest.
    """
    unit, most = lcm(*(part.denominator for part in parts)), max(parts, default=Fraction(0))
    if most * unit > LARGEST:
        return np.array([float(part / most) for part in parts])
    return np.array([float(part * unit) for part in parts])


def by_turns(orders: Sequence[Sequence[int]], shares: Sequence[Fraction], *, upto: int) -> list[int]:
    """Several orders of the same samples merged, each sample once, `upto` long or until all orders end.

    Next is the order with the largest share / (2 · turns + 1), of equal ones the first; it gives its next sample that no
    other gave before. So a longer result begins with the shorter one. Source: Sainte-Laguë (Webster).
    """
    turns, at = [0] * len(orders), [0] * len(orders)
    merged: list[int] = []
    taken: set[int] = set()
    parts = whole(shares).tolist()
    left = [k for k, part in enumerate(parts) if part > 0]
    while left and len(merged) < upto:
        best = max(left, key=lambda k: (parts[k] / (2 * turns[k] + 1), -k))
        order = orders[best]
        while at[best] < len(order) and order[at[best]] in taken:
            at[best] += 1
        if at[best] == len(order):
            left.remove(best)
            continue
        merged.append(int(order[at[best]]))
        taken.add(merged[-1])
        turns[best] += 1
    return merged
