"""A source to samples: every record becomes a sample, or a problem listed by file, line and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Any

from core.datasets.formats import BadRecord, Format, Parsed, Record, format_named, recognise
from core.datasets.mapping import read_map, with_written_numbers
from core.datasets.nested import Lost, as_raw, check_path, list_paths, nested, read_path
from core.datasets.options import ImportOptions
from core.datasets.plain_values import plain_extras
from core.datasets.read import RawRecord, Source, records
from core.datasets.sample import Sample
from core.errors import GamutError

RECOGNISE_FROM = 200  # readable records looked at to tell the format of a file
RECOGNISE_BYTES = 64 << 20  # and no more than these, for a record may be huge

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that was left out: where it stood, why, and its own bytes."""

    file: str
    line: int
    reason: str
    record: bytes


def samples(source: Source, options: ImportOptions | None = None, progress: Progress | None = None) -> Reading:
    """Every record of the source in order: as a sample (ids from 0 over the kept ones) or as a problem."""
    options = options or ImportOptions()
    found = records(source, options, progress or (lambda done: None))
    return Reading(found, options, many=not source.single, layout=source.layout)


class Reading:
    """An iterator over samples and problems that knows, file by file, by which format they were read.

    Raises `GamutError` where the only file cannot be read as asked; of many files one such becomes problems.
    """

    def __init__(
        self, found: Iterable[RawRecord], options: ImportOptions, *, many: bool, layout: str = "jsonl"
    ) -> None:
        self.formats: dict[str, Format] = {}
        self._options, self._many, self._layout = options, many, layout
        self._mapping = read_map(options.map) if options.map else None
        self._map = self._mapping.as_format() if self._mapping else None
        self._path = read_path(options.records) if options.records else ()
        self._named = format_named(options.format) if options.format else None
        self._kept = 0
        self._items = self._read(found)

    def __iter__(self) -> Iterator[Sample | Problem]:
        return self

    def __next__(self) -> Sample | Problem:
        return next(self._items)

    @property
    def format_name(self) -> str:
        """The formats met, in the order of the files."""
        return ", ".join(dict.fromkeys(form.name for form in self.formats.values()))

    def _read(self, found: Iterable[RawRecord]) -> Iterator[Sample | Problem]:
        for file, group in groupby(found, key=lambda record: record.file):
            yield from self._read_file(file, group)

    def _read_file(self, file: str, group: Iterator[RawRecord]) -> Iterator[Sample | Problem]:
        form, reason = None, None
        head, values = _head(group)
        found: Iterator[RawRecord] = chain(head, group)
        try:
            if self._path and values:
                check_path(self._path, values[0], file=file)
                inside = self._inside(found)
                head, values = _head(inside)
                found = chain(head, inside)
            form = self._choose(file, values) if values else None
        except GamutError as error:
            if not self._many:
                raise
            reason = str(error)
        if form is not None:
            self.formats[file] = form
        for number, record in enumerate(found, start=1):
            yield self._item(record, form, reason, number)

    def _inside(self, group: Iterable[RawRecord]) -> Iterator[RawRecord]:
        for record in group:
            if record.reason is not None:
                yield record
                continue
            for found in nested(record.value, self._path):
                if isinstance(found, Lost):
                    yield replace(record, raw=as_raw(found.value), value=None, reason=found.reason)
                else:
                    yield replace(record, raw=as_raw(found), value=found)

    def _choose(self, file: str, values: list[Any]) -> Format:
        """The map or format that the user named, else the one recognised."""
        if self._map is not None and self._mapping is not None:
            self._mapping.check(values, file=file)
            return self._map
        return self._named or _recognised(values, file)

    def _item(self, record: RawRecord, form: Format | None, reason: str | None, number: int) -> Sample | Problem:
        try:
            if record.reason is not None or form is None:
                raise BadRecord(record.reason or reason or "no record of its file could be read")
            value = self._value(record, form)
            found = form.read(value)
            extras, notes = plain_extras({key: kept for key, kept in value.items() if key not in found.used})
        except (BadRecord, RecursionError) as bad:
            why = "it is nested too deeply" if isinstance(bad, RecursionError) else str(bad)
            place = f"record {number}: " if self._layout == "json" else ""  # many records may share a line
            return Problem(record.file, record.line, place + why, record.raw)
        return self._sample(record, found, extras, notes)

    def _sample(self, record: RawRecord, found: Parsed, extras: Record, notes: tuple[str, ...]) -> Sample:
        repairs = tuple(dict.fromkeys((*record.repairs, *found.notes, *notes)))
        made = Sample(self._kept, found.turns, record.raw, record.file, record.line, extras, repairs)
        self._kept += 1
        return made

    def _value(self, record: RawRecord, form: Format) -> Record:
        value = record.value
        if not isinstance(value, dict):
            raise BadRecord(f"the record is not an object; records of {form.title} are objects")
        if form is self._map:
            try:
                return with_written_numbers(record.raw)
            except ValueError:  # raw is not quite what was read, after a repair
                return value
        return value


def _recognised(values: list[Any], file: str) -> Format:
    try:
        return recognise(values, file=file)
    except GamutError as error:
        inside = list_paths(values[0])
        hint = (
            f" Its records may lie inside lists ({', '.join(inside[:5])}): a path to them is --records."
            if inside
            else ""
        )
        raise GamutError(f"{error}{hint}") from None


def _head(found: Iterator[RawRecord]) -> tuple[list[RawRecord], list[Any]]:
    """The first records and the values of the readable ones among them."""
    head: list[RawRecord] = []
    values: list[Any] = []
    size = 0
    for record in found:
        head.append(record)
        size += len(record.raw)
        if record.reason is None:
            values.append(record.value)
        if len(values) == RECOGNISE_FROM or size > RECOGNISE_BYTES:
            break
    return head, values
