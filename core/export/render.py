"""The bytes of an export: a pure function of data set, ordered ids, format and layout."""

import json
from collections.abc import Iterator
from pathlib import Path

from core.datasets.formats import FORMATS, BadRecord
from core.errors import GamutError
from core.export.formats import VERBATIM, CannotCarry, ExportFormat, Turns, export_format
from core.store.datasets import Dataset

LAYOUTS = {".jsonl": "jsonl", ".json": "json"}


def layout_of(path: Path) -> str:
    """ "json" or "jsonl" by the file's ending; raises `GamutError` for any other."""
    if path.suffix not in LAYOUTS:
        raise GamutError(
            f"{path.name} ends in {path.suffix or 'nothing'}; end it in .json (one list) or .jsonl (a record a line)."
        )
    return LAYOUTS[path.suffix]


def render_export(dataset: Dataset, ids: list[int], *, format: str, layout: str) -> Iterator[bytes]:
    """The export's bytes piece by piece, samples in the order of `ids`."""
    records = _verbatim(dataset, ids, layout) if format == VERBATIM else _converted(dataset, ids, export_format(format))
    if layout == "jsonl":
        for record in records:
            yield record + b"\n"
        return
    yield b"["
    for number, record in enumerate(records):
        yield (b",\n" if number else b"\n") + record
    yield b"\n]\n"


def _verbatim(dataset: Dataset, ids: list[int], layout: str) -> Iterator[bytes]:
    """The original records. A record of a JSON list may run over several lines, so it cannot become one line untouched."""
    if layout == "jsonl" and dataset.meta["layout"] != "jsonl":
        raise GamutError(
            f"{dataset.meta['file']} is one JSON list; verbatim keeps its records as they stand, so name the export .json, "
            "or choose another format for .jsonl."
        )
    return dataset.records(ids)


def _converted(dataset: Dataset, ids: list[int], form: ExportFormat) -> Iterator[bytes]:
    lost: list[tuple[int, str]] = []
    for sample_id, turns in dataset.conversations(ids):
        carried = form.carried(turns)
        try:
            record = form.record(carried)
        except CannotCarry as why:
            lost.append((sample_id, str(why)))
            continue
        if not _reads_back(form, record, carried):  # no rule foresaw it: still refused, never lost
            lost.append((sample_id, "turns that would read back otherwise"))
            continue
        if not lost:
            yield json.dumps(record, ensure_ascii=False).encode()
    if lost:
        first, reason = lost[0]
        raise GamutError(
            f"{form.title} cannot carry {len(lost)} of the {len(ids)} samples without loss (sample {first} has {reason}); "
            "use verbatim or another format."
        )


def _reads_back(form: ExportFormat, record: dict, carried: Turns) -> bool:
    try:
        return FORMATS[form.name].parse(record) == carried
    except BadRecord:
        return False


def joined_inputs(dataset: Dataset, ids: list[int], format: str) -> int:
    """How many samples have an input that the format joins to the instruction."""
    if format == VERBATIM:
        return 0
    form = export_format(format)
    return sum(form.carried(turns) != turns for _, turns in dataset.conversations(ids))
