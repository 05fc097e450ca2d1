"""What can be named as a source: files, folders, saved data sets, the hub; and what is refused in a sentence."""

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest

from core.datasets.options import ImportOptions
from core.datasets.read import open_source, records
from core.errors import GamutError
from core.files import file_hash
from tests.datasets.awkward import LINE, TABLE, packed_parquet

ROOT = Path(__file__).resolve().parents[2]


def values(ref, **options):
    chosen = ImportOptions(**options)
    return [record.value for record in records(open_source(ref, chosen), chosen)]


def test_a_folder_is_read_in_the_order_of_its_names_with_a_line_for_each_file_left_out(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.jsonl").write_bytes(LINE)
    (tmp_path / "c.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "a.parquet").write_bytes(packed_parquet(TABLE))
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "LICENSE").write_text("…")
    source = open_source(tmp_path)
    found = list(records(source))
    assert [(record.file, record.line) for record in found] == [
        ("LICENSE", 0), ("a.parquet", 1), ("b/a.jsonl", 1), ("c.csv", 2), ("empty.json", 0),
    ]  # fmt: skip
    assert (source.name, source.layout) == (tmp_path.name, "jsonl")
    assert source.size == sum((tmp_path / name).stat().st_size for name in ("a.parquet", "b/a.jsonl", "c.csv"))


def test_a_file_of_a_folder_without_records_is_named(tmp_path):
    (tmp_path / "a.json").write_bytes(b"[]")
    (tmp_path / "b.parquet").write_bytes(packed_parquet(TABLE.slice(0, 0)))
    (tmp_path / "c.jsonl").write_bytes(LINE)
    said = [(record.file, record.reason) for record in records(open_source(tmp_path))]
    assert said == [("a.json", "it holds no records"), ("b.parquet", "it holds no records"), ("c.jsonl", None)]
    assert list(records(open_source(tmp_path / "a.json"))) == []


def test_the_hash_of_a_folder_follows_names_and_contents_and_that_of_a_file_is_its_own(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "a.jsonl").write_bytes(LINE)
    assert open_source(one).sha256() == open_source(two).sha256()
    (two / "a.jsonl").rename(two / "b.jsonl")
    assert open_source(one).sha256() != open_source(two).sha256()
    assert open_source(one / "a.jsonl").sha256() == file_hash(one / "a.jsonl")


def test_a_file_of_a_folder_that_is_damaged_halfway_keeps_what_came_before_and_the_others(tmp_path):
    packed = gzip.compress(
        b"".join(b'{"n": %d, "t": "%s"}\n' % (n, os.urandom(200).hex().encode()) for n in range(4000))
    )
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.jsonl").write_bytes(LINE)
    found = list(records(open_source(tmp_path)))
    assert found[0].value["n"] == 0 and found[-1].file == "b.jsonl" and found[-1].reason is None
    (damaged,) = [record for record in found if record.line == 0]
    assert "a.jsonl.gz is a damaged gzip file" in damaged.reason


def test_a_named_readme_is_read_though_a_folder_leaves_it_out(tmp_path):
    (tmp_path / "README.txt").write_text("One line.\n")
    assert values(tmp_path / "README.txt") == [{"text": "One line."}]
    with pytest.raises(GamutError, match=r"holds no data file; of its 1 files none can be read \(README\.txt\)"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("owner/name", "There is no file or folder owner/name.*write hf:owner/name"),
        ("none.json", "There is no file or folder none.json; give the path"),
        ("hf:name", "no hub id; write hf:owner/name"),
        ("hf:../../etc", "no hub id"),
        ("hf:owner/name/more", "no hub id"),
    ],
)
def test_what_names_nothing_is_told_what_to_write_and_asks_no_network(ref, said, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: pytest.fail("the network was asked"))
    with pytest.raises(GamutError, match=said):
        open_source(ref)


def test_an_empty_folder_and_a_split_of_a_plain_file_are_sentences(tmp_path):
    with pytest.raises(GamutError, match="holds no files"):
        open_source(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(LINE)
    with pytest.raises(GamutError, match=r"a\.jsonl has no splits"):
        open_source(tmp_path / "a.jsonl", ImportOptions(split="train"))


def test_a_file_without_a_known_ending_is_read_where_it_is_json_and_refused_where_not(tmp_path):
    (tmp_path / "data").write_bytes(LINE)
    assert values(tmp_path / "data") == [json.loads(LINE)]
    (tmp_path / "data.xyz").write_bytes(b"hello")
    with pytest.raises(GamutError, match=r"data\.xyz is no data file Gamut knows"):
        open_source(tmp_path / "data.xyz")


def test_a_table_without_header_names_its_columns_by_number(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"x\ty\nz\t\n")
    assert values(tmp_path / "a.tsv", header=False) == [{"1": "x", "2": "y"}, {"1": "z", "2": ""}]


def test_an_object_stays_whole_where_the_user_says_where_its_records_lie(tmp_path):
    whole = {"data": [{"paragraphs": [{"a": 1}]}]}
    for indent in (None, 2):
        (tmp_path / "a.json").write_text(json.dumps(whole, indent=indent))
        assert values(tmp_path / "a.json", records="data[].paragraphs[]") == [whole]
        assert values(tmp_path / "a.json") == whole["data"]


def saved(folder: Path) -> Path:
    train = datasets.Dataset.from_list([{"a": n, "when": None, "list": [n]} for n in range(700)]).select([5, 3, 699])
    test = datasets.Dataset.from_list([{"a": 0, "when": "now", "list": []}])
    datasets.DatasetDict({"train": train, "test": test}).save_to_disk(str(folder))
    return folder


def test_a_saved_data_set_is_read_with_all_its_splits_or_the_one_named(tmp_path):
    folder = saved(tmp_path / "mine")
    found = list(records(open_source(folder)))
    assert [(record.file, record.line, record.value["a"], record.value["split"]) for record in found] == [
        ("mine/train", 1, 5, "train"), ("mine/train", 2, 3, "train"), ("mine/train", 3, 699, "train"),
        ("mine/test", 1, 0, "test"),
    ]  # fmt: skip
    assert json.loads(found[0].raw) == found[0].value == {"a": 5, "when": None, "list": [5], "split": "train"}
    assert values(folder, split="test") == [{"a": 0, "when": "now", "list": []}]
    with pytest.raises(GamutError, match="mine has no split 'dev'; its splits are: train, test"):
        open_source(folder, ImportOptions(split="dev"))
    assert values(folder / "test") == [{"a": 0, "when": "now", "list": []}]


def test_a_saved_data_set_inside_a_folder_is_one_source_of_it_and_has_a_hash(tmp_path):
    saved(tmp_path / "in" / "mine")
    (tmp_path / "in" / "z.jsonl").write_bytes(LINE)
    source = open_source(tmp_path / "in")
    assert [record.file for record in records(source)] == ["mine/train"] * 3 + ["mine/test", "z.jsonl"]
    assert len(source.sha256()) == 64 and source.sha256() == open_source(tmp_path / "in").sha256()
    heard = []
    list(records(source, progress=heard.append))
    assert heard == sorted(heard) and heard[-1] == source.size > 0


def test_a_column_called_split_is_not_overwritten(tmp_path):
    rows = datasets.Dataset.from_list([{"split": "mine"}])
    datasets.DatasetDict({"a": rows, "b": rows}).save_to_disk(str(tmp_path / "s"))
    assert values(tmp_path / "s") == [{"split": "mine", "source_split": "a"}, {"split": "mine", "source_split": "b"}]


def test_a_damaged_saved_folder_is_a_sentence(tmp_path):
    folder = saved(tmp_path / "mine")
    (folder / "train" / "state.json").write_text("{}")
    with pytest.raises(GamutError, match="mine looks like a saved data set but cannot be loaded"):
        open_source(folder)


def test_a_hub_id_is_read_by_the_library_and_never_means_a_folder(tmp_path, monkeypatch):
    asked = []
    tables = datasets.load_from_disk(str(saved(tmp_path / "mine")))
    monkeypatch.setattr(datasets, "load_dataset", lambda *words: asked.append(words) or tables)
    found = list(records(open_source("hf:owner/name@main-config", ImportOptions(split="test"))))
    assert asked == [("hf://datasets/owner/name", "main-config")]
    assert [(record.file, record.value["a"]) for record in found] == [("owner/name@main-config/test", 0)]
    open_source(Path("hf:owner/name"))
    assert asked[1] == ("hf://datasets/owner/name", None)


def test_what_the_library_refuses_of_a_hub_id_is_one_sentence(monkeypatch):
    def refuse(*_):
        raise datasets.exceptions.DatasetNotFoundError("Dataset 'owner/name' doesn't exist on the Hub.\nTraceback …")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(GamutError, match=r"^hf:owner/name could not be loaded: Dataset .* on the Hub\.$"):
        open_source("hf:owner/name")


def test_a_process_that_must_stay_offline_says_so_and_none_imports_torch(tmp_path):
    folder = saved(tmp_path / "mine")
    code = f"""
import sys
from core.datasets.read import open_source, records
from core.errors import GamutError
print(len(list(records(open_source({str(folder)!r})))))
try:
    open_source("hf:owner/name")
except GamutError as error:
    print(error)
print("torch" in sys.modules)
"""
    quiet = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=quiet, capture_output=True, text=True, check=True)
    rows, sentence, torch = done.stdout.splitlines()
    assert rows == "4" and torch == "False"
    assert sentence.startswith("hf:owner/name could not be fetched: the Hugging Face hub cannot be reached from here")


def test_every_real_file_is_read_with_the_count_its_manifest_says(real_data):
    with (real_data / "MANIFEST.tsv").open(newline="", encoding="utf-8") as file:
        said = {row["file"]: int(row["rows"]) for row in csv.DictReader(file, delimiter="\t")}
    nested = {name for name in said if name.startswith("xquad")} | {"llama_factory/dataset_info.json"}
    for name, rows in said.items():
        options = ImportOptions(header=not name.startswith("flan_cot"))
        found = [record.reason for record in records(open_source(real_data / name, options), options)]
        assert not any(found), name
        assert name in nested or len(found) == rows, name


def test_a_table_of_code_is_told_by_its_header_and_not_by_the_lines_of_its_texts(tmp_path):
    code = "#include <iostream>\n" + "\n".join(f"int x{n} = {n};" for n in range(50))
    with (tmp_path / "code.csv").open("w", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["prompt", "completion"], ["a, b", code], ["c", code]])
    assert values(tmp_path / "code.csv") == [
        {"prompt": "a, b", "completion": code}, {"prompt": "c", "completion": code},
    ]  # fmt: skip
