"""Data sets of an older file format, brought up to date beside themselves: what they say, and so their hash, stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from core.datasets.formats import format_named
from core.datasets.metadata import Columns
from core.datasets.parse import Problem
from core.datasets.plain_values import plain_extras
from core.datasets.sample import Sample, Turn
from core.store.dataset_tables import FORMAT_VERSION, create_tables
from core.store.dataset_writer import CHUNK, check_counts, count, finish, write_samples
from core.store.duck import open_read, written_database
from core.store.metadata import create_metadata


def migrate_dataset(path: Path) -> None:
    """Rewrite a data set of format version 1 as version 2, which adds what is told of every sample.

    The file is replaced by a rename once it is whole; whoever has the old one open reads on in it. Of several that
    open it at once, one migrates and the others wait.
    """
    with FileLock(path.with_name(".migrating.lock")):
        _migrate(path)


def _migrate(path: Path) -> None:
    old = open_read(path)
    try:
        meta = dict(old.execute("SELECT key, value FROM meta").fetchall())
        if int(meta["format_version"]) >= FORMAT_VERSION:
            return
        with written_database(path) as new:
            create_tables(new)
            columns = Columns()
            check_counts(new, write_samples(new, _samples(old, meta["format"]), columns))
            assert all(count(new, table) == count(old, table) for table in ("samples", "turns", "problems"))
            finish(
                new,
                {key: value for key, value in meta.items() if key != "format_version"}
                | {"options": "{}", "columns_left_out": str(columns.left_out)},
                describe=lambda: create_metadata(new, columns.finish()),
            )
            now = new.execute("SELECT value FROM meta WHERE key = 'content_hash'").fetchall()[0][0]
            assert now == meta["content_hash"], f"{path}: its content hash was {meta['content_hash']} and became {now}"
            old.close()
    finally:
        old.close()


def _samples(old, format: str) -> Iterator[Sample | Problem]:
    form = format_named(format)
    for first in range(0, count(old, "samples"), CHUNK):
        between = f"WHERE sample_id >= {first} AND sample_id < {first + CHUNK}"
        turns: dict[int, list[Turn]] = {}
        spoken = old.execute(f"SELECT sample_id, role, text FROM turns {between} ORDER BY sample_id, turn").fetchall()
        for sample_id, role, text in spoken:
            turns.setdefault(sample_id, []).append(Turn(role, text))
        query = f"SELECT sample_id, record, file, line FROM samples JOIN records USING (sample_id) {between} ORDER BY sample_id"
        for sample_id, record, file, line in old.execute(query).fetchall():
            value = json.loads(record)
            used = form.read(value).used
            extras, repairs = plain_extras({key: kept for key, kept in value.items() if key not in used})
            yield Sample(sample_id, tuple(turns[sample_id]), record, file, line, extras, repairs)
    for row in old.execute("SELECT file, line, reason, record FROM problems").fetchall():
        yield Problem(*row)
