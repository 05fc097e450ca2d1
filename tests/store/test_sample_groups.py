"""Named groups of samples: kept under a name that never means others, and asked for wherever a set of samples is."""

import json

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.constraints import Constraints
from core.selection.known_analysis import IN_GROUP
from core.selection.leans import leans_of
from core.selection.quotas import CAP, Quota
from core.selection.sample_sets import members, parse_set
from core.selection.specification import RankingSpec, active_sets, pool_of, select_by
from core.selection.two_sets import two_sets, weak_spots
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.sample_filter import SampleFilter, matching
from core.store.sample_groups import DRAWN, group_names, group_of, groups_here, load_group, save_group
from tests.made import made_records, write_jsonl

IDS = [41, 3, 17, 17, 20]


@pytest.fixture
def grouped(made):
    save_group(made, "mine", dataset=Dataset(made, "made"), ids=IDS, made_from=f"{DRAWN} of analysis made")
    return made


def test_a_group_is_kept_and_never_changes_under_its_name(grouped):
    dataset = Dataset(grouped, "made")
    assert load_group(grouped, "mine").ids == (3, 17, 20, 41) and group_names(grouped) == ["mine"]
    assert groups_here(dataset) == {"mine": 4}
    again = save_group(grouped, "mine", dataset=dataset, ids=sorted(set(IDS)), made_from="typed")
    assert again.made_from.startswith(DRAWN), "the same samples are left as they are"
    with pytest.raises(GamutError, match="of 4 other samples"):
        save_group(grouped, "mine", dataset=dataset, ids=[1], made_from="")


@pytest.mark.parametrize(
    ("name", "ids", "words"),
    [
        ("bad name", [1], "cannot name a group"),
        ("none", [], "no sample"),
        ("far", [60], "no sample 60"),
        ("less", [-1], "-1"),
    ],
)
def test_what_can_be_no_group_is_a_sentence(made, name, ids, words):
    with pytest.raises(GamutError, match=words):
        save_group(made, name, dataset=Dataset(made, "made"), ids=ids, made_from="")


def test_damaged_missing_newer_and_foreign_groups_are_sentences(grouped, tmp_path):
    path = grouped.groups / "mine.json"
    said = json.loads(path.read_text())
    for content, words in (("{", "damaged"), (json.dumps(said | {"version": 9}), "newer"), (json.dumps([]), "damaged")):
        path.write_text(content)
        with pytest.raises(GamutError, match=words):
            load_group(grouped, "mine")
    with pytest.raises(GamutError, match="there are: mine"):
        load_group(grouped, "other")
    path.write_text(json.dumps(said))
    import_dataset(grouped, write_jsonl(tmp_path / "other.jsonl", made_records(50)), name="other")
    with pytest.raises(GamutError, match="of data set 'made', not of 'other'"):
        group_of(Dataset(grouped, "other"), "mine")
    assert groups_here(Dataset(grouped, "other")) == {}


def test_a_group_is_a_filter_a_side_a_quota_and_a_target(grouped):
    analysis, dataset = open_analysis(grouped, "made"), Dataset(grouped, "made")
    wanted = SampleFilter(groups=("mine",))
    assert matching(dataset, wanted) == [3, 17, 20, 41] and "in group mine" in wanted.words()
    assert SampleFilter.from_dict(json.loads(json.dumps(wanted.as_dict()))) == wanted
    side = parse_set("group:mine", dataset)
    assert np.flatnonzero(members(side, analysis, dataset)).tolist() == [3, 17, 20, 41]
    found = two_sets(
        analysis, dataset, side, parse_set("rest", dataset), activity=Activity(mode="raw", theta=0.0)
    ).compare()
    assert any("description" in said for said in weak_spots(found, side, parse_set("rest", dataset), dataset))
    spec = RankingSpec(
        analysis=analysis.id, method="longest", activity=Activity(mode="raw", theta=0.0),
        constraints=Constraints(only=SampleFilter(groups=("mine",))),
    )  # fmt: skip
    pool = pool_of(analysis, dataset, spec)
    assert sorted(select_by(pool, spec, Budget(rows=4)).sample_ids.tolist()) == [3, 17, 20, 41]
    quota = Constraints(quotas=(Quota(kind=CAP, column=f"{IN_GROUP}mine", value="inside", amount=1),))
    capped = RankingSpec(analysis=analysis.id, method="longest", activity=spec.activity, constraints=quota)
    chosen = select_by(pool_of(analysis, dataset, capped), capped, Budget(rows=40)).sample_ids
    assert np.isin([3, 17, 20, 41], chosen).sum() == 1
    sets = active_sets(analysis, span="conversation", activity=spec.activity).features
    target = np.zeros(analysis.n_features, bool)
    for sample in (3, 17, 20, 41):
        target[sets.row(sample)] = True
    assert (pool.known.target("group:mine") == target).all()
    told = load_group(grouped, "mine").hash
    covering = RankingSpec(analysis=analysis.id, method="sae-greedy", options={"target": "group:mine"})
    assert [leans_of(grouped, one) for one in (spec, capped, covering)] == [{"group:mine": told}] * 3
