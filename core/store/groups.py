"""Groups of a data set's samples, by a column of its metadata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.store.datasets import Dataset

MOST = 256


@dataclass(frozen=True)
class Groups:
    """`of` int32 (samples): 0 for no group, else 1 + the place of its name in `names`; None where nothing is grouped."""

    names: tuple[str, ...] = ()
    of: np.ndarray | None = None
    column: str = ""


def category_of(dataset: Dataset) -> str | None:
    """The first of the columns that the data set calls a category, if it has one."""
    return next((c.name for c in dataset.columns if c.role == "category" and c.distinct <= MOST), None)


def groups_of(dataset: Dataset, column: str | None) -> Groups:
    """The samples by their value in a metadata column; those without one are in no group.

    None: the column that tells most, the first that the data set calls a category; no groups where there is none.
    """
    column = column or category_of(dataset)
    if column is None:
        return Groups()
    quoted = column.replace('"', '""')
    known = [row[0] for row in dataset.cursor().execute("DESCRIBE metadata").fetchall()]
    if column not in known or column == "sample_id":
        others = ", ".join(repr(name) for name in known if name != "sample_id") or "none"
        raise GamutError(f"Data set {dataset.name!r} has no metadata column {column!r}; there are: {others}.")
    query = f'SELECT sample_id, "{quoted}"::VARCHAR FROM metadata ORDER BY sample_id'
    rows = dataset.cursor().execute(query).fetchall()
    names = sorted({value for _, value in rows if value is not None})
    if len(names) > MOST:
        raise GamutError(
            f"Column {column!r} has {len(names)} different values; one of at most {MOST} can group samples."
        )
    place = {name: number for number, name in enumerate(names, 1)}
    of = np.zeros(len(dataset), np.int32)
    for sample_id, value in rows:
        of[sample_id] = place.get(value, 0)
    return Groups(tuple(names), of, column)
