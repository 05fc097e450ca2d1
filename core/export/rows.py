"""The rows of an export before they are bytes: each sample's record, and what it must read back as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.datasets.formats import FORMATS, BadRecord
from core.export.changes import Changes
from core.export.formats import VERBATIM, CannotCarry, ExportFormat, Turns, export_format
from core.export.options import ExportOptions
from core.export.source_records import SourceRecords
from core.store.datasets import Dataset

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One sample to write: its original bytes or its record, and the conversation that reading it must give."""

    sample_id: int
    raw: bytes | None
    value: Record | None
    turns: Turns


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of chosen samples in their order; iterated anew each time, so that a table may look twice."""

    dataset: Dataset
    ids: tuple[int, ...]
    options: ExportOptions

    def read(self, changes: Changes) -> Iterator[Row]:
        """Every row; what a conversion changes is counted in `changes`."""
        make = self._verbatim if self.options.format == VERBATIM else self._converter(changes)
        ids = list(self.ids)
        told = self.dataset.conversations(ids)
        for raw, (sample_id, turns) in zip(self.dataset.records(ids), told, strict=True):
            yield make(sample_id, raw, turns)

    def calling(self) -> int:
        """How many of the samples call tools."""
        query = (
            "SELECT count(DISTINCT sample_id) FROM turns WHERE role = 'tool_call' AND sample_id IN (SELECT unnest(?))"
        )
        return self.dataset.cursor().execute(query, [list(self.ids)]).fetchall()[0][0]

    def _verbatim(self, sample_id: int, raw: bytes, turns: Turns) -> Row:
        return Row(sample_id, raw, None, turns)

    def _converter(self, changes: Changes) -> Callable[[int, bytes, Turns], Row]:
        form = export_format(self.options.format)
        source = SourceRecords(self.dataset)

        def convert(sample_id: int, raw: bytes, turns: Turns) -> Row:
            carried, record = _conversation(form, turns, sample_id, changes)
            if self.options.columns:
                _add_columns(form, record, source.columns(raw, turns), carried, sample_id, changes)
            return Row(sample_id, None, record, carried)

        return convert


def _conversation(form: ExportFormat, turns: Turns, sample_id: int, changes: Changes) -> tuple[Turns, Record]:
    """The conversation as the format carries it, folded where it cannot, and its record."""
    carried = form.carried(turns)
    if carried != turns:
        changes.tell("an input is joined to its instruction by a blank line", sample_id)
    try:
        record = form.record(carried)
        if _reads_back(form, record, carried):
            return carried, record
        why = "turns that would read back otherwise"  # no rule foresaw it: still told, never lost
    except CannotCarry as cannot:
        why = str(cannot)
    changes.lose(f"{form.title} cannot hold {why}", sample_id)
    folded = form.folded(carried)
    record = form.record(folded)
    return FORMATS[form.name].parse(record), record


def _reads_back(form: ExportFormat, record: Record, carried: Turns) -> bool:
    try:
        return FORMATS[form.name].parse(record) == carried
    except BadRecord:
        return False


def _add_columns(
    form: ExportFormat, record: Record, columns: Record | None, carried: Turns, sample_id: int, changes: Changes
) -> None:
    """Take the other columns along, but none that the format would read as part of the conversation."""
    if columns is None:
        changes.lose("columns beside the conversation cannot be told from it", sample_id)
        return
    for key, value in columns.items():
        wider = {**record, key: value}
        if (
            key not in record
            and FORMATS[form.name].read(record).used.isdisjoint({key})
            and _reads_back(form, wider, carried)
        ):
            record[key] = value
        elif value not in (None, "", []):
            changes.lose(f"the column {key!r} has the name of a field of {form.title}", sample_id)
