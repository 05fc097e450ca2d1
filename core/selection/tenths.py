"""Tenths: samples grouped by a number, so that a quota can hold for lengths and scores too."""

from __future__ import annotations

import numpy as np

from core.selection.known import NO_VALUE, Grouping

PARTS = 10


def tenths(values: np.ndarray) -> Grouping:
    """Groups of about equal size by ascending value, at most ten, equal values together; NaN is a group of its own, the last.

    values: number (n). Names are the smallest and largest value of the group, as "12 to 45".
    """
    values = np.asarray(values, np.float64)
    known = ~np.isnan(values)
    there = np.sort(values[known])
    at = np.arange(1, PARTS) * len(there) // PARTS
    firsts = (
        np.unique(there[at[at < len(there)]]) if len(there) else np.empty(0)
    )  # where each group after the first begins
    codes = np.searchsorted(firsts, values, side="right").astype(np.int32)
    used, codes[known] = np.unique(codes[known], return_inverse=True)
    names = [_name(values[known & (codes == k)]) for k in range(len(used))]
    codes[~known] = len(names)
    return Grouping(codes, (*names, *([] if known.all() else [NO_VALUE])))


def _name(values: np.ndarray) -> str:
    low, high = (f"{end:.12g}" for end in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
