"""A first look at a source before it is imported: how it would be read, a few samples, what would be left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.datasets.formats import Format
from core.datasets.nested import list_paths
from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, Reading
from core.datasets.read import RawRecord, Source, open_source, records
from core.datasets.sample import Sample
from core.errors import GamutError

LOOKED_AT = 200  # records
SHOWN = 5  # samples
RECORD_SHOWN = 400  # bytes of a record that is left out
INSIDE = "-"  # any path: objects that hold lists are then read whole


@dataclass(frozen=True, slots=True)
class Look:
    """The first records of a source as they would be read; `refused` says why none would be.

    `formats` by file; `seen` records of which `kept` became samples; `keys` of the first records, `paths` to lists of
    objects in the first one; `table` where a CSV or TSV is among the files.
    """

    formats: dict[str, Format]
    samples: tuple[Sample, ...]
    raw: tuple[RawRecord, ...]
    problems: tuple[Problem, ...]
    seen: int
    kept: int
    keys: tuple[str, ...]
    paths: tuple[str, ...]
    table: bool
    refused: str = ""


def look_at(ref: str | Path, options: ImportOptions) -> Look:
    """Read the first records of a source by these options; raises `GamutError` where it cannot be opened."""
    whole = open_source(ref, replace(options, records=INSIDE))
    source = open_source(ref, options)
    head = list(islice(records(source, options), LOOKED_AT))
    items: list[Sample | Problem] = []
    refused = ""
    formats: dict[str, Format] = {}
    try:
        reading = Reading(iter(head), options, many=not source.single, layout=source.layout)
        formats = reading.formats
        items += reading
    except GamutError as error:
        refused = str(error)
    kept = [item for item in items if isinstance(item, Sample)]
    left_out = [replace(item, record=item.record[:RECORD_SHOWN]) for item in items if isinstance(item, Problem)]
    return Look(
        formats, tuple(kept[:SHOWN]), tuple(head[:SHOWN]), tuple(left_out), len(items) or len(head), len(kept),
        _keys(head), tuple(list_paths(_first(whole, options))), any(file.kind in ("csv", "tsv") for file in source.files),
        refused,
    )  # fmt: skip


def _first(source: Source, options: ImportOptions) -> Any:
    """The value of the first readable record, with objects that hold lists read whole."""
    found = records(source, replace(options, records=INSIDE))
    return next((record.value for record in islice(found, LOOKED_AT) if record.reason is None), None)


def _keys(head: list[RawRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for record in head if isinstance(record.value, dict) for key in record.value))
