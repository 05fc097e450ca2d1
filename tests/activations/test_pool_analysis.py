"""A pool's analysis is its members' end to end: the same numbers, and nothing that is there already runs again."""

from dataclasses import replace

import numpy as np
import pytest

from core.activations import analyse as module
from core.activations.identity import identify
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets
from core.workspace import Workspace
from tests.activations.test_analyse import SETTINGS
from tests.made import made_records, write_jsonl


@pytest.fixture
def pool(workspace: Workspace, tmp_path) -> Dataset:
    records = made_records(34)
    import_dataset(workspace, write_jsonl(tmp_path / "a.jsonl", records[:20]), name="a")
    import_dataset(workspace, write_jsonl(tmp_path / "b.jsonl", records[20:]), name="b")
    join_datasets(workspace, ["a", "b"], name="pool")
    return Dataset(workspace, "pool")


def run(workspace: Workspace, dataset: Dataset, tiny) -> Analysis:
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    return Analysis(
        module.analyse(
            workspace, dataset, identity, name=dataset.name, progress=lambda *now: None, stop=lambda: False
        )
    )  # fmt: skip


def test_a_pool_has_the_numbers_of_its_members_shifted_to_their_place(workspace, pool, tiny) -> None:
    merged = run(workspace, pool, tiny)
    a, b = run(workspace, Dataset(workspace, "a"), tiny), run(workspace, Dataset(workspace, "b"), tiny)
    assert merged.recompute_hash() == merged.content_hash
    for name in merged.counts.__slots__:
        together = np.concatenate([getattr(a.counts, name), getattr(b.counts, name)])
        assert np.array_equal(getattr(merged.counts, name), together), name
    whole, first, second = (found.activations() for found in (merged, a, b))
    assert np.array_equal(whole.sample, np.concatenate([first.sample, second.sample + 20]))
    assert np.array_equal(whole.feature, np.concatenate([first.feature, second.feature]))
    assert np.array_equal(whole.strength, np.concatenate([first.strength, second.strength]))
    assert merged.tokens_of(25) == b.tokens_of(5)
    query = "SELECT samples, tokens, max FROM features ORDER BY feature_id"
    of_a, of_b, of_both = (np.array(found.cursor().execute(query).fetchall()) for found in (a, b, merged))
    assert np.array_equal(of_both[:, :2], of_a[:, :2] + of_b[:, :2])
    assert np.array_equal(of_both[:, 2], np.maximum(of_a[:, 2], of_b[:, 2]))


def test_only_members_without_an_analysis_run_and_the_pool_is_the_same_whether_any_did(
    workspace, pool, tiny, monkeypatch, tmp_path
) -> None:
    run(workspace, Dataset(workspace, "a"), tiny)
    tokenised = []
    before = module.Pass.tokenise

    def counted(self, conversations):
        found = before(self, conversations)
        tokenised.append(len(found.lengths))
        return found

    monkeypatch.setattr(module.Pass, "tokenise", counted)
    merged = run(workspace, pool, tiny)
    assert tokenised == [14]  # the new rows, and they alone
    assert run(workspace, pool, tiny).content_hash == merged.content_hash and tokenised == [14]

    fresh = Workspace(tmp_path / "fresh")
    import_dataset(fresh, tmp_path / "a.jsonl", name="a")
    import_dataset(fresh, tmp_path / "b.jsonl", name="b")
    join_datasets(fresh, ["a", "b"], name="pool")
    assert run(fresh, Dataset(fresh, "pool"), tiny).content_hash == merged.content_hash
    assert tokenised == [14, 20, 14]


def test_layer_means_of_a_pool_are_by_source_where_its_members_were_grouped_otherwise(workspace, tiny, tmp_path):
    records = made_records(40)
    one = [record | {"topic": "xy"[number % 2]} for number, record in enumerate(records[:20])]
    two = [record | {"lang": ["de", "x"][number % 2]} for number, record in enumerate(records[20:])]
    import_dataset(workspace, write_jsonl(tmp_path / "one.jsonl", one), name="one")
    import_dataset(workspace, write_jsonl(tmp_path / "two.jsonl", two), name="two")
    join_datasets(workspace, ["one", "two"], name="mixed")
    merged = run(workspace, Dataset(workspace, "mixed"), tiny)
    assert (merged.contents.grouped_by, merged.contents.groups) == ("source", ("one", "two"))
    query = "SELECT layer, site, tokens, sums FROM layer_sums WHERE group_id = {} ORDER BY layer, site"
    for number, name in enumerate(("one", "two"), 1):
        member = run(workspace, Dataset(workspace, name), tiny)
        assert member.contents.grouped_by in ("topic", "lang")
        own = member.cursor().execute(query.format(0)).fetchall()
        assert merged.cursor().execute(query.format(number)).fetchall() == own != []


def test_a_column_that_a_member_lacks_is_refused_before_anything_runs(workspace, pool, tiny):
    settings = replace(SETTINGS, group_by="topic")
    identity = identify(pool, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=settings)
    with pytest.raises(GamutError, match="'a' of the pool has no column 'topic'"):
        module.analyse(workspace, pool, identity, name="p", progress=lambda *now: None, stop=lambda: False)
    assert not list(workspace.analyses.glob("*"))


def test_a_member_that_is_gone_and_was_never_analysed_is_named(workspace, pool, tiny) -> None:
    import shutil

    shutil.rmtree(workspace.datasets / "b")
    with pytest.raises(GamutError, match="'b' is not here any more"):
        run(workspace, pool, tiny)
