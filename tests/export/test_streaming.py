"""An export holds a bounded part of its samples at once, however many they are: bytes are counted, not seconds."""

import json
import tracemalloc

import pytest

from core.datasets.sources import columnar
from core.export.changes import Changes
from core.export.formats import VERBATIM
from core.export.layouts import LAYOUTS
from core.export.layouts import table as table_layouts
from core.export.options import ExportOptions
from core.export.read_back import read_back
from core.export.render import render_export
from core.export.rows import Rows
from core.store import datasets as stored
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace

ROWS, LONG = 200, 30_000  # 6 MB in all
PIECE, MOST = 100_000, 2_000_000


@pytest.fixture(scope="module")
def long_rows(tmp_path_factory) -> Dataset:
    folder = tmp_path_factory.mktemp("long")
    with (folder / "long.jsonl").open("w") as out:
        for number in range(ROWS):
            record = {"prompt": f"Number {number}", "completion": f"{number} " * (LONG // len(f"{number} "))}
            out.write(json.dumps(record) + "\n")
    import_dataset(Workspace(folder / "workspace"), folder / "long.jsonl", name="long")
    return Dataset(Workspace(folder / "workspace"), "long")


@pytest.mark.parametrize("format", [VERBATIM, "messages"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_is_written_and_read_back_in_pieces(long_rows, tmp_path, monkeypatch, layout, format):
    for module in (stored, table_layouts, columnar):
        monkeypatch.setattr(module, "AT_ONCE", PIECE)
    monkeypatch.setattr(stored, "FEW", 1)
    rows = Rows(long_rows, tuple(reversed(range(ROWS))), ExportOptions(format=format, lossy=True))
    path = tmp_path / f"out{LAYOUTS[layout].ending or '.parquet'}"
    tracemalloc.start()
    try:
        with path.open("wb") as out:
            for piece in render_export(rows, layout=layout, changes=Changes()):
                out.write(piece)
        read_back(path, rows, layout=layout, changes=Changes())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST < ROWS * LONG / 2
    if not LAYOUTS[layout].table:
        assert path.stat().st_size > ROWS * LONG * 0.9


def test_samples_come_in_the_order_asked_for_whatever_is_read_at_once(long_rows, monkeypatch):
    ids = [3, 199, 0, 0, 42, 17]
    whole = list(long_rows.conversations(ids)), list(long_rows.records(ids))
    monkeypatch.setattr(stored, "FEW", 1)
    for at_once in (1, PIECE):
        monkeypatch.setattr(stored, "AT_ONCE", at_once)
        assert (list(long_rows.conversations(ids)), list(long_rows.records(ids))) == whole
    assert list(long_rows.conversations([])) == [] == list(long_rows.records([]))
