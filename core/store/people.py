"""What people do by hand: pins and bans of a data set's samples, and which they have read; in SQLite: many may write at once.

A mark has one or more reasons: "" is a click, a check gives its own name. A sample has at most one kind of mark, and
a mark is gone when its last reason is.
"""

import errno
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from core.workspace import Workspace

PIN, BAN = "pin", "ban"
BY_HAND = ""
SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    dataset_hash TEXT NOT NULL, sample_id INTEGER NOT NULL, mark TEXT NOT NULL CHECK (mark IN ('pin', 'ban')),
    place INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (dataset_hash, sample_id, reason)
)
"""
READS = """
CREATE TABLE IF NOT EXISTS reads (
    dataset_hash TEXT NOT NULL, sample_id INTEGER NOT NULL, PRIMARY KEY (dataset_hash, sample_id)
) WITHOUT ROWID
"""
MIGRATION = (
    "ALTER TABLE marks RENAME TO marks_without_reason",
    SCHEMA,
    "INSERT INTO marks SELECT dataset_hash, sample_id, mark, place, '' FROM marks_without_reason",
    "DROP TABLE marks_without_reason",
)


@contextmanager
def people_writing(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """The marks, to read and to write; raises `OSError` in a workspace that may only be read."""
    workspace.root.mkdir(parents=True, exist_ok=True)
    if not os.access(workspace.root, os.W_OK):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(workspace.people))
    connection = sqlite3.connect(workspace.people, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA)
        connection.execute(READS)
        if not _has_reasons(connection):
            _migrate(connection)
        with connection:
            yield connection
    finally:
        connection.close()


@contextmanager
def people_reading(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """The marks, to read: also where the workspace may only be read, as they were when its last writer closed them."""
    if os.access(workspace.root, os.W_OK) or not workspace.root.exists():
        with people_writing(workspace) as people:
            yield people
        return
    there = workspace.people.is_file()
    connection = sqlite3.connect(
        f"{workspace.people.resolve().as_uri()}?immutable=1" if there else ":memory:", uri=there
    )
    try:
        if not there:
            connection.execute(SCHEMA)
        elif not _has_reasons(connection):
            connection.execute("CREATE TEMP TABLE marks AS SELECT *, '' AS reason FROM main.marks")
        if not _has_reads(connection):
            connection.execute(READS.replace("TABLE", "TEMP TABLE", 1))
        yield connection
    finally:
        connection.close()


def _has_reasons(people: sqlite3.Connection) -> bool:
    return any(column[1] == "reason" for column in people.execute("PRAGMA table_info(marks)").fetchall())


def _has_reads(people: sqlite3.Connection) -> bool:
    return bool(people.execute("PRAGMA table_info(reads)").fetchall())


def _migrate(people: sqlite3.Connection) -> None:
    """Give an older file's marks their reason: all were made by hand. Another process may just be doing the same."""
    people.execute("BEGIN IMMEDIATE")
    with people:
        for statement in MIGRATION if not _has_reasons(people) else ():
            people.execute(statement)


def marked(workspace: Workspace, dataset_hash: str, mark: str) -> tuple[int, ...]:
    """The samples of a data set with that mark: pins in the order they were made, bans too."""
    return tuple(marked_with_reasons(workspace, dataset_hash, mark))


def marked_with_reasons(workspace: Workspace, dataset_hash: str, mark: str) -> dict[int, tuple[str, ...]]:
    """The samples of a data set with that mark in the order they were made, each with its reasons ("" by hand)."""
    query = "SELECT sample_id, reason FROM marks WHERE dataset_hash = ? AND mark = ? ORDER BY place"
    found: dict[int, tuple[str, ...]] = {}
    with people_reading(workspace) as people:
        for sample_id, reason in people.execute(query, (dataset_hash, mark)):
            found[sample_id] = (*found.get(sample_id, ()), reason)
    return found


def set_mark(workspace: Workspace, dataset_hash: str, sample_id: int, mark: str | None) -> None:
    """Pin or ban a sample by hand, or take its mark away whatever its reasons (None); a sample has at most one mark."""
    with people_writing(workspace) as people:
        people.execute("DELETE FROM marks WHERE dataset_hash = ? AND sample_id = ?", (dataset_hash, sample_id))
        if mark is not None:
            _insert(people, dataset_hash, [sample_id], mark, BY_HAND)


def set_marks(workspace: Workspace, dataset_hash: str, ids: Iterable[int], mark: str, reason: str = BY_HAND) -> None:
    """Pin or ban many samples for one reason; the other mark of these samples goes, further reasons of this one stay."""
    wanted = list(dict.fromkeys(int(sample_id) for sample_id in ids))
    with people_writing(workspace) as people:
        people.executemany(
            "DELETE FROM marks WHERE dataset_hash = ? AND sample_id = ? AND mark != ?",
            [(dataset_hash, sample_id, mark) for sample_id in wanted],
        )
        _insert(people, dataset_hash, wanted, mark, reason)


def ban_unpinned(workspace: Workspace, dataset_hash: str, ids: Iterable[int], reason: str) -> int:
    """Ban many samples for one reason, leaving pinned ones alone; returns how many of them were pinned."""
    wanted, pinned = [int(i) for i in ids], set(marked(workspace, dataset_hash, PIN))
    set_marks(workspace, dataset_hash, [i for i in wanted if i not in pinned], BAN, reason)
    return sum(i in pinned for i in wanted)


def clear_marks(
    workspace: Workspace, dataset_hash: str, *, mark: str, reason: str | None = None, ids: Iterable[int] | None = None
) -> None:
    """Take away a reason of a mark, or the whole mark (None), of these samples, or of all; other reasons keep it."""
    where, values = "dataset_hash = ? AND mark = ?", [dataset_hash, mark]
    if reason is not None:
        where, values = f"{where} AND reason = ?", [*values, reason]
    with people_writing(workspace) as people:
        if ids is None:
            people.execute(f"DELETE FROM marks WHERE {where}", values)
        else:
            rows = [(*values, int(sample_id)) for sample_id in ids]
            people.executemany(f"DELETE FROM marks WHERE {where} AND sample_id = ?", rows)


def _insert(people: sqlite3.Connection, dataset_hash: str, ids: list[int], mark: str, reason: str) -> None:
    people.execute("UPDATE marks SET place = place WHERE 0")  # takes the write lock before the last place is read
    last = people.execute("SELECT coalesce(max(place), 0) FROM marks").fetchone()[0]
    rows = [(dataset_hash, sample_id, mark, last + at, reason) for at, sample_id in enumerate(ids, start=1)]
    people.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?)", rows)


def read_samples(workspace: Workspace, dataset_hash: str) -> set[int]:
    """The samples of a data set that were read in a reading queue, in whatever selection."""
    with people_reading(workspace) as people:
        rows = people.execute("SELECT sample_id FROM reads WHERE dataset_hash = ?", (dataset_hash,)).fetchall()
    return {sample_id for (sample_id,) in rows}


def mark_read(workspace: Workspace, dataset_hash: str, sample_id: int) -> None:
    """Remember that a sample was read."""
    with people_writing(workspace) as people:
        people.execute("INSERT OR IGNORE INTO reads VALUES (?, ?)", (dataset_hash, int(sample_id)))


def forget_read(workspace: Workspace, dataset_hash: str) -> None:
    """Begin anew: no sample of a data set counts as read."""
    with people_writing(workspace) as people:
        people.execute("DELETE FROM reads WHERE dataset_hash = ?", (dataset_hash,))
