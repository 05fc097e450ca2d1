"""Pages of a table of columns that is held in memory, sorted and filtered by the database: never all of it on a screen."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.store.metadata import quoted


class ColumnPages:
    """A table with one row a sample, in id order; `sample` is its first column."""

    def __init__(self, columns: dict[str, object]) -> None:
        self.table = pa.table({name: _column(values) for name, values in columns.items()})

    @property
    def names(self) -> list[str]:
        return self.table.column_names

    def page(
        self, order: str, *, descending: bool = True, where: tuple[str, str] | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[dict[str, list], int]:  # fmt: skip
        """Some rows by a column, those without a value last, ties by sample; `where`: (column, value); how many in all."""
        for name in (order, *([where[0]] if where else [])):
            if name not in self.names:
                raise GamutError(f"There is no column {name!r} to order by; there are: {', '.join(self.names)}.")
        given = [] if where is None else [where[1]]
        found = "FROM held" + ("" if where is None else f" WHERE {quoted(where[0])} = ?")
        way = "DESC" if descending else "ASC"
        query = f"SELECT * {found} ORDER BY {quoted(order)} {way} NULLS LAST, {quoted(self.names[0])} LIMIT ? OFFSET ?"
        with duckdb.connect(":memory:") as connection:
            connection.register("held", self.table)
            total = connection.execute(f"SELECT count(*) {found}", given).fetchall()[0][0]
            rows = connection.execute(query, [*given, limit, offset]).fetchall()
        return {name: [row[at] for row in rows] for at, name in enumerate(self.names)}, total


def _column(values: object) -> pa.Array | pa.ChunkedArray:
    """A column in which a number that is none (NaN) is a missing value."""
    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=True)
    return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
