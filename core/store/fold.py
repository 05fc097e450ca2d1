"""Tables that tell of many samples, folded from what parts of a pass, or members of a pool, tell of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa

from core.store.bins import POSITION_BINS, STRENGTH_BINS
from core.store.blobs import from_blobs, to_blobs
from core.store.contents import ABSENT, Contents
from core.store.contrast import write_contrast
from core.store.tables import SCHEMAS

AT_ONCE = 1 << 16  # rows written at once
LISTS = {"strength": STRENGTH_BINS, "position": POSITION_BINS}


class Rows(Protocol):
    """Where rows come from: `tables` gives those of a table, piece after piece, in an order that is always the same."""

    def tables(self, name: str, *, layer: int | None = None) -> Iterator[pa.Table]: ...


def fold(connection, rows: Rows, contents: Contents) -> None:
    """Write every table that is not simply the parts' rows in order; needs `samples` and both orders of activations."""
    _histograms(connection, rows, contents.shape.n_features)
    if contents.examples:
        _examples(connection, rows, contents.examples)
        write_contrast(connection, contents.shape.n_features)
    if contents.layers:
        _groups(connection, contents.groups)
        _layer_sums(connection, rows)
    for table, held in (("neurons", contents.neurons != ABSENT), ("vectors", contents.vectors)):
        if held:
            _layered(connection, rows, table, contents.shape.layers)
    _write(connection, "projection", [_in_order(list(rows.tables("projection")), "projection")], blobs=("vector",))


def _histograms(connection, rows: Rows, n_features: int) -> None:
    """Counts add up; a feature that was never active has no row."""
    counted: dict[str, np.ndarray] = {}
    for table in rows.tables("histograms"):
        features = table["feature_id"].to_numpy()
        for name in ("strength", "position", "role"):
            if len(features):
                counts = table[name].combine_chunks().flatten().to_numpy().reshape(len(features), -1)
                counted.setdefault(name, np.zeros((n_features, counts.shape[1]), np.int64))[features] += counts
    live = np.flatnonzero(counted["strength"].any(axis=1)) if counted else np.empty(0, np.int64)
    pieces = [live[at : at + AT_ONCE] for at in range(0, len(live), AT_ONCE)] or [live]
    lists = [{name: _lists(counts[piece]) for name, counts in counted.items()} for piece in pieces]
    made = [
        pa.table({"feature_id": pa.array(piece, pa.int32()), **columns}, schema=SCHEMAS["histograms"])
        if columns
        else SCHEMAS["histograms"].empty_table()
        for piece, columns in zip(pieces, lists, strict=True)
    ]
    _write(connection, "histograms", made)


def _lists(counts: np.ndarray) -> pa.ListArray:
    pointer = np.arange(len(counts) + 1, dtype=np.int32) * counts.shape[1]
    return pa.ListArray.from_arrays(pa.array(pointer), pa.array(counts.ravel()))


def _examples(connection, rows: Rows, kept: int) -> None:
    """Of each feature and band the strongest, ties to the lowest sample: the best of all are among the best of each piece."""
    connection.register("none", SCHEMAS["examples"].empty_table())
    connection.execute("CREATE TEMP TABLE candidates AS SELECT * FROM none")
    connection.unregister("none")
    for table in rows.tables("examples"):
        connection.register("found", table)
        connection.execute("INSERT INTO candidates SELECT * FROM found")
        connection.unregister("found")
    connection.execute(
        "CREATE TABLE examples AS SELECT feature_id, band, rank, sample_id, position, strength, start, activations FROM "
        "(SELECT *, (row_number() OVER (PARTITION BY feature_id, band ORDER BY strength DESC, sample_id) - 1)::INTEGER "
        "AS rank FROM candidates) WHERE rank < ? ORDER BY feature_id, band, rank",
        [kept],
    )
    connection.execute("DROP TABLE candidates")


def _groups(connection, names: tuple[str, ...]) -> None:
    """Group 0 is every sample."""
    groups = pa.table(
        {"group_id": pa.array(range(len(names) + 1), pa.int32()), "name": pa.array(["", *names], pa.string())}
    )
    connection.register("named", groups)
    connection.execute("CREATE TABLE groups AS SELECT * FROM named ORDER BY group_id")
    connection.unregister("named")


def _layer_sums(connection, rows: Rows) -> None:
    """Sums are whole numbers: they add up to the same in any order."""
    tokens: dict[tuple[int, int, int], int] = {}
    sums: dict[tuple[int, int, int], np.ndarray] = {}
    for table in rows.tables("layer_sums"):
        keys = zip(*(table[name].to_pylist() for name in ("group_id", "layer", "site")), strict=True)
        for key, counted, raw in zip(keys, table["tokens"].to_pylist(), table["sums"], strict=True):
            own = np.frombuffer(raw.as_buffer(), "<i8")
            sums[key] = sums[key] + own if key in sums else own
            tokens[key] = tokens.get(key, 0) + counted
    order = sorted(sums)
    columns = [pa.array([key[place] for key in order], SCHEMAS["layer_sums"].types[place]) for place in range(3)]
    columns += [pa.array([tokens[key] for key in order], pa.int64())]
    columns += [pa.array([sums[key].astype("<i8").tobytes() for key in order], pa.binary())]
    _write(connection, "layer_sums", [pa.table(columns, schema=SCHEMAS["layer_sums"])], blobs=("sums",))


def _layered(connection, rows: Rows, table: str, layers: int) -> None:
    """Rows of a sample and layer, one layer after the other: so one layer of all samples is one scan."""
    blobs = tuple(field.name for field in SCHEMAS[table] if pa.types.is_binary(field.type))
    whole = (_in_order(list(rows.tables(table, layer=layer)), table) for layer in range(layers))
    _write(connection, table, whole, blobs=blobs)


def _in_order(pieces: list[pa.Table], table: str) -> pa.Table:
    """The pieces as one table by sample."""
    joined = pa.concat_tables(pieces) if pieces else SCHEMAS[table].empty_table()
    ids = joined["sample_id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    assert (np.diff(ids[order]) > 0).all(), f"{table}: a sample came twice"
    columns = {}
    for name in joined.column_names:
        column = joined[name]
        if pa.types.is_binary(column.type) and column.null_count == 0 and len(order):
            columns[name] = to_blobs(from_blobs(column, "uint8")[order])
        else:
            columns[name] = column.take(pa.array(order))
    return pa.table(columns, schema=SCHEMAS[table])


def _write(connection, table: str, pieces, *, blobs: tuple[str, ...] = ()) -> None:
    """Create a table of the parts' schema and append the pieces. Bytes are stored as they are: packing gains nothing."""
    connection.register("none", SCHEMAS[table].empty_table())
    described = connection.execute("DESCRIBE SELECT * FROM none").fetchall()
    connection.unregister("none")
    packing = " USING COMPRESSION uncompressed"
    columns = ", ".join(f"{name} {type}{packing if name in blobs else ''}" for name, type, *_ in described)
    connection.execute(f"CREATE TABLE {table} ({columns})")
    for piece in pieces:
        connection.register("piece", piece)
        connection.execute(f"INSERT INTO {table} SELECT * FROM piece")
        connection.unregister("piece")
