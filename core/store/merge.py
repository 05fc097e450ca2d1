"""The analysis of a pool: those of its members end to end, so that new samples cost no more than themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.blobs import from_blobs, to_blobs
from core.store.contents import SOME, Contents, decide
from core.store.duck import written_database
from core.store.finalise import finish_database
from core.store.groups import MOST
from core.store.pools import SOURCE
from core.store.strongest import strongest
from core.store.tables import DATABASE, LAYERED, SCHEMAS

BATCH = 100_000  # rows copied at once
# Of every table that has a row a sample or more: the order it is kept in.
ORDERS = {
    "samples": "sample_id",
    "tokens": "sample_id",
    "activations": "sample_id, feature_id, side",
}


def merge_analyses(
    partial: Path, members: Sequence[Analysis], *, vocabulary: list[str], meta: Mapping[str, str],
    sources: Sequence[str] = (), by_source: bool = False,
) -> None:  # fmt: skip
    """Write into the folder `partial` the database that the members' samples, one after the other, would have.

    The members were made by the same model, SAE and settings. A member's sample i becomes sample i + the number of
    samples before it: what is said of one sample is copied, what is said of a feature is computed from all. Counts
    and sums are added, examples ranked again and contrasts chosen anew; of neurons and vectors the pool holds what
    the budgets allow for as many samples. Groups of one column are joined by name; where the members were grouped by
    different columns or none, or `by_source`, each member is a group by its name in `sources`.
    """
    decoder = members[0].cursor().sql("SELECT * FROM decoder ORDER BY feature_id").to_arrow_table()
    contents = merged_contents(members, sources, by_source=by_source)
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
        finish_database(
            connection, MemberRows(members, contents), contents=contents, decoder=decoder, vocabulary=vocabulary, meta=meta
        )  # fmt: skip


def merged_contents(members: Sequence[Analysis], sources: Sequence[str] = (), *, by_source: bool = False) -> Contents:
    """What an analysis of all the members' samples holds; the groups are those of any member, by name."""
    one = members[0].contents
    for member in members[1:]:
        if (member.contents.shape, member.contents.budgets) != (one.shape, one.budgets):
            raise GamutError(f"Analyses {members[0].name!r} and {member.name!r} are of other models, SAEs or settings.")
    groups = sorted({name for member in members for name in member.contents.groups})
    column = one.grouped_by
    alike = groups and len(groups) <= MOST and all(m.contents.grouped_by == column for m in members) and not by_source
    if sources and not alike:
        groups, column = list(sources), SOURCE
    samples = sum(member.n_samples for member in members)
    return decide(samples, one.shape, one.budgets, every_layer=one.layers, groups=tuple(groups), grouped_by=column)


class MemberRows:
    """The rows of all members as parts would hold them: samples counted on, groups by their place in the whole."""

    def __init__(self, members: Sequence[Analysis], contents: Contents) -> None:
        self._members = members
        self._contents = contents

    def tables(self, name: str, *, layer: int | None = None) -> Iterator[pa.Table]:
        """A table of each member; of one layer only where `layer` is given."""
        first = 0
        names = ", ".join(SCHEMAS[name].names)
        where = f"WHERE layer = {layer}" if name in LAYERED else ""
        by_source = self._contents.grouped_by == SOURCE
        for number, member in enumerate(self._members, 1):
            table = member.cursor().sql(f"SELECT {names} FROM {name} {where}").to_arrow_table().cast(SCHEMAS[name])
            if "sample_id" in table.column_names:
                ids = pa.array(table["sample_id"].to_numpy() + first, pa.int32())
                table = table.set_column(table.column_names.index("sample_id"), SCHEMAS[name].field("sample_id"), ids)
            if name == "layer_sums":
                table = self._as_group(table, number) if by_source else self._renumbered(table, member)
            if name == "neurons" and self._contents.neurons == SOME and table["neuron_ids"].null_count:
                table = _fewer(table)
            first += member.n_samples
            yield table

    def _as_group(self, table: pa.Table, number: int) -> pa.Table:
        """A member's sums over all its samples, once for the whole pool and once as its group `number`."""
        whole = table.filter(pa.array(table["group_id"].to_numpy() == 0))
        own = whole.set_column(0, SCHEMAS["layer_sums"].field(0), pa.array([number] * whole.num_rows, pa.int32()))
        return pa.concat_tables([whole, own])

    def _renumbered(self, table: pa.Table, member: Analysis) -> pa.Table:
        place = {name: number for number, name in enumerate(self._contents.groups, 1)}
        own = np.array([0, *(place[name] for name in member.contents.groups)])
        return table.set_column(
            0, SCHEMAS["layer_sums"].field(0), pa.array(own[table["group_id"].to_numpy()], pa.int32())
        )


def _fewer(table: pa.Table) -> pa.Table:
    """Of a member that has room for every neuron, what the pool has room for."""
    ids, means = strongest(from_blobs(table["means"], "float16"))
    columns = [table["layer"], table["sample_id"], to_blobs(ids), to_blobs(means)]
    return pa.table(columns, schema=SCHEMAS["neurons"])


def _append(connection, member: Analysis, table: str, order: str, first: int) -> None:
    query = f"SELECT (sample_id + {first})::INTEGER AS sample_id, * EXCLUDE sample_id FROM {table} ORDER BY {order}"
    reader = member.cursor().sql(query).to_arrow_reader(BATCH)
    for batch in reader:
        connection.register("new_rows", batch)
        connection.execute(f"INSERT INTO {table} SELECT * FROM new_rows")
        connection.unregister("new_rows")
