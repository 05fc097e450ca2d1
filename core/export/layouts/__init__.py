"""How rows lie in a file: JSON, JSON Lines, Parquet, CSV, or a folder that the `datasets` library loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError
from core.export.changes import Changes
from core.export.layouts.delimited import delimited
from core.export.layouts.json_text import json_lines, json_list
from core.export.layouts.parquet import parquet
from core.export.rows import Rows

FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to lay rows in a file: its name in manifests, the file's ending, how people call it, and what writes it.

    `table`: rows have columns there, so that a record reads back by its columns and not byte for byte.
    """

    name: str
    ending: str
    title: str
    pieces: Callable[[Rows, Changes], Iterator[bytes]]
    table: bool


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("jsonl", ".jsonl", "JSON Lines", json_lines, False),
        Layout("json", ".json", "JSON list", json_list, False),
        Layout("parquet", ".parquet", "Parquet", parquet, True),
        Layout("csv", ".csv", "CSV", delimited, True),
        Layout(FOLDER, "", "Hugging Face folder", parquet, True),
    )
}


def layout_of(path: Path) -> str:
    """The layout by a path's ending, a folder where it has none; raises `GamutError` for any other ending."""
    for layout in LAYOUTS.values():
        if path.suffix == layout.ending:
            return layout.name
    endings = ", ".join(f"{layout.ending} ({layout.title})" for layout in LAYOUTS.values() if layout.ending)
    raise GamutError(f"{path.name} ends in {path.suffix}; end it in {endings}, or in nothing for a folder.")
