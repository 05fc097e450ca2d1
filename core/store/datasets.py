"""Data sets at rest: imported once into `datasets/<name>/samples.duckdb`, then only read."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from core.datasets.formats import Format
from core.datasets.parse import Problem, choose_format, samples
from core.datasets.read import Source, open_source
from core.datasets.sample import Sample, Turn
from core.errors import GamutError
from core.files import file_hash
from core.store.content_hash import content_hash
from core.store.duck import open_read, written_database
from core.workspace import Workspace, check_name

FORMAT_VERSION = 1
DATABASE = "samples.duckdb"
KEYS = {
    "samples": ("sample_id",),
    "turns": ("sample_id", "turn"),
    "records": ("sample_id",),
    "problems": ("file", "line", "reason", "record"),
}
SCHEMAS = {
    "samples": pa.schema(
        [("sample_id", pa.int32()), ("file", pa.string()), ("line", pa.int64()), ("content_hash", pa.string()),
         ("no_response", pa.bool_()), ("turns", pa.int32()), ("characters", pa.int64())]
    ),
    "turns": pa.schema([("sample_id", pa.int32()), ("turn", pa.int32()), ("role", pa.string()), ("text", pa.string())]),
    "records": pa.schema([("sample_id", pa.int32()), ("record", pa.binary())]),
    "problems": pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("record", pa.binary())]),
}  # fmt: skip
CHUNK = 5_000  # samples handed to DuckDB at once


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


def import_dataset(workspace: Workspace, file: Path, *, name: str, format: str | None = None) -> DatasetSummary:
    """Import a file as data set `name`: good rows kept in source order, bad ones listed with line and reason.

    Raises `GamutError` if the name is taken or not allowed, the file cannot be read, or no row of it is good.
    """
    folder = workspace.datasets / check_name(name, of="data set")
    if folder.exists():
        raise GamutError(f"There is a data set {name!r} already; data sets never change, so choose another name.")
    source = open_source(file)
    form = choose_format(source, format)
    building = workspace.datasets / f".{name}.{os.getpid()}.importing"
    try:
        _write(building / DATABASE, source, form)
        with suppress(OSError):  # another process has taken the name meanwhile: said below
            building.rename(folder)
        if building.exists():
            raise GamutError(f"Data set {name!r} was imported by someone else meanwhile; choose another name.")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Dataset(workspace, name).summary


def _write(path: Path, source: Source, form: Format) -> None:
    seen = 0
    with written_database(path) as connection:
        for table, schema in SCHEMAS.items():
            connection.register("empty", schema.empty_table())
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM empty")
            connection.unregister("empty")
        for chunk in _chunks(samples(source, form)):
            seen += len(chunk)
            for table, rows in _tables(chunk).items():
                connection.register("rows", pa.Table.from_pylist(rows, SCHEMAS[table]))
                connection.execute(f"INSERT INTO {table} SELECT * FROM rows")
                connection.unregister("rows")
        kept, left_out = (
            connection.execute(f"SELECT count(*) FROM {t}").fetchall()[0][0] for t in ("samples", "problems")
        )
        assert kept + left_out == seen, f"{seen} records in, {kept} samples and {left_out} problems out"
        if not kept:
            raise GamutError(_nothing_kept(connection, source, form, seen))
        meta = {
            "format_version": str(FORMAT_VERSION),
            "format": form.name,
            "layout": source.layout,
            "file": source.path.name,
            "file_sha256": file_hash(source.path),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "content_hash": content_hash(connection, KEYS),
        }
        connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))


def _nothing_kept(connection, source: Source, form: Format, seen: int) -> str:
    if not seen:
        return f"{source.path.name} holds no records; a list of records or one record a line is needed."
    line, reason = connection.execute("SELECT line, reason FROM problems ORDER BY line LIMIT 1").fetchall()[0]
    return (
        f"None of the {seen} records of {source.path.name} could be read as {form.title}: line {line}: {reason}. "
        "Name another format or mend the file."
    )


def _chunks(parsed: Iterator[Sample | Problem]) -> Iterator[list[Sample | Problem]]:
    chunk: list[Sample | Problem] = []
    for item in parsed:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _tables(chunk: list[Sample | Problem]) -> dict[str, list[dict]]:
    kept = [item for item in chunk if isinstance(item, Sample)]
    return {
        "samples": [
            {"sample_id": s.sample_id, "file": s.file, "line": s.line, "content_hash": s.content_hash,
             "no_response": s.no_response, "turns": len(s.turns), "characters": sum(len(t.text) for t in s.turns)}
            for s in kept
        ],
        "turns": [
            {"sample_id": s.sample_id, "turn": number, "role": turn.role, "text": turn.text}
            for s in kept
            for number, turn in enumerate(s.turns)
        ],
        "records": [{"sample_id": s.sample_id, "record": s.record} for s in kept],
        "problems": [
            {"file": p.file, "line": p.line, "reason": p.reason, "record": p.record}
            for p in chunk
            if isinstance(p, Problem)
        ],
    }  # fmt: skip


class Dataset:
    """An imported data set, opened read-only."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.name = name
        path = workspace.datasets / name / DATABASE
        if not path.is_file():
            known = ", ".join(dataset_names(workspace)) or "none yet"
            raise GamutError(f"There is no data set {name!r}; there are: {known}.")
        self._connection = open_read(path)
        self.meta = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())
        if int(self.meta["format_version"]) > FORMAT_VERSION:
            raise GamutError(f"Data set {name!r} was made by a newer Gamut; update this one to open it.")

    def cursor(self):
        """A cursor of its own for the calling thread."""
        return self._connection.cursor()

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
            for chunk in (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)):
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
        for chunk in (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)):
            query = "SELECT sample_id, record FROM records WHERE sample_id IN (SELECT unnest(?))"
            found = dict(self.cursor().execute(query, [chunk]).fetchall())
            yield from (found[sample_id] for sample_id in chunk)

    def content_hashes(self) -> list[str]:
        """The content hash of every sample, in id order."""
        return [
            row[0] for row in self.cursor().execute("SELECT content_hash FROM samples ORDER BY sample_id").fetchall()
        ]

    def without_response(self):
        """Which samples say nothing to train on: bool array (n), in id order."""
        return self.cursor().execute("SELECT no_response FROM samples ORDER BY sample_id").fetchnumpy()["no_response"]

    def problems(self, *, limit: int | None = None, offset: int = 0) -> list[Problem]:
        """The records that were left out, in source order."""
        query = "SELECT file, line, reason, record FROM problems ORDER BY file, line, reason, record LIMIT ? OFFSET ?"
        return [Problem(*row) for row in self.cursor().execute(query, [limit, offset]).fetchall()]


def dataset_with_hash(workspace: Workspace, content_hash: str, *, name: str) -> Dataset | None:
    """The data set of that content: the one called `name` where it has it, else any other, None where there is none."""
    names = dataset_names(workspace)
    for candidate in sorted(names, key=lambda other: other != name):
        found = Dataset(workspace, candidate)
        if found.content_hash == content_hash:
            return found
    return None


def dataset_names(workspace: Workspace) -> list[str]:
    """The names of all imported data sets, sorted."""
    return sorted(path.parent.name for path in workspace.datasets.glob(f"[!.]*/{DATABASE}"))
