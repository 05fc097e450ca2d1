"""DuckDB connections with every limit set on purpose: its defaults take most of the machine and the newest format."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import GamutError
from core.files import sync_folder

READ_MEMORY = "2GB"
WRITE_MEMORY = "6GB"
THREADS = 2
STORAGE_VERSION = "v1.4.0"  # the oldest that readers of our files need; raised only with the format version


Config = dict[str, str | bool | int | float | list[str]]


def _config(path: Path, memory: str) -> Config:
    return {"memory_limit": memory, "threads": THREADS, "temp_directory": str(path.parent / ".duckdb_tmp")}


def open_read(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a finished database read-only; take a `.cursor()` per thread, a connection itself is not safe to share."""
    try:
        return duckdb.connect(str(path), read_only=True, config=_config(path, READ_MEMORY))
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise GamutError(
            f"{path} cannot be opened ({first}); it is damaged or not Gamut's: import or analyse again."
        ) from None


@contextmanager
def written_database(path: Path, *, memory: str = WRITE_MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database, written beside `path` and renamed into it once checkpointed, closed and on disk.

    A rename that leaves the write-ahead log behind silently loses rows, so that none is left is asserted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    wal = beside.with_name(beside.name + ".wal")
    beside.unlink(missing_ok=True)
    wal.unlink(missing_ok=True)
    connection = duckdb.connect(config=_config(path, memory))
    try:
        connection.execute(f"ATTACH '{_quoted(beside)}' AS made (STORAGE_VERSION '{STORAGE_VERSION}'); USE made")
        yield connection
        connection.execute("CHECKPOINT made")
        connection.execute("USE memory; DETACH made")
    finally:
        connection.close()
    assert not wal.exists(), f"{wal} was left behind"
    with beside.open("rb+") as written:
        os.fsync(written.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
