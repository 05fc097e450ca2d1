"""Joined data sets: every row once, in order, with its source; nothing that cannot be a pool becomes one."""

import json

import pytest

from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets, members_of
from core.workspace import Workspace
from tests.made import made_records, write_jsonl


@pytest.fixture
def three(workspace: Workspace, tmp_path) -> Workspace:
    for name, rows in (("a", 12), ("b", 11), ("c", 20)):
        file = write_jsonl(tmp_path / f"{name}.jsonl", made_records(rows))
        file.write_text(file.read_text() + "{broken\n")
        import_dataset(workspace, file, name=name)
    return workspace


def test_a_pool_holds_every_row_of_its_members_in_order_and_says_where_each_came_from(three) -> None:
    summary = join_datasets(three, ["b", "a"], name="pool", base=["b"])
    pool = Dataset(three, "pool")
    parts = [Dataset(three, name) for name in ("b", "a")]
    assert (summary.rows, summary.problems, summary.format) == (23, 2, "pool")
    assert [turns for _, turns in pool.conversations()] == [
        turns for part in parts for _, turns in part.conversations()
    ]
    assert list(pool.records(list(range(23)))) == [r for part in parts for r in part.records(list(range(len(part))))]
    assert [(m.name, m.first, m.rows, m.base) for m in members_of(pool)] == [("b", 0, 11, True), ("a", 11, 12, False)]
    sources = pool.cursor().execute("SELECT source FROM metadata ORDER BY sample_id").fetchall()
    assert sources == [("b",)] * 11 + [("a",)] * 12
    assert pool.recompute_hash() == pool.content_hash
    assert pool.record(11)[1:] == ("a.jsonl", 1)


def test_a_row_that_another_member_has_already_is_told_as_its_duplicate(three) -> None:
    join_datasets(three, ["a", "c"], name="pool")
    found = dict(Dataset(three, "pool").cursor().execute("SELECT sample_id, duplicate_of FROM facts").fetchall())
    assert [found[12 + i] for i in range(9)] == list(range(9))
    assert found[9] == 8 and found[21] == 8  # number 9 repeats number 8, in both
    assert found[12 + 15] is None


def test_columns_of_one_name_are_one_and_hold_every_value_of_all_members(workspace, tmp_path) -> None:
    rows = made_records(12)
    one = [row | {"Quality": number, "source": "web", "tags": ["x"]} for number, row in enumerate(rows)]
    two = [row | {"quality": number + 0.5, "tags": "none", "only": True} for number, row in enumerate(rows)]
    import_dataset(workspace, write_jsonl(tmp_path / "one.jsonl", one), name="one")
    import_dataset(workspace, write_jsonl(tmp_path / "two.jsonl", two), name="two")
    join_datasets(workspace, ["one", "two"], name="pool")
    pool = Dataset(workspace, "pool")
    types = {column.name: (column.type, column.role) for column in pool.columns}
    assert types == {
        "source": ("text", "category"), "Quality": ("number", "score"), "own source": ("text", ""), "tags": ("text", "category"),
        "only": ("boolean", ""),
    }  # fmt: skip
    query = 'SELECT source, "Quality", "own source", tags, "only" FROM metadata ORDER BY sample_id'
    found = pool.cursor().execute(query).fetchall()
    assert found[3] == ("one", 3.0, "web", '["x"]', None)
    assert found[15] == ("two", 3.5, None, "none", True)


def test_whole_numbers_that_floating_point_would_change_stay_as_written(workspace, tmp_path) -> None:
    rows = made_records(6)
    one = [row | {"uid": 2**53 + 1 + number, "source": "x", "own source": "y"} for number, row in enumerate(rows)]
    import_dataset(workspace, write_jsonl(tmp_path / "one.jsonl", one), name="one")
    import_dataset(workspace, write_jsonl(tmp_path / "two.jsonl", [row | {"uid": 0.5} for row in rows]), name="two")
    join_datasets(workspace, ["one", "two"], name="pool")
    query = 'SELECT uid, "own source", "own source (2)" FROM metadata ORDER BY sample_id'
    found = Dataset(workspace, "pool").cursor().execute(query).fetchall()
    assert [row[0] for row in found[:6]] == [str(2**53 + 1 + number) for number in range(6)]
    assert found[0][1:] == ("y", "x") and found[6] == ("0.5", None, None)


def test_a_pool_with_a_json_list_in_it_cannot_promise_a_line_for_a_record(workspace, tmp_path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(made_records(5), indent=1))
    import_dataset(workspace, tmp_path / "list.json", name="list")
    import_dataset(workspace, write_jsonl(tmp_path / "lines.jsonl", made_records(5)), name="lines")
    assert join_datasets(workspace, ["lines", "list"], name="pool").layout == "json"
    assert (
        join_datasets(workspace, ["lines", "list"], name="pool2").content_hash
        == Dataset(workspace, "pool").content_hash
    )


def test_a_pool_in_a_pool_stands_for_its_members(three) -> None:
    join_datasets(three, ["a", "b"], name="ab", base=["a"])
    join_datasets(three, ["ab", "c"], name="abc")
    join_datasets(three, ["a", "b", "c"], name="flat", base=["a"])
    nested, flat = Dataset(three, "abc"), Dataset(three, "flat")
    assert members_of(nested) == members_of(flat)
    assert nested.content_hash == flat.content_hash


@pytest.mark.parametrize(
    ("names", "base", "said"),
    [
        (["a"], [], "at least two"),
        (["a", "a"], [], "twice"),
        (["a", "nowhere"], [], "no data set 'nowhere'"),
        (["a", "b"], ["c"], "c cannot be the base"),
        (["a", "b"], ["a", "b"], "at least one to choose from"),
    ],
)
def test_what_cannot_be_a_pool_is_refused_in_a_sentence_and_leaves_nothing(three, names, base, said) -> None:
    with pytest.raises(GamutError, match=said):
        join_datasets(three, names, name="pool", base=base)
    assert not list(three.datasets.glob("*pool*"))
