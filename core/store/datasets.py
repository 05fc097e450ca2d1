"""Data sets at rest: imported once into `datasets/<name>/samples.duckdb`, then only read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from core.datasets.metadata import Column
from core.datasets.parse import Problem
from core.datasets.sample import Turn
from core.errors import GamutError
from core.store.content_hash import content_hash
from core.store.dataset_migration import migrate_dataset
from core.store.dataset_tables import DATABASE, FORMAT_VERSION, KEYS
from core.store.duck import open_read, reading
from core.store.repairs import Repair, RepairRule, repair_rules, repairs
from core.workspace import Workspace

CHUNK = 5_000  # rows fetched at once
FEW = 500  # samples that are read without asking first how long they are
AT_ONCE = 32_000_000  # bytes of samples read at once, by their records or their conversations, whichever is longer


@dataclass(frozen=True)
class DatasetSummary:
    """A data set at a glance: counts, where it came from and by which format it was read."""

    name: str
    rows: int
    problems: int
    no_response: int
    duplicates: int
    turns: int
    characters: int
    format: str
    layout: str
    file: str
    created: str
    content_hash: str


class Dataset:
    """An imported data set, opened read-only."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace, self.name = workspace, name
        self.folder = workspace.datasets / name
        path = self.folder / DATABASE
        if not path.is_file():
            known = ", ".join(dataset_names(workspace)) or "none yet"
            raise GamutError(f"There is no data set {name!r}; there are: {known}.")
        self._connection = open_read(path)
        with reading(path):
            self.meta = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())
            version = int(self.meta["format_version"])
        if version > FORMAT_VERSION:
            raise GamutError(f"Data set {name!r} was made by a newer Gamut; update this one to open it.")
        if version < FORMAT_VERSION:
            self._connection.close()
            migrate_dataset(path)
            self._connection = open_read(path)
            self.meta = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())

    def cursor(self):
        """A cursor of its own for the calling thread."""
        return self._connection.cursor()

    def close(self) -> None:
        """Let the file go; every cursor ends with it."""
        self._connection.close()

    @property
    def content_hash(self) -> str:
        """The content hash stored at import."""
        return self.meta["content_hash"]

    def recompute_hash(self) -> str:
        """The content hash of what the file holds now."""
        return content_hash(self.cursor(), KEYS)

    @cached_property
    def summary(self) -> DatasetSummary:
        """Counts over the whole data set."""
        rows, none, turns, characters, distinct = (
            self.cursor()
            .execute(
                "SELECT count(*), count_if(no_response), sum(turns), sum(characters), count(DISTINCT content_hash) FROM samples"
            )
            .fetchone()
        )
        problems = self.cursor().execute("SELECT count(*) FROM problems").fetchone()[0]
        meta = self.meta
        return DatasetSummary(
            name=self.name, rows=rows, problems=problems, no_response=none, duplicates=rows - distinct, turns=int(turns),
            characters=int(characters), format=meta["format"], layout=meta["layout"], file=meta["file"],
            created=meta["created"], content_hash=meta["content_hash"],
        )  # fmt: skip

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of metadata, the best categories first."""
        query = 'SELECT name, type, role, "distinct", missing, place FROM columns ORDER BY place'
        return tuple(
            Column(name, type, name, place, role=role, distinct=distinct, missing=missing)
            for name, type, role, distinct, missing, place in self.cursor().execute(query).fetchall()
        )

    def __len__(self) -> int:
        return self.summary.rows

    def turns(self, sample_id: int) -> tuple[Turn, ...]:
        """The conversation of one sample, in order."""
        rows = (
            self.cursor()
            .execute("SELECT role, text FROM turns WHERE sample_id = ? ORDER BY turn", [sample_id])
            .fetchall()
        )
        return tuple(Turn(role, text) for role, text in rows)

    def record(self, sample_id: int) -> tuple[bytes, str, int]:
        """The original record of one sample, with the file and line it stood at."""
        return (
            self.cursor()
            .execute(
                "SELECT record, file, line FROM records JOIN samples USING (sample_id) WHERE sample_id = ?", [sample_id]
            )
            .fetchone()
        )

    def conversations(self, ids: list[int] | None = None) -> Iterator[tuple[int, tuple[Turn, ...]]]:
        """Every sample's id and turns in id order, or those of `ids` in the order given."""
        if ids is not None:
            for chunk in self._chunks(ids):
                found = dict(self._grouped("WHERE sample_id IN (SELECT unnest(?))", [chunk]))
                yield from ((sample_id, found[sample_id]) for sample_id in chunk)
        else:
            yield from self._grouped("", [])

    def _grouped(self, where: str, values: list) -> Iterator[tuple[int, tuple[Turn, ...]]]:
        query = f"SELECT sample_id, role, text FROM turns {where} ORDER BY sample_id, turn"
        reader = self.cursor().execute(query, values)
        current = -1
        turns: list[Turn] = []
        while rows := reader.fetchmany(CHUNK):
            for sample_id, role, text in rows:
                if sample_id != current and turns:
                    yield current, tuple(turns)
                    turns = []
                current = sample_id
                turns.append(Turn(role, text))
        if turns:
            yield current, tuple(turns)

    def records(self, ids: list[int]) -> Iterator[bytes]:
        """The original records of `ids`, in the order given."""
        for chunk in self._chunks(ids):
            query = "SELECT sample_id, record FROM records WHERE sample_id IN (SELECT unnest(?))"
            found = dict(self.cursor().execute(query, [chunk]).fetchall())
            yield from (found[sample_id] for sample_id in chunk)

    def _chunks(self, ids: list[int]) -> Iterator[list[int]]:
        """Ids in pieces that are read at once: each scan of the tables costs time, each sample held costs memory."""
        if len(ids) <= FEW:
            yield from [ids] if ids else []
            return
        ends = np.cumsum(self._sizes[ids], dtype=np.int64) // AT_ONCE
        edges = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(ids)]
        yield from (ids[start:end] for start, end in pairwise(edges) if end > start)

    @cached_property
    def _sizes(self) -> np.ndarray:
        """Bytes of every sample's record, or characters of its conversation where those are more: int64 (n)."""
        query = (
            "SELECT greatest(octet_length(record), characters)::BIGINT AS size FROM records JOIN samples USING (sample_id) "
            "ORDER BY sample_id"
        )
        return self.cursor().execute(query).fetchnumpy()["size"]

    def content_hashes(self) -> list[str]:
        """The content hash of every sample, in id order."""
        return [
            row[0] for row in self.cursor().execute("SELECT content_hash FROM samples ORDER BY sample_id").fetchall()
        ]

    def ids_with_content(self, hashes: Collection[str]) -> list[int]:
        """The samples whose content hash is one of these, ascending ids."""
        query = "SELECT sample_id FROM samples WHERE content_hash IN (SELECT unnest(?)) ORDER BY sample_id"
        return [row[0] for row in self.cursor().execute(query, [sorted(hashes)]).fetchall()] if hashes else []

    def without_response(self):
        """Which samples say nothing to train on: bool array (n), in id order."""
        return self.cursor().execute("SELECT no_response FROM samples ORDER BY sample_id").fetchnumpy()["no_response"]

    def problems(self, *, limit: int | None = None, offset: int = 0) -> list[Problem]:
        """The records that were left out, in source order."""
        query = "SELECT file, line, reason, record FROM problems ORDER BY file, line, reason, record LIMIT ? OFFSET ?"
        return [Problem(*row) for row in self.cursor().execute(query, [limit, offset]).fetchall()]

    def repairs(self, *, limit: int | None = None, offset: int = 0) -> list[Repair]:
        """The records that were mended while reading, in the order of their ids."""
        return repairs(self.cursor(), limit=limit, offset=offset)

    def repair_rules(self) -> list[RepairRule]:
        """The rules by which records were mended, each with its count and first places."""
        return repair_rules(self.cursor())


def dataset_with_hash(workspace: Workspace, content_hash: str, *, name: str) -> Dataset | None:
    """The data set of that content: the one called `name` where it has it, else any other, None where there is none."""
    names = dataset_names(workspace)
    for candidate in sorted(names, key=lambda other: other != name):
        try:
            found = Dataset(workspace, candidate)
        except GamutError:
            if candidate == name:
                raise
            continue  # a damaged one is told where it is opened, it must not close the others
        if found.content_hash == content_hash:
            return found
    return None


def dataset_names(workspace: Workspace) -> list[str]:
    """The names of all imported data sets, sorted."""
    return sorted(path.parent.name for path in workspace.datasets.glob(f"[!.]*/{DATABASE}"))
