"""The analysis of a pool: those of its members end to end, so that new samples cost no more than themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.store.analyses import Analysis
from core.store.duck import written_database
from core.store.finalise import DATABASE, finish_database
from core.store.parts import SCHEMAS

BATCH = 100_000  # rows copied at once
# Of every table that has a row a sample or more: the order it is kept in.
ORDERS = {
    "samples": "sample_id",
    "tokens": "sample_id",
    "activations": "sample_id, feature_id, side",
}


def merge_analyses(
    partial: Path, members: Sequence[Analysis], *, n_features: int, vocabulary: list[str], meta: Mapping[str, str]
) -> None:
    """Write into the folder `partial` the database that the members' samples, one after the other, would have.

    The members were made by the same model, SAE and settings. A member's sample i becomes sample i + the number of
    samples before it: what is said of one sample is copied, what is said of a feature is computed from all.
    """
    with written_database(partial / DATABASE) as connection:
        for table in ORDERS:
            connection.register("empty", SCHEMAS[table].empty_table())
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM empty")
            connection.unregister("empty")
        first = 0
        for member in members:
            for table, order in ORDERS.items():
                _append(connection, member, table, order, first)
            first += member.n_samples
        rows = connection.execute("SELECT count(*), count(DISTINCT sample_id) FROM samples").fetchall()[0]
        assert rows == (first, first), f"the members have {first} samples, {rows} came together"
        finish_database(connection, n_features=n_features, vocabulary=vocabulary, meta=meta)


def _append(connection, member: Analysis, table: str, order: str, first: int) -> None:
    query = f"SELECT (sample_id + {first})::INTEGER AS sample_id, * EXCLUDE sample_id FROM {table} ORDER BY {order}"
    reader = member.cursor().sql(query).to_arrow_reader(BATCH)
    for batch in reader:
        connection.register("new_rows", batch)
        connection.execute(f"INSERT INTO {table} SELECT * FROM new_rows")
        connection.unregister("new_rows")
