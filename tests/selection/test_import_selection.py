"""Files of records and of ids become selections; what does not match is counted and said."""

from __future__ import annotations

import gzip
import json

import pytest

from core.errors import GamutError
from core.export.options import ExportOptions
from core.export.verify import SAME, verify
from core.export.write import write_export
from core.selection.budget import Budget
from core.selection.import_selection import import_selection, match_file
from core.selection.saved import load_selection
from core.selection.select import select
from core.selection.specification import pool_of, select_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import made_records, write_jsonl

RECORDS = made_records()


def test_records_are_matched_by_content_in_the_files_order(made, tmp_path):
    chosen = [41, 3, 7, 12, 59]
    found = match_file(Dataset(made, "made"), write_jsonl(tmp_path / "some.jsonl", [RECORDS[i] for i in chosen]))
    assert found.ids == tuple(chosen) and (found.entries, found.missed, found.repeated, found.several) == (5, 0, 0, 0)


def test_misses_repeats_and_copies_are_counted_and_said(made, tmp_path):
    stranger = {"instruction": "Who are you?", "context": "", "response": "A stranger."}
    records = [RECORDS[4], stranger, RECORDS[9], RECORDS[8], RECORDS[8], RECORDS[4], stranger]  # 9 repeats 8
    file = tmp_path / "some.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records) + "no json\n", encoding="utf-8")
    found = match_file(Dataset(made, "made"), file)
    assert found.ids == (4, 8, 9)
    assert (found.entries, found.unreadable, found.missed, found.repeated, found.several) == (8, 1, 2, 2, 2)
    assert found.entries == len(found.ids) + found.unreadable + found.missed + found.repeated
    assert found.misses == ("line 2", "line 7")
    assert "3 of 8 records matched" in found.words() and "2 match no sample (line 2, line 7)" in found.words()


@pytest.mark.parametrize(
    ("format", "back"), [("verbatim", (6, 2, 30, 4)), ("alpaca", (6, 2, 30, 4)), ("messages", (2, 4))]
)
def test_what_was_exported_comes_back_as_it_was(made, tmp_path, format, back):
    """Messages join an input to its instruction: that is another conversation, so samples 6 and 30 are missed and told."""
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    saved, _ = import_selection(
        made, ids_file(tmp_path, [6, 2, 30, 4]), analysis=analysis, dataset=dataset, name="four"
    )
    file = tmp_path / "out.jsonl"
    write_export(saved, analysis=analysis, dataset=dataset, options=ExportOptions(format=format), to=file)
    found = match_file(dataset, file)
    assert (found.ids, found.missed) == (back, 4 - len(back))
    assert match_file(dataset, tmp_path / "out.jsonl.manifest.json").ids == (6, 2, 30, 4)


def ids_file(folder, ids):
    file = folder / "ids.json"
    file.write_text(json.dumps(ids))
    return file


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "[7, 3, 3, 99, 12]"),
        ("a.txt", "7\n3\n3\n99\n12\n"),
        ("a.csv", "\ufeffsample_id\r\n7\r\n3\r\n3\r\n99\r\n12\r\n"),
        ("a.json", '{"ids": [7, 3, 3, 99, 12], "name": "x"}'),
    ],
)
def test_ids_are_read_from_lists_texts_and_objects(made, tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    found = match_file(Dataset(made, "made"), tmp_path / name)
    assert (found.what, found.ids, found.missed, found.repeated) == ("ids", (7, 3, 12), 1, 1)
    assert found.misses == ("99",)


def test_values_of_a_column_are_ids_too(workspace, tmp_path):
    records = [{"instruction": f"say {i}", "output": f"{i}", "key": f"k-{i}"} for i in range(6)]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    (tmp_path / "keys.txt").write_text("key\nk-4\nk-0\nk-9\n")
    (tmp_path / "keys.json").write_text('["k-4", "k-0", "k-9"]')
    for name in ("keys.txt", "keys.json"):
        found = match_file(dataset, tmp_path / name, column="key")
        assert (found.ids, found.missed, found.misses) == ((4, 0), 1, ("k-9",))
    with pytest.raises(GamutError, match="no column 'kez'; there are: key"):
        match_file(dataset, tmp_path / "keys.txt", column="kez")
    with pytest.raises(GamutError, match="no list of values"):
        match_file(dataset, tmp_path / "d.jsonl", column="key")


def test_a_data_set_that_was_imported_by_a_map_knows_its_own_records(workspace, tmp_path):
    from core.datasets.options import ImportOptions

    records = [{"q": f"What is {i}?", "a": f"It is {i}."} for i in range(5)]
    file = write_jsonl(tmp_path / "d.jsonl", records)
    options = ImportOptions(map=(("user", "{q}"), ("assistant", "{a}")))
    import_dataset(workspace, file, name="d", options=options)
    some = write_jsonl(tmp_path / "some.jsonl", [records[3], records[1]])
    assert match_file(Dataset(workspace, "d"), some).ids == (3, 1)


def test_packed_files_are_read(made, tmp_path):
    with gzip.open(tmp_path / "some.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write(json.dumps(RECORDS[11]) + "\n")
    assert match_file(Dataset(made, "made"), tmp_path / "some.jsonl.gz").ids == (11,)


def test_an_imported_selection_is_one_like_any_other_and_its_export_verifies(made, tmp_path):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    ids = [7, 3, 12, 40]  # 7 has no answer: it was chosen elsewhere all the same
    saved, found = import_selection(made, ids_file(tmp_path, ids), analysis=analysis, dataset=dataset, name="theirs")
    assert saved.ids == tuple(ids) == found.ids and saved.spec.method == "imported"
    again = load_selection(made, "theirs")
    assert again.ids == saved.ids
    pool = pool_of(analysis, dataset, again.spec)
    assert select_by(pool, again.spec, again.budget).sample_ids.tolist() == ids
    more = select(pool, method="imported", options=None, budget=Budget(rows=9))  # no ids: random alone
    assert len(more.sample_ids) == 9
    write_export(
        saved, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=tmp_path / "out.jsonl"
    )
    verdict = verify(made, tmp_path / "out.jsonl.manifest.json")
    assert verdict.code == SAME, verdict.sentence


def test_bad_wishes_are_one_sentence(made, tmp_path):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    ask = {"analysis": analysis, "dataset": dataset}
    import_selection(made, ids_file(tmp_path, [1]), name="one", **ask)
    with pytest.raises(GamutError, match=r"already \(revision 1\)"):
        import_selection(made, ids_file(tmp_path, [2]), name="one", **ask)
    saved, _ = import_selection(made, ids_file(tmp_path, [2]), name="one", replace=True, **ask)
    assert (saved.revision, saved.ids) == (2, (2,))
    with pytest.raises(GamutError, match="names no sample of data set 'made'"):
        import_selection(made, ids_file(tmp_path, [60, 61]), name="none", **ask)
    with pytest.raises(GamutError, match="cannot name a selection"):
        import_selection(made, ids_file(tmp_path, [1]), name="../x", **ask)
    with pytest.raises(GamutError, match="no file or folder"):
        match_file(dataset, tmp_path / "nowhere.jsonl")
