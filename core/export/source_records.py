"""The original records of samples as values again, and what of them is no part of the conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.datasets.formats import FORMATS, BadRecord, Format
from core.datasets.mapping import read_map, with_written_numbers
from core.datasets.options import ImportOptions
from core.datasets.plain_values import plain_extras
from core.datasets.sample import Turn
from core.datasets.sources.json_text import BrokenJson, JsonReader
from core.store.datasets import Dataset
from core.store.pools import members_of

MAP = "map"
Record = dict[str, Any]
Turns = tuple[Turn, ...]


class SourceRecords:
    """Reads the records of a data set the way its import read them."""

    def __init__(self, dataset: Dataset) -> None:
        self._reader = JsonReader()
        self._formats = list(_formats(dataset))

    def value(self, raw: bytes) -> Record | None:
        """A record's value; None where its bytes are no JSON object even with repairs."""
        try:
            value, _ = self._reader.read(raw.decode())
        except (BrokenJson, UnicodeDecodeError):
            return None
        return value if isinstance(value, dict) else None

    def columns(self, raw: bytes, turns: Turns) -> Record | None:
        """The columns of a record that its conversation does not hold; None where they cannot be told.

        The first of the data set's formats that reads the record as these turns decides which columns those are.
        """
        value = self.value(raw)
        if value is None:
            return None
        for form in self._formats:
            try:
                found = form.read(with_written_numbers(raw) if form.name == MAP else value)
            except (BadRecord, ValueError):
                continue
            if found.turns == turns:
                return plain_extras({key: kept for key, kept in value.items() if key not in found.used})[0]
        return None


def _formats(dataset: Dataset) -> Iterator[Format]:
    """The formats by which the records of a data set, or of a pool's members, were read."""
    members = members_of(dataset)
    said = [member.options for member in members] if members else [json.loads(dataset.meta["options"])]
    for options in said:
        if mapped := ImportOptions.from_dict(options).map:
            yield read_map(mapped).as_format()
    named = [FORMATS[name] for name in dict.fromkeys(dataset.meta["format"].split(", ")) if name in FORMATS]
    yield from named or FORMATS.values()  # a pool does not say by which formats its members were read
