"""Every format in every layout: what is written without a word of loss reads back as the same samples."""

import csv
import json
from pathlib import Path

import pytest

from core.datasets.formats import FORMATS
from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.errors import GamutError
from core.export.changes import Changes
from core.export.formats import EXPORT_FORMATS, FORMAT_NAMES, VERBATIM
from core.export.layouts import LAYOUTS, layout_of
from core.export.layouts.delimited import FORMULA
from core.export.options import ExportOptions
from core.export.read_back import read_back
from core.export.render import render_export
from core.export.rows import Rows
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.export.varied import SHAPES, varied_records
from tests.made import write_jsonl

ROWS = 40


@pytest.fixture(scope="module")
def varied(tmp_path_factory) -> dict[str, Dataset]:
    from core.workspace import Workspace

    folder = tmp_path_factory.mktemp("varied")
    workspace = Workspace(folder / "workspace")
    for shape in SHAPES:
        file = write_jsonl(folder / f"{shape}.jsonl", varied_records(shape, rows=ROWS, seed=0))
        import_dataset(workspace, file, name=shape)
    return {shape: Dataset(workspace, shape) for shape in SHAPES}


def written(rows: Rows, layout: str, folder: Path):
    """The file of some rows, and all that was changed on the way there and back."""
    path, changes = folder / f"out{LAYOUTS[layout].ending or '.parquet'}", Changes()
    path.write_bytes(b"".join(render_export(rows, layout=layout, changes=changes)))
    read_back(path, rows, layout=layout, changes=changes)
    return path, changes.found()


def turns_of(path: Path, options: ImportOptions):
    found = list(samples(open_source(path, options), options))
    assert not any(isinstance(item, Problem) for item in found)
    return [item.turns for item in found]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("format", FORMAT_NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_each_sample_that_is_carried_without_loss_imports_as_the_same(varied, tmp_path, shape, format, layout):
    dataset, kept = varied[shape], 0
    for sample_id, turns in dataset.conversations():  # alone, so that one that cannot be carried hides no other
        rows = Rows(dataset, (sample_id,), ExportOptions(format=format))
        path, changes = written(rows, layout, tmp_path)
        if any(change.loss for change in changes):
            continue
        kept += 1
        options = ImportOptions(format=shape if format == VERBATIM else format)
        expected = turns if format == VERBATIM else EXPORT_FORMATS[format].carried(turns)
        assert turns_of(path, options) == [expected]
    assert kept > 0 or (layout == "csv" and (format in ("messages", "sharegpt") or shape == "messages"))


@pytest.mark.parametrize("layout", ["json", "jsonl"])
@pytest.mark.parametrize("format", FORMAT_NAMES)
def test_json_of_any_format_keeps_every_other_column(varied, tmp_path, format, layout):
    dataset = varied["prompt-completion"]
    rows = Rows(dataset, tuple(range(len(dataset))), ExportOptions(format=format))
    path, changes = written(rows, layout, tmp_path)
    assert not any(change.loss for change in changes)
    text = path.read_text()
    read = json.loads(text) if layout == "json" else [json.loads(line) for line in text.splitlines()]
    for record, source in zip(read, varied_records("prompt-completion", rows=ROWS, seed=0), strict=True):
        assert {
            key: value for key, value in source.items() if key not in ("prompt", "completion")
        }.items() <= record.items()


def test_columns_are_left_behind_where_that_is_asked_for(varied, tmp_path):
    rows = Rows(varied["prompt-completion"], tuple(range(ROWS)), ExportOptions(format="messages", columns=False))
    path, _ = written(rows, "jsonl", tmp_path)
    assert {key for line in path.read_text().splitlines() for key in json.loads(line)} == {"messages"}


@pytest.mark.parametrize("format", FORMAT_NAMES)
def test_a_parquet_file_holds_every_row_and_tells_what_its_columns_cannot_hold(varied, tmp_path, format):
    rows = Rows(varied["alpaca"], tuple(range(ROWS)), ExportOptions(format=format, lossy=True))
    _, changes = written(rows, "parquet", tmp_path)
    source = varied_records("alpaca", rows=ROWS, seed=0)
    mixed = [i for i, record in enumerate(source) if "mixed" in record and not isinstance(record["mixed"], str)]
    told = next(change for change in changes if "'mixed'" in change.what)
    assert (told.samples, told.first, told.loss) == (len(mixed), mixed[0], True)


def cells_of(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [cell for row in csv.reader(file) for cell in row]


def test_a_csv_file_guards_texts_that_a_spreadsheet_would_run(varied, tmp_path):
    dataset = varied["prompt-completion"]
    source = varied_records("prompt-completion", rows=ROWS, seed=0)
    runs = [i for i, record in enumerate(source) if any(
        isinstance(value, str) and value.startswith(FORMULA) for value in record.values())]  # fmt: skip
    guarded = ExportOptions(format=VERBATIM, lossy=True)
    path, changes = written(Rows(dataset, tuple(range(ROWS)), guarded), "csv", tmp_path)
    told = next(change for change in changes if "spreadsheet" in change.what)
    assert (told.samples, told.first, told.loss) == (len(runs), runs[0], True)
    assert {cell for cell in cells_of(path) if cell.startswith(FORMULA)} == {"-3"}  # a number is none
    assert any(cell.startswith("'=1+2") for cell in cells_of(path))
    plain = Rows(dataset, tuple(range(ROWS)), ExportOptions(formulas="keep", lossy=True))
    path, changes = written(plain, "csv", tmp_path)
    assert any(cell.startswith("=1+2") for cell in cells_of(path))
    assert not any("spreadsheet" in change.what for change in changes)


def test_a_folder_loads_with_the_datasets_library(varied, tmp_path):
    from datasets import load_dataset

    from core.export.render import DATA, render_files

    rows = Rows(varied["messages"], tuple(range(ROWS)), ExportOptions(format="messages", columns=False))
    claims = {
        "file": {"rows": ROWS, "format": "messages", "changes": []},
        "selection": {"name": "s", "spec": {}, "budget": {"rows": 40}, "tokens": 9},
        "dataset": {"rows": ROWS, "name": "d", "file": "d.jsonl", "file_sha256": "0"}, "method": {"title": "m", "source": "s"},
        "analysis": {"model": {"ref": "a", "sha256": "0"}, "sae": {"ref": "b", "sha256": "0"}, "hook": "h"},
        "decontamination": [],
        "reproduce": ["python -m core"], "ids_sha256": "0",
    }  # fmt: skip
    for path, pieces in render_files(rows, name="set", layout="folder", changes=Changes(), claims=lambda: claims):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"".join(pieces))
    loaded = load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == ROWS and (tmp_path / "set" / DATA).is_file()
    for record, (_, turns) in zip(loaded, varied["messages"].conversations(), strict=True):
        assert FORMATS["messages"].parse(record) == turns


def test_the_layout_is_told_by_the_ending():
    assert [layout_of(Path(name)) for name in ("a.jsonl", "a.json", "a.parquet", "a.csv", "a")] == list(LAYOUTS)
    with pytest.raises(GamutError, match=r"a.xlsx ends in .xlsx; end it in .jsonl"):
        layout_of(Path("a.xlsx"))
