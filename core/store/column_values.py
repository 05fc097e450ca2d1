"""What a column of a data set holds: how often, for whoever offers a group of samples to choose, or for chosen samples."""

from __future__ import annotations

from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.metadata import quoted


def column_values(dataset: Dataset, column: str, *, limit: int) -> list[tuple[str | None, int]]:
    """The commonest values of a column and their rows, as text, None for no value; ties by value. `GamutError` for none such."""
    known = [one.name for one in dataset.columns]
    if column not in known:
        there = ", ".join(map(repr, known)) or "none"
        raise GamutError(f"Data set {dataset.name!r} has no column {column!r}; there are: {there}.")
    query = (
        f"SELECT nullif({quoted(column)}::VARCHAR, '') AS v, count(*) AS n FROM metadata GROUP BY v "
        "ORDER BY n DESC, v NULLS LAST LIMIT ?"
    )
    return dataset.cursor().execute(query, [limit]).fetchall()


def texts_of(dataset: Dataset, column: str, ids: list[int]) -> list[str]:
    """A column's values of chosen samples as text, in the order of their ids; "" for none, or where there is no such column."""
    if column not in [one.name for one in dataset.columns]:
        return [""] * len(ids)
    query = f"SELECT sample_id, {quoted(column)}::VARCHAR FROM metadata WHERE sample_id IN (SELECT unnest(?))"
    found = dict(dataset.cursor().execute(query, [ids]).fetchall())
    return [found.get(sample_id) or "" for sample_id in ids]
