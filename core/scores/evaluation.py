"""The evaluation side of a decontamination check: the texts of a file's or a data set's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.datasets.nested import Lost, nested, read_path
from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import RawRecord, Source, open_source, records
from core.errors import GamutError
from core.files import json_hash
from core.store.datasets import Dataset, dataset_names
from core.workspace import Workspace

HUB = "hf:"  # how the name of a data set of the hub begins


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One row of an evaluation set: where it stands, and its texts as (field, text) in the row's order."""

    file: str
    line: int
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation set: its rows, and `unread` records that hold no text or could not be read.

    `kind` is "file" or "data set". `read_as` says where the texts come from; `options` is what the user said of a file.
    """

    name: str
    kind: str
    rows: tuple[EvaluationRow, ...]
    unread: int
    read_as: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of every row's place and texts."""
        return json_hash([[row.file, row.line, row.texts] for row in self.rows])


def evaluation_rows(workspace: Workspace, against: str, options: ImportOptions) -> Evaluation:
    """The evaluation set `against`: an imported data set by its name, or any source that can be imported.

    A source is read as an import would, if `options` name a format or a map; else every text of a record counts, each
    field for itself. Raises `GamutError` if there is none of that name or no row holds a text.
    """
    known = dataset_names(workspace)
    there = bool(against) and (Path(against).exists() or against.startswith(HUB))
    if against in known and there:
        raise GamutError(f"{against!r} names both a data set and a file; write ./{against} for the file.")
    if against in known:
        found = _of_dataset(Dataset(workspace, against))
    elif there:
        found = _of_source(open_source(against, options), options)
    else:
        sets = ", ".join(known) or "none yet"
        raise GamutError(f"There is neither a file nor a data set {against!r}; give a path or one of: {sets}.")
    if not found.rows:
        raise GamutError(f"No row of {found.name} holds a text to compare with; map its columns or give another file.")
    return found


def _of_dataset(dataset: Dataset) -> Evaluation:
    places = dataset.cursor().execute("SELECT file, line FROM samples ORDER BY sample_id").fetchall()
    rows = tuple(
        EvaluationRow(file, line, tuple((turn.role, turn.text) for turn in turns))
        for (file, line), (_, turns) in zip(places, dataset.conversations(), strict=True)
    )
    return Evaluation(dataset.name, "data set", rows, 0, "an imported data set, turn by turn")


def _of_source(source: Source, options: ImportOptions) -> Evaluation:
    rows, unread, read_as = (_as_samples if options.format or options.map else _as_texts)(source, options)
    return Evaluation(source.name, "file", tuple(rows), unread, read_as, options.as_dict())


def _as_samples(source: Source, options: ImportOptions) -> tuple[list[EvaluationRow], int, str]:
    rows, unread = [], 0
    for item in samples(source, options):
        if isinstance(item, Problem):
            unread += 1
        else:
            rows.append(EvaluationRow(item.file, item.line, tuple((turn.role, turn.text) for turn in item.turns)))
    return rows, unread, "conversations, turn by turn"


def _as_texts(source: Source, options: ImportOptions) -> tuple[list[EvaluationRow], int, str]:
    rows, unread = [], 0
    fields: dict[str, None] = {}
    for record in records(source, options):
        for value in _values(record, options):
            texts = tuple(_texts(value, ""))
            if texts:
                rows.append(EvaluationRow(record.file, record.line, texts))
                fields |= dict.fromkeys(name for name, _ in texts)
            else:
                unread += 1
    return rows, unread, f"every text of a record, field by field: {', '.join(fields) or 'none'}"


def _values(record: RawRecord, options: ImportOptions) -> Iterator[Any]:
    """What a record holds: itself, or the records inside it that the options point to; None where it is broken."""
    if record.reason is not None:
        yield None
    elif options.records:
        yield from (
            None if isinstance(each, Lost) else each for each in nested(record.value, read_path(options.records))
        )
    else:
        yield record.value


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text inside a record with the name of its field, such as "choices[]" or "messages[].content"."""
    if isinstance(value, str):
        if value.strip():
            yield name or "text", value.encode("utf-8", "replace").decode()  # half characters cannot be written
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, f"{name}[]")
    elif isinstance(value, dict):
        for key, item in value.items():
            key = str(key).encode("utf-8", "replace").decode()
            yield from _texts(item, f"{name}.{key}" if name else key)
