"""By what a subset is compared with its pool: all that a data set tells of its samples."""

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.bias import Marks, Numbers, Repeats, Shares
from core.selection.facets import facets_of, left_out, repair_of
from core.selection.specification import RankingSpec, pool_of
from core.selection.tenths import tenths
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import made_analysis, made_records, write_jsonl


def test_every_facet_of_a_data_set_is_there_and_what_is_left_out_is_named(workspace, tmp_path):
    records = made_records(60)
    for i, record in enumerate(records):
        record |= {"topic": ["art", "law"][i % 2], "quality_score": i % 7 + 0.5, "comment": f"free text {i} of its own"}
    records[4]["response"] = "As an AI language model, I cannot say anything about that."
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    analysis = made_analysis(workspace, dataset)
    pool = pool_of(analysis, dataset, RankingSpec(analysis=analysis.id, method="random"))
    facets = {facet.name: facet for facet in facets_of(pool, dataset)}
    kinds = {name: type(facet) for name, facet in facets.items()}
    assert kinds == {
        "tokens": Numbers, "response tokens": Numbers, "copies": Repeats, "flags": Marks, "language": Shares,
        "turns": Shares, "topic": Shares, "quality_score": Numbers,
    }  # fmt: skip
    assert left_out(dataset) == ["comment"]
    for facet in facets.values():  # every repair is a quota that this data set can be held to
        quota = repair_of(facet, dataset)
        assert quota.value is None or quota.value in pool.known.groups(quota.column).names
        assert len(pool.known.groups(quota.column).names) >= 1
    flags = facets["flags"]
    assert "refusal" in flags.values
    refusing = flags.members[flags.values.index("refusal")]
    assert np.flatnonzero(refusing).tolist() == [4]
    everybody = np.arange(60)
    assert facets["copies"].measure(everybody).tolist() == [1 / 60]
    assert facets["topic"].measure(everybody[:30]).tolist() == [0.5, 0.5]
    assert facets["tokens"].measure(everybody)[0] == analysis.counts.conversation_tokens.mean()


def test_columns_that_are_called_like_what_every_data_set_has_are_facets_and_quotas_beside_it(workspace, tmp_path):
    records = made_records(60)
    for i, record in enumerate(records):
        record |= {name: ["yes", "no"][i % 2] for name in ("length", "duplicate", "flags", "copies", "turns")}
        record |= {"tokens": i % 7 + 0.5, "response tokens": i % 5 + 0.5, "tokens in tenths": ["a", "b"][i % 2]}
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    analysis = made_analysis(workspace, dataset)
    pool = pool_of(analysis, dataset, RankingSpec(analysis=analysis.id, method="random"))
    facets = facets_of(pool, dataset)
    assert len({facet.name for facet in facets}) == len(facets)
    quotas = {facet.name: repair_of(facet, dataset) for facet in facets}
    columns = {name: quota.column for name, quota in quotas.items()}
    assert (columns["length"], columns["built-in tokens"]) == ("length", "built-in length")
    assert columns["tokens"] == "built-in tokens in tenths"
    assert columns["built-in copies"] == "built-in duplicate" and columns["duplicate"] == "duplicate"
    known = pool.known
    assert known.groups("length").names == ("no", "yes")
    own, every = known.groups("turns").names, known.groups("built-in turns").names
    assert own == ("no", "yes") and all(name.isdecimal() for name in every)
    lengths = analysis.counts.conversation_tokens
    assert np.array_equal(known.groups("built-in length").codes, tenths(lengths).codes)
    assert np.array_equal(known.groups("built-in tokens in tenths").codes, tenths(np.arange(60) % 7 + 0.5).codes)
    for quota in quotas.values():
        assert quota.value is None or quota.value in known.groups(quota.column).names
    with pytest.raises(GamutError, match="has no column 'built-in weight'"):
        known.groups("built-in weight")


def test_a_sample_with_two_flags_counts_under_each(workspace, tmp_path):
    from core.selection.facets import _flags
    from core.selection.known import Grouping

    marks = _flags("flags", Grouping(np.array([0, 1, 2, 1]), ("echo + refusal", "none", "refusal")))
    assert marks.values == ("echo", "refusal")
    assert marks.members.astype(int).tolist() == [[1, 0, 0, 0], [1, 0, 1, 0]]
