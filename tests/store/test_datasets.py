"""Data sets at rest: rows in = rows out, originals byte for byte, nothing half-written."""

import json

import duckdb
import numpy as np
import pytest

from core.datasets.parse import Problem
from core.errors import GamutError
from core.store.content_hash import content_hash
from core.store.datasets import Dataset, dataset_names
from core.store.import_dataset import import_dataset
from tests.made import made_records, write_jsonl


def test_good_rows_are_kept_in_order_and_bad_ones_listed(workspace, tmp_path):
    good = made_records(12)
    lines = [json.dumps(record) for record in good]
    lines[4:4] = ['{"instruction": 5, "response": "x"}', "{broken", '["a list"]']
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines) + "\n")
    summary = import_dataset(workspace, tmp_path / "mixed.jsonl", name="mixed")
    assert (summary.rows, summary.problems, summary.no_response, summary.duplicates) == (12, 3, 1, 1)
    dataset = Dataset(workspace, "mixed")
    assert [problem.line for problem in dataset.problems()] == [5, 6, 7]
    assert dataset.problems()[0] == Problem(
        "mixed.jsonl", 5, "'instruction' is a number, text is needed", lines[4].encode()
    )
    assert dataset.record(4) == (lines[7].encode(), "mixed.jsonl", 8)
    assert list(dataset.records([11, 0])) == [lines[14].encode(), lines[0].encode()]
    assert [turns[0].text for _, turns in dataset.conversations()] == [record["instruction"] for record in good]
    assert dict(dataset.conversations([7, 2]))[2] == dataset.turns(2)
    assert np.flatnonzero(dataset.without_response()).tolist() == [7]


def test_problems_of_a_list_on_one_line_are_told_apart_and_paged_whole(workspace, tmp_path):
    rows = [{"instruction": 5, "response": str(i % 3)} for i in range(120)] + made_records(3)
    (tmp_path / "one.json").write_text(json.dumps(rows))
    import_dataset(workspace, tmp_path / "one.json", name="one")
    dataset = Dataset(workspace, "one")
    paged = [problem for at in range(0, 120, 7) for problem in dataset.problems(limit=7, offset=at)]
    assert len({problem.reason for problem in paged}) == len(paged) == 120
    assert "record 17: 'instruction' is a number, text is needed" in {problem.reason for problem in paged}


def test_a_number_too_long_to_read_is_a_problem_of_its_record(workspace, tmp_path):
    lines = [json.dumps(made_records(3)[0]), '{"instruction": ' + "9" * 5000 + "}", json.dumps(made_records(3)[1])]
    (tmp_path / "long.jsonl").write_text("\n".join(lines))
    summary = import_dataset(workspace, tmp_path / "long.jsonl", name="long")
    assert (summary.rows, summary.problems) == (2, 1)


def test_odd_characters_survive_and_nul_is_removed(workspace, tmp_path):
    odd = "a\x00b\u202e\U0001f469\u200d\U0001f680 \ufeff"
    import_dataset(workspace, write_jsonl(tmp_path / "odd.jsonl", [{"prompt": odd, "completion": odd}]), name="odd")
    assert Dataset(workspace, "odd").turns(0)[0].text == odd.replace("\x00", "")


def test_names_are_checked_and_never_taken_twice(workspace, tmp_path):
    file = write_jsonl(tmp_path / "a.jsonl", made_records(3))
    for bad in ("", "a/b", "../x", ".hidden", "x" * 65, "a b"):
        with pytest.raises(GamutError, match="cannot name a data set"):
            import_dataset(workspace, file, name=bad)
    import_dataset(workspace, file, name="a")
    with pytest.raises(GamutError, match="There is a data set 'a' already"):
        import_dataset(workspace, file, name="a")


def test_a_failed_import_leaves_nothing_behind(workspace, tmp_path):
    file = write_jsonl(tmp_path / "bad.jsonl", [{"instruction": 1, "output": 2}])
    with pytest.raises(GamutError, match=r"None of the 1 records .* line 1: 'instruction' is a number"):
        import_dataset(workspace, file, name="bad")
    assert dataset_names(workspace) == [] and list(workspace.datasets.iterdir()) == []
    with pytest.raises(GamutError, match="There is no data set 'bad'; there are: none yet"):
        Dataset(workspace, "bad")


def test_a_damaged_file_is_one_sentence(workspace, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "a.jsonl", made_records(3)), name="a")
    (workspace.datasets / "a" / "samples.duckdb").write_bytes(b"not a database")
    with pytest.raises(GamutError, match="cannot be opened"):
        Dataset(workspace, "a")


def test_the_content_hash_follows_content_alone():
    def hashed(rows, order="asc", batch=None):
        connection = duckdb.connect()
        connection.execute("CREATE TABLE t (id INTEGER, word VARCHAR, list INTEGER[])")
        for row in sorted(rows, reverse=order == "desc"):
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", list(row))
        return content_hash(connection, {"t": ("id",)})

    rows = [(1, "ab", [1, 2]), (2, "c", [3]), (3, None, [])]
    base = hashed(rows)
    assert base == hashed(rows, "desc")
    for other in (
        [(1, "a", [1, 2]), (2, "bc", [3]), (3, None, [])],
        [(1, "ab", [1]), (2, "c", [2, 3]), (3, None, [])],
        [(1, "ab", [1, 2]), (2, None, [3]), (3, "c", [])],
        rows[:2],
    ):
        assert hashed(other) != base


@pytest.mark.parametrize("key", ["id", "sample_id"])
def test_the_hash_does_not_depend_on_how_rows_are_read(monkeypatch, key):
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TABLE t AS SELECT i::INTEGER AS {key}, 'w' || i AS word, [i, i + 1] AS list FROM range(10000, 0, -1) r(i)"
    )
    connection.execute(f"UPDATE t SET word = NULL WHERE {key} % 7 = 0")
    keys: dict[str, tuple[str, ...]] = {"t": (key, "word")}
    whole = content_hash(connection, keys)
    monkeypatch.setattr("core.store.content_hash.ROWS", 2048)
    monkeypatch.setattr("core.store.content_hash.SAMPLES", 999)
    assert content_hash(connection, keys) == whole
    connection.execute("INSERT INTO t VALUES (2147483647, 'far', NULL), (-2147483648, 'away', NULL)")  # as damage may
    far = content_hash(connection, keys)
    assert far != whole
    connection.execute("INSERT INTO t VALUES (NULL, NULL, NULL)")  # a row of no sample does not slip in
    assert content_hash(connection, keys) != far


def test_real_dolly_comes_in_whole(workspace, real_data):
    summary = import_dataset(workspace, real_data / "dolly_15k.jsonl.gz", name="dolly")
    assert (summary.rows, summary.problems, summary.format) == (15_011, 0, "dolly")
