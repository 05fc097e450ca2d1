"""The bytes of an export: a pure function of data set, ordered ids, options and layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from core.export.card import CARD, card
from core.export.changes import Changes
from core.export.layouts import FOLDER, LAYOUTS
from core.export.rows import Rows

DATA = "data/train-00000-of-00001.parquet"  # where the hub and the `datasets` library look for the split called train


def render_export(rows: Rows, *, layout: str, changes: Changes) -> Iterator[bytes]:
    """The bytes of the data file piece by piece, samples in the order of their ids; what is changed is counted in `changes`."""
    yield from LAYOUTS[layout].pieces(rows, changes)


def render_files(
    rows: Rows, *, name: str, layout: str, changes: Changes, claims: Callable[[], dict[str, Any]]
) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
    """Every file of an export: its path and its bytes.

    Only a folder has several: the data, and a card drafted from `claims`, which are asked for last.
    """
    if layout != FOLDER:
        yield PurePosixPath(name), render_export(rows, layout=layout, changes=changes)
        return
    yield PurePosixPath(name, DATA), render_export(rows, layout=layout, changes=changes)
    yield PurePosixPath(name, CARD), iter([card(claims()).encode()])
