"""Fold the parts of an analysis into one DuckDB file and give the folder its final name."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from core.files import sync_folder
from core.store.content_hash import content_hash
from core.store.contents import Contents
from core.store.duck import written_database
from core.store.fold import Rows, fold
from core.store.parts import PartRows, check_parts, complete_parts
from core.store.tables import DATABASE, FORMAT_VERSION, held_keys

# Both orders are kept: features of a sample and samples of a feature are each one short scan.
ORDERS = {
    "samples": "SELECT * FROM read_parquet(?) ORDER BY sample_id",
    "tokens": "SELECT * FROM read_parquet(?) ORDER BY sample_id",
    "activations": "SELECT * FROM read_parquet(?) ORDER BY sample_id, feature_id, side",
}
FEATURES = """
CREATE TABLE features AS
SELECT f.feature_id::INTEGER AS feature_id, coalesce(a.samples, 0)::INTEGER AS samples,
       coalesce(a.tokens, 0)::BIGINT AS tokens, coalesce(a.max, 0)::FLOAT AS max
FROM range(?) AS f(feature_id)
LEFT JOIN (SELECT feature_id, count(DISTINCT sample_id) AS samples, sum(count) AS tokens, max(max) AS max
           FROM activations GROUP BY feature_id) AS a USING (feature_id)
ORDER BY feature_id
"""


def finalise(
    partial: Path,
    final: Path,
    *,
    batches: int,
    samples: int,
    contents: Contents,
    decoder: pa.Table,
    vocabulary: list[str],
    meta: Mapping[str, str],
) -> None:
    """Build `partial`'s database from its parts and rename the folder to `final`; safe to repeat after any interruption.

    `batches` and `samples` are what the plan promised: anything else in the parts is a defect and raises. `decoder`
    has the schema `core.store.tables.DECODER`.
    """
    parts_folder = partial / "parts"
    database = partial / DATABASE
    if not database.exists():
        parts = complete_parts(parts_folder)
        assert parts and parts[-1].stop == batches, (
            f"parts end at {parts[-1].stop if parts else 0} of {batches} batches"
        )
        check_parts(parts_folder, parts)
        rows = PartRows(parts_folder, parts)
        with written_database(database) as connection:
            for table, query in ORDERS.items():
                connection.execute(f"CREATE TABLE {table} AS {query}", [rows.files(table)])
            distinct = connection.execute("SELECT count(DISTINCT sample_id), count(*) FROM samples").fetchall()[0]
            assert distinct == (samples, samples), f"{samples} samples were analysed, {distinct} are in the database"
            finish_database(
                connection, rows, contents=contents, decoder=decoder, vocabulary=vocabulary, meta=meta
            )  # fmt: skip
            for table in ("samples", "tokens", "activations", "neurons", "vectors", "projection"):
                _check(connection, table, rows.count(table))
    if parts_folder.exists():
        shutil.rmtree(parts_folder)
    take_final_name(partial, final)


def _check(connection, table: str, promised: int | None) -> None:
    if promised is not None:
        held = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        assert held == promised, f"{table}: {promised} rows in the parts, {held} in the database"


def finish_database(
    connection, rows: Rows, *, contents: Contents, decoder: pa.Table, vocabulary: list[str], meta: Mapping[str, str]
) -> None:
    """What follows from all samples: the order by feature, the features, all folded tables, the content hash, `meta`."""
    connection.execute(
        "CREATE TABLE activations_by_feature AS SELECT * FROM activations ORDER BY feature_id, sample_id, side"
    )
    connection.execute(FEATURES, [contents.shape.n_features])
    words = pa.table({"token_id": pa.array(range(len(vocabulary)), pa.int32()), "text": vocabulary})
    for table, made, key in (("vocabulary", words, "token_id"), ("decoder", decoder, "feature_id")):
        connection.register("made", made)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made ORDER BY {key}")
        connection.unregister("made")
    fold(connection, rows, contents)
    hashed = content_hash(connection, held_keys(connection))
    connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    everything = {
        **meta, "contents": contents.as_json(), "format_version": str(FORMAT_VERSION), "content_hash": hashed
    }  # fmt: skip
    connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(everything.items()))


def take_final_name(partial: Path, final: Path) -> None:
    """Rename a folder whose database is whole: from now on it is an analysis."""
    partial.rename(final)
    sync_folder(final.parent)
