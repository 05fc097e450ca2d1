"""The user's own words for features, in the workspace's file of what people decide: they belong to an SAE's content."""

from __future__ import annotations

import sqlite3

from core.errors import GamutError
from core.store.people import people_reading, people_writing
from core.workspace import Workspace

SCHEMA = """
CREATE TABLE IF NOT EXISTS own_labels (
    sae_hash TEXT NOT NULL, feature_id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (sae_hash, feature_id)
)
"""
LONGEST = 500  # characters


def own_labels(workspace: Workspace, sae_hash: str) -> dict[int, str]:
    """The user's own words for the features of an SAE, by feature id."""
    query = "SELECT feature_id, text FROM own_labels WHERE sae_hash = ? ORDER BY feature_id"
    with people_reading(workspace) as people:
        if not _there(people):
            return {}
        return dict(people.execute(query, (sae_hash,)).fetchall())


def set_own_label(workspace: Workspace, sae_hash: str, feature_id: int, text: str) -> None:
    """Say what a feature is about in one's own words; empty words take them away."""
    said = " ".join(text.split())
    if len(said) > LONGEST:
        raise GamutError(f"A label of {len(said)} characters is too long; use at most {LONGEST}.")
    with people_writing(workspace) as people:
        people.execute(SCHEMA)
        people.execute("DELETE FROM own_labels WHERE sae_hash = ? AND feature_id = ?", (sae_hash, int(feature_id)))
        if said:
            people.execute("INSERT INTO own_labels VALUES (?, ?, ?)", (sae_hash, int(feature_id), said))


def _there(people: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'own_labels'"
    return people.execute(query).fetchone() is not None
