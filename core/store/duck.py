"""DuckDB connections with every limit set on purpose: its defaults take most of the machine and the newest format."""

import errno
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
SMALL_BLOCK = 32768  # half of it, the smallest that DuckDB allows, packs a column twice as loosely
STORAGE_VERSION = "v1.4.0"  # the oldest that readers of our files need; raised only with the format version


Config = dict[str, str | bool | int | float | list[str]]


def _config(path: Path, memory: str) -> Config:
    return {"memory_limit": memory, "threads": THREADS, "temp_directory": str(path.parent / ".duckdb_tmp")}


def open_read(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a finished database read-only; take a `.cursor()` per thread, a connection itself is not safe to share."""
    try:
        return duckdb.connect(str(path), read_only=True, config=_config(path, READ_MEMORY))
    except duckdb.Error as error:
        raise GamutError(
            f"{path} cannot be opened ({_first(error)}); it is damaged or not Gamut's: import or analyse again."
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
    try:
        with _attached(path, beside, memory) as connection:
            yield connection
    except BaseException:  # half a database is of no use, and may be what fills the disk
        beside.unlink(missing_ok=True)
        wal.unlink(missing_ok=True)
        raise
    assert not wal.exists(), f"{wal} was left behind"
    with beside.open("rb+") as written:
        os.fsync(written.fileno())
    beside.replace(path)
    sync_folder(path.parent)


@contextmanager
def _attached(path: Path, beside: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config=_config(path, memory))
    try:
        connection.execute(f"ATTACH '{_quoted(beside)}' AS made (STORAGE_VERSION '{STORAGE_VERSION}'); USE made")
        yield connection
        connection.execute("CHECKPOINT made")
        connection.execute("USE memory; DETACH made")
    except duckdb.Error as error:
        full = "No space left" in str(error)  # told by exceptions of several kinds
        if full or isinstance(error, duckdb.IOException):
            raise OSError(errno.ENOSPC if full else errno.EIO, _first(error)) from None
        raise
    finally:
        connection.close()


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def unreadable(error: duckdb.Error) -> str:
    """What a database that fails while it is read or written means to the user, in one sentence."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            f"The database ran out of the memory that it may take ({_first(error)}); nothing is damaged: take a part of the "
            "file, or several as data sets that are joined into a pool."
        )
    return (
        f"A database of the workspace cannot be read ({_first(error)}); it is damaged, or the disk or the memory failed: "
        "`analyses show ID --hash` tells whether an analysis is whole, and what is not is imported or analysed again."
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around a look into the database `path`: damage is told as one sentence that names the file."""
    try:
        yield
    except (duckdb.Error, KeyError, ValueError, OverflowError, MemoryError) as error:
        raise GamutError(
            f"{path} cannot be read ({_first(error)}); it is damaged or not Gamut's: import or analyse again."
        ) from None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The columns of every table of the connection's database, tables by name."""
    query = (
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal GROUP BY ALL ORDER BY table_name"
    )
    return dict(connection.execute(query).fetchall())


def bytes_of_tables(database: Path, scratch: Path) -> dict[str, int]:
    """Bytes that each table of a finished database takes on disk, its own share of the fixed header left out.

    Measured by writing each table alone, with small blocks, to the file `scratch`, which is removed: the blocks of
    256 KiB of the real file would drown the small tables of a small database.
    """
    connection = duckdb.connect(config=_config(scratch, READ_MEMORY))
    try:
        connection.execute(f"ATTACH '{_quoted(database)}' AS source (READ_ONLY)")
        connection.execute("USE source")
        names = list(columns_of(connection))
        connection.execute("USE memory")
        empty = _bytes_alone(connection, scratch, "")
        return {
            name: _bytes_alone(connection, scratch, f'CREATE TABLE alone.t AS SELECT * FROM source."{name}"') - empty
            for name in names
        }
    finally:
        connection.close()
        scratch.unlink(missing_ok=True)


def _bytes_alone(connection: duckdb.DuckDBPyConnection, scratch: Path, statement: str) -> int:
    scratch.unlink(missing_ok=True)
    connection.execute(
        f"ATTACH '{_quoted(scratch)}' AS alone (STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {SMALL_BLOCK})"
    )
    connection.execute(statement or "SELECT 1").fetchall()
    connection.execute("CHECKPOINT alone")
    connection.execute("DETACH alone")
    return scratch.stat().st_size
