"""Every real file in every format and layout: carried whole and imported again as the same samples, or told what would be lost.

Needs the folder of real files in GAMUT_TEST_DATA. `--rows N` takes that many rows of each file, evenly drawn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.export.changes import Changes
from core.export.formats import EXPORT_FORMATS, FORMAT_NAMES, VERBATIM
from core.export.layouts import LAYOUTS
from core.export.options import ExportOptions
from core.export.read_back import read_back
from core.export.render import render_export
from core.export.rows import Rows
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.datasets.test_real_files import FILES

WHOLE, LOSS = "whole", "loss told"


def main(words: list[str]) -> None:
    """Print a line for each file as it is done, then a table of formats by layouts and the losses that were told."""
    parser = argparse.ArgumentParser(prog="tests.bench exports")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="go on from this file, counted from 1")
    asked = parser.parse_args(words)
    data = Path(os.environ["GAMUT_TEST_DATA"])
    found: dict[tuple[str, str], Counter] = {(form, layout): Counter() for form in FORMAT_NAMES for layout in LAYOUTS}
    why: Counter = Counter()
    rows = 0
    heads = [f"{form}" for form in FORMAT_NAMES]
    print(f"{'file (rows looked at)':<58} " + " ".join(f"{head:>18}" for head in heads))
    print("layouts that carry it whole, of: " + ", ".join(LAYOUTS) + "; what each lacks is told as a loss")
    names = list(FILES)[asked.first - 1 :]
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            dataset = _imported(Workspace(folder / "workspace"), data / name, name)
            ids = tuple(range(0, len(dataset), max(1, len(dataset) // asked.rows)))[: asked.rows]
            rows += len(ids)
            whole: dict[str, list[str]] = {form: [] for form in FORMAT_NAMES}
            for form, layout in found:
                outcome, losses = _tried(dataset, ids, form, layout, folder)
                found[form, layout][outcome] += 1
                whole[form] += [layout] if outcome == WHOLE else []
                why.update({(form, layout, loss): 1 for loss in losses})
            dataset.close()
        print(f"{f'{name} ({len(ids)})':<58} " + " ".join(f"{_short(each):>18}" for each in whole.values()), flush=True)
    print(f"\n{len(names)} files, {rows} rows; files carried whole / files whose losses are told")
    for form in FORMAT_NAMES:
        cells = [f"{layout} {found[form, layout][WHOLE]}/{found[form, layout][LOSS]}" for layout in LAYOUTS]
        print(f"  {form:<18} " + "   ".join(cells))
    for (form, layout, loss), files in why.most_common():
        print(f"  {files:>3} files  {form} as {layout}: {loss}")


def _short(whole: list[str]) -> str:
    """all, none, or the layouts by their first letters."""
    if len(whole) == len(LAYOUTS):
        return "all"
    return " ".join(layout.removesuffix("quet") for layout in whole) or "none"


def _imported(workspace: Workspace, file: Path, name: str) -> Dataset:
    import_dataset(workspace, file, name="file", options=ImportOptions(**FILES[name][0]))
    return Dataset(workspace, "file")


def _tried(dataset: Dataset, ids: tuple[int, ...], form: str, layout: str, folder: Path) -> tuple[str, set[str]]:
    """Write, read back, and where nothing is lost import again and compare every conversation."""
    rows, changes = Rows(dataset, ids, ExportOptions(format=form)), Changes()
    path = folder / f"out{LAYOUTS[layout].ending or '.parquet'}"
    path.write_bytes(b"".join(render_export(rows, layout=layout, changes=changes)))
    read_back(path, rows, layout=layout, changes=changes)
    losses = {change.what for change in changes.found() if change.loss}
    if losses:
        return LOSS, losses
    if form != VERBATIM:
        options = ImportOptions(format=form)
        read = list(samples(open_source(path, options), options))
        wanted = [EXPORT_FORMATS[form].carried(turns) for _, turns in dataset.conversations(list(ids))]
        assert not any(isinstance(item, Problem) for item in read)
        assert [item.turns for item in read if not isinstance(item, Problem)] == wanted, f"{form} as {layout}"
    return WHOLE, set()
