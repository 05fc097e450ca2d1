"""What people decide by hand: pins and bans of a data set's samples, in SQLite, so that many may write at once."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from core.workspace import Workspace

PIN, BAN = "pin", "ban"
SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    dataset_hash TEXT NOT NULL, sample_id INTEGER NOT NULL, mark TEXT NOT NULL CHECK (mark IN ('pin', 'ban')),
    place INTEGER NOT NULL, PRIMARY KEY (dataset_hash, sample_id)
)
"""


@contextmanager
def _people(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    workspace.root.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(workspace.people, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA)
        with connection:
            yield connection
    finally:
        connection.close()


def marked(workspace: Workspace, dataset_hash: str, mark: str) -> tuple[int, ...]:
    """The samples of a data set with that mark: pins in the order they were made, bans too."""
    query = "SELECT sample_id FROM marks WHERE dataset_hash = ? AND mark = ? ORDER BY place"
    with _people(workspace) as people:
        return tuple(row[0] for row in people.execute(query, (dataset_hash, mark)))


def set_mark(workspace: Workspace, dataset_hash: str, sample_id: int, mark: str | None) -> None:
    """Pin or ban a sample, or take its mark away (None); a sample has at most one mark."""
    with _people(workspace) as people:
        people.execute("DELETE FROM marks WHERE dataset_hash = ? AND sample_id = ?", (dataset_hash, sample_id))
        if mark is not None:
            people.execute(
                "INSERT INTO marks SELECT ?, ?, ?, coalesce(max(place), 0) + 1 FROM marks",
                (dataset_hash, sample_id, mark),
            )
