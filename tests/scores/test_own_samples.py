"""Samples that a capability was learned from are known by their texts, wherever they stand."""

import numpy as np
import pytest

from core.datasets.sample import content_hash
from core.scores.capability import load_capability, save_capability
from core.scores.capability_source import CapabilitySource, gather
from core.scores.find_by_capability import find_by_capability
from core.scores.finding_words import left_out_words
from core.scores.learn_capability import null_words, random_ids
from core.scores.own_samples import caveat_of, learned_from, own_rows
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets
from core.store.sample_filter import SampleFilter
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl
from tests.scores.test_alignment import made_capability


@pytest.fixture
def workspace(tmp_path):
    """`made` with an analysis, `copy` of its first 20 rows in a file of its own, `other`, and pools of them."""
    found = Workspace(tmp_path / "workspace")
    records = made_records(60)
    others = [{"instruction": f"Other {i}?", "response": f"Yes, {i}."} for i in range(15)]
    for name, rows in (("made", records), ("copy", records[:20]), ("other", others)):
        import_dataset(found, write_jsonl(tmp_path / f"{name}.jsonl", rows), name=name)
    join_datasets(found, ["other", "copy", "made"], name="pool")
    made_analysis(found, Dataset(found, "made"))
    return found


def learned(workspace, source):
    """A capability with the hashes that learning from this source keeps."""
    one = made_capability()
    gathered = gather(workspace, source)
    one.learned.sources[:] = gathered.sources
    object.__setattr__(one, "hashes", gathered.hashes)
    return save_capability(workspace, one, replace=True)


@pytest.mark.parametrize("of", ["file", "copy", "pool"])
def test_a_capability_s_own_texts_are_left_out_of_members_pools_and_copies_alike(workspace, tmp_path, of):
    ids = tuple(range(15, 35)) if of == "pool" else ()
    source = (
        CapabilitySource(files=(tmp_path / "copy.jsonl",))
        if of == "file"
        else CapabilitySource(dataset=of, only=SampleFilter(ids=ids or None))
    )
    one = learned(workspace, source)
    assert one.hashes == {content_hash(turns) for _, turns in Dataset(workspace, "copy").conversations()}
    made = np.flatnonzero(learned_from(Dataset(workspace, "made"), one)).tolist()
    assert made == list(range(20))
    assert np.flatnonzero(learned_from(Dataset(workspace, "pool"), one)).tolist() == [*range(15, 55)]
    assert not learned_from(Dataset(workspace, "other"), one).any()
    kind = np.arange(60) % 2 == 0
    found = find_by_capability(open_analysis(workspace, "made"), Dataset(workspace, "made"), one, kind, draws=3)
    assert (found.samples, found.left_out, found.caveat) == (40, 20, "")
    assert left_out_words(found) == "20 of its own samples in this pool count nowhere."


def test_what_is_taken_out_of_texts_does_not_hide_whose_they_are(workspace, tmp_path):
    one = learned(workspace, CapabilitySource(files=(tmp_path / "copy.jsonl",), strip="Say something about "))
    assert learned_from(Dataset(workspace, "made"), one).sum() == 20
    assert len(one.hashes) == 19 + 18  # as they stand and as they are read; 9 repeats 8, and 3 is the same either way


def test_a_file_of_an_older_gamut_tells_its_samples_by_ids_and_says_that_files_are_not_known(workspace):
    one = made_capability()
    copy = Dataset(workspace, "copy")
    one.learned.sources[:] = [{"dataset": "copy", "content_hash": copy.content_hash, "ids": [0, 5, 7]}]
    one = save_capability(workspace, one)
    assert not load_capability(workspace, "maths").hashes and "learned by an older Gamut" in caveat_of(one)
    assert np.flatnonzero(learned_from(Dataset(workspace, "pool"), one)).tolist() == [15, 20, 22, 35, 40, 42]
    found = find_by_capability(
        open_analysis(workspace, "made"), Dataset(workspace, "made"), one, np.arange(60) < 30, draws=3
    )
    assert found.left_out == 3 and left_out_words(found).endswith(caveat_of(one))


@pytest.mark.parametrize(("dataset", "own"), [("copy", range(20)), ("made", range(20)), ("pool", range(15, 55))])
def test_random_sets_hold_no_sample_s_text_in_files_members_and_pools(workspace, tmp_path, dataset, own):
    gathered = gather(workspace, CapabilitySource(files=(tmp_path / "copy.jsonl",), at_most=10))
    pool = Dataset(workspace, dataset)
    texts = own_rows(pool, hashes=gathered.hashes)
    assert 10 <= texts.sum() <= 22 and set(np.flatnonzero(texts).tolist()) <= set(own)
    found = random_ids(len(pool), gathered, pool, sets=5, seed=0)
    assert all(not texts[ids].any() and len(ids) == 10 for ids in found)


def test_a_pool_too_small_for_sets_of_equal_size_has_fewer_or_none_and_says_why(workspace):
    pool = Dataset(workspace, "made")
    told = {}
    for size in (10, 25, 45):
        gathered = gather(workspace, CapabilitySource(dataset="made", only=SampleFilter(ids=tuple(range(size)))))
        found = random_ids(60, gathered, pool, sets=5, seed=0)
        assert len({tuple(ids) for ids in found}) == len(found) and {len(ids) for ids in found} <= {size}
        told[size] = (len(found), null_words("made", found, wanted=5, size=size))
    assert told[10] == (5, "made, 5 sets of 10 random samples")
    assert told[25] == (1, "made, 1 set of 25 random samples, not 5: the pool has no more for sets that differ")
    assert told[45] == (0, "none: made has fewer than 45 samples besides its own")
    assert null_words("made", [], wanted=0, size=10) == ""
