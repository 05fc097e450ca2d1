"""Joined data sets: every row once, in order, with its source; nothing that cannot be a pool becomes one."""

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
