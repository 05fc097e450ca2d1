"""The labels of an analysis at a glance: how many of each origin, and how far they hold beside their null."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from core.scores.labels.labels import OWN, Labels

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class OriginOverview:
    """Labels of one origin and author: how many, of how many fidelity is known, its quartiles beside the null's.

    `empty`: how many explain nothing measurable. `pending`: nothing of this origin was measured yet.
    """

    origin: str
    who: str
    labels: int
    measured: int
    auroc: tuple[float, float, float]
    null: tuple[float, float, float]
    empty: int
    pending: bool


def label_overview(labels: Labels) -> list[OriginOverview]:
    """One row for each origin and author, the preferred first."""
    table = labels.table
    place = np.asarray(table["place"])
    auroc, null = (
        table[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in ("auroc", "null_auroc")
    )  # missing is NaN
    explains = table["explains"].to_pylist()
    authors = {0: (OWN, ""), **{source.place: (source.origin, source.by) for source in labels.sources}}
    rows = []
    for at, (origin, who) in authors.items():
        own = np.flatnonzero(place == at)
        if not len(own):
            continue
        known = own[~np.isnan(auroc[own])]
        empty = sum(explains[row] is False for row in own.tolist())
        pending = at == 0 or not labels.measured(at)
        rows.append(
            OriginOverview(
                origin, who, len(own), len(known), _quartiles(auroc[known]), _quartiles(null[known]), empty, pending
            )
        )
    return rows


def _quartiles(values: np.ndarray) -> tuple[float, float, float]:
    if not len(values):
        return nan, nan, nan
    low, middle, high = np.quantile(values, QUARTILES).tolist()
    return low, middle, high
