"""Import: a source becomes the data set `datasets/<name>/samples.duckdb`, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.datasets.metadata import Columns
from core.datasets.options import ImportOptions
from core.datasets.parse import samples
from core.datasets.read import Source, open_source
from core.errors import GamutError
from core.store.dataset_tables import DATABASE, create_tables
from core.store.dataset_writer import check_counts, count, finish, write_samples
from core.store.datasets import Dataset, DatasetSummary
from core.store.duck import written_database
from core.store.metadata import create_metadata
from core.workspace import Workspace, check_name

IMPORT_MEMORY = "500MB"  # of DuckDB; what is larger is sorted on disk
Progress = Callable[[int, int, str], None]


def _silent(done: int, total: int, note: str) -> None:
    pass


def import_dataset(
    workspace: Workspace,
    ref: str | Path,
    *,
    name: str,
    options: ImportOptions | None = None,
    progress: Progress = _silent,
) -> DatasetSummary:
    """Import a source as data set `name`: good rows kept in source order, bad ones listed with line and reason.

    `progress(done, total, note)` counts bytes. Raises `GamutError` if the name is taken or not allowed, the source
    cannot be read, or no row of it is good.
    """
    options = options or ImportOptions()
    with new_dataset(workspace, name) as database:
        source = open_source(ref, options)
        _write(database, source, options, progress)
    return Dataset(workspace, name).summary


@contextmanager
def new_dataset(workspace: Workspace, name: str) -> Iterator[Path]:
    """Where to write the database of a new data set; what was written takes its name once the body ends well."""
    folder = workspace.datasets / check_name(name, of="data set")
    if folder.exists():
        raise GamutError(f"There is a data set {name!r} already; data sets never change, so choose another name.")
    building = workspace.datasets / f".{name}.{os.getpid()}.importing"
    try:
        yield building / DATABASE
        with suppress(OSError):  # another process has taken the name meanwhile: said below
            building.rename(folder)
        if building.exists():
            raise GamutError(f"Data set {name!r} was imported by someone else meanwhile; choose another name.")
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write(path: Path, source: Source, options: ImportOptions, progress: Progress) -> None:
    reading = samples(source, options, lambda done: progress(done, source.size, "reading"))
    columns = Columns()
    with written_database(path, memory=IMPORT_MEMORY) as connection:
        create_tables(connection)
        seen = write_samples(connection, reading, columns)
        check_counts(connection, seen)
        if not count(connection, "samples"):
            raise GamutError(_nothing_kept(connection, source, seen))
        progress(0, 0, "describing the columns")
        finish(
            connection,
            {
                "format": reading.format_name,
                "layout": source.layout,
                "file": source.name,
                "file_sha256": source.sha256(),
                "columns_left_out": str(columns.left_out),
                "options": json.dumps(options.as_dict(), ensure_ascii=False),
            },
            describe=lambda: create_metadata(connection, columns.finish()),
        )


def _nothing_kept(connection, source: Source, seen: int) -> str:
    if not seen:
        return f"{source.name} holds no records; a list of records or one record a line is needed."
    line, reason = connection.execute("SELECT line, reason FROM problems ORDER BY line LIMIT 1").fetchall()[0]
    return (
        f"None of the {seen} records of {source.name} could be read: line {line}: {reason}. "
        "Name another format or mend the file."
    )
