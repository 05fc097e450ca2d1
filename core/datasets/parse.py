"""A source and a format to samples, with every record that could not become one listed by line and reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.datasets.formats import BadRecord, Format, format_named, recognise
from core.datasets.read import RawRecord, Source, records
from core.datasets.sample import Sample

RECOGNISE_FROM = 200  # records looked at to tell the format


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that was left out: where it stood, why, and its own bytes."""

    file: str
    line: int
    reason: str
    record: bytes


def choose_format(source: Source, name: str | None) -> Format:
    """The format the user named, else the one recognised from the first records."""
    if name is not None:
        return format_named(name)
    readable = (record.value for record in records(source) if record.reason is None)
    return recognise(islice(readable, RECOGNISE_FROM), file=source.name)


def samples(source: Source, form: Format) -> Iterator[Sample | Problem]:
    """Every record of the source in order: as a sample (ids from 0 over the kept ones) or as a problem."""
    kept = 0
    for number, record in enumerate(records(source), start=1):
        try:
            turns = form.parse(_value(record, form))
        except BadRecord as bad:
            place = f"record {number}: " if source.layout == "json" else ""  # many records may share a line
            yield Problem(record.file, record.line, f"{place}{bad}", record.raw)
            continue
        yield Sample(kept, turns, record.raw, record.file, record.line)
        kept += 1


def _value(record: RawRecord, form: Format) -> dict:
    if record.reason is not None:
        raise BadRecord(record.reason)
    if not isinstance(record.value, dict):
        raise BadRecord(f"the record is not an object; {form.title} records are objects")
    return record.value
