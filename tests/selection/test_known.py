from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.known import NOTHING, Given, Grouping
from core.selection.leans import leans_of
from core.selection.pool import Pool
from core.selection.rankings import kept_ranking
from core.selection.saved import save_selection
from core.selection.specification import RankingSpec, pool_of, rank_by, select_by
from core.selection.targets import save_target
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.sample_table import sample_rows
from core.store.vectors import projection
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl

RULE = Activity(quantile=0.5)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    folder = tmp_path_factory.mktemp("known")
    workspace = Workspace(folder / "workspace")
    records = made_records(30)
    for i, record in enumerate(records):
        record |= {"kind": ["a", "b", ""][i % 3], "quality": None if i % 7 == 0 else i / 4, "shots": i % 12}
    records[9] = dict(records[8])
    records[11]["response"] = "I'm sorry, but as an AI language model I cannot help with that.\n```python\nprint("
    import_dataset(workspace, write_jsonl(folder / "known.jsonl", records), name="known")
    made_analysis(workspace, Dataset(workspace, "known"))
    import_dataset(workspace, write_jsonl(folder / "other.jsonl", made_records(12)), name="other")
    made_analysis(workspace, Dataset(workspace, "other"), id="fedcba9876543210", seed=5)
    return workspace


@pytest.fixture(scope="module")
def analysis(workspace) -> Analysis:
    return Analysis(workspace.analyses / "0123456789abcdef")


@pytest.fixture(scope="module")
def dataset(workspace) -> Dataset:
    return Dataset(workspace, "known")


def made_pool(analysis, dataset, span="conversation") -> Pool:
    return pool_of(analysis, dataset, RankingSpec(analysis=analysis.id, method="random", span=span, activity=RULE))


@pytest.fixture(scope="module")
def pool(analysis, dataset) -> Pool:
    return made_pool(analysis, dataset)


@pytest.mark.parametrize("span", ["conversation", "response", "prompt"])
def test_strengths_stand_beside_the_features_that_they_are_of(analysis, dataset, span):
    found = analysis.activations(span=span)
    said = dict(zip(zip(found.sample.tolist(), found.feature.tolist(), strict=True), found.strength, strict=True))
    pool = made_pool(analysis, dataset, span)
    sample = np.repeat(np.arange(pool.n_samples), pool.features.richness)
    expected = [said[pair] for pair in zip(sample.tolist(), pool.features.indices.tolist(), strict=True)]
    assert pool.known.strengths.tolist() == expected and pool.known.strengths.dtype == np.float32
    assert 0 < len(expected) < len(said)


def test_vectors_are_the_projection_that_the_analysis_keeps(analysis, pool):
    assert pool.known.vectors.dtype == np.float32
    assert np.array_equal(pool.known.vectors, projection(analysis).astype(np.float32))


def test_repeats_name_the_first_row_and_others_none(pool):
    assert pool.known.duplicate_of[9] == 8
    assert (np.delete(pool.known.duplicate_of, 9) == -1).all() and pool.known.duplicate_of.dtype == np.int32


def test_a_score_is_a_column_of_numbers_with_nan_for_missing(pool):
    quality = pool.known.score("quality")
    assert quality.dtype == np.float64 and np.isnan(quality[[0, 7, 14]]).all() and quality[10] == 2.5
    assert pool.known.score("shots").tolist()[:8] == list(range(8))


def test_a_score_that_is_not_there_is_refused_with_those_there_are(pool):
    with pytest.raises(GamutError, match="has no column of numbers 'kind'; there are: '(quality|shots)', '"):
        pool.known.score("kind")


def test_groups_go_by_name_or_number_and_rows_without_a_value_come_last(pool):
    kind = pool.known.groups("kind")
    assert kind.names == ("a", "b", "(no value)") and kind.codes.dtype == np.int32
    assert kind.codes.tolist()[:6] == [0, 1, 2, 0, 1, 2]
    assert pool.known.groups("shots").names == tuple(str(i) for i in range(12))
    assert pool.known.groups("kind").members("b", column="kind").tolist()[:3] == [False, True, False]


def test_groups_that_every_data_set_has(dataset, pool):
    duplicate = pool.known.groups("duplicate")
    assert [i for i in range(30) if duplicate.names[duplicate.codes[i]] == "repeat"] == [9]
    flags, turns, language = (pool.known.groups(column) for column in ("flags", "turns", "language"))
    rows = sample_rows(dataset, list(range(30)))
    assert [flags.names[code] for code in flags.codes] == [" + ".join(sorted(row.flags)) or "none" for row in rows]
    assert "open_fence + refusal" in flags.names
    assert [turns.names[code] for code in turns.codes] == [str(len(row.turns)) for row in rows]
    assert [language.names[code] for code in language.codes] == [row.language or "?" for row in rows]
    with pytest.raises(GamutError, match="has no column 'source'; there are: .*'kind'.*'language'"):
        pool.known.groups("source")


def features_of(pool, ids) -> set[int]:
    return set().union(*(pool.features.row(i).tolist() for i in ids))


def test_a_group_is_a_target(pool):
    members = [i for i in range(30) if i % 3 == 1 and i != 9]
    assert set(np.flatnonzero(pool.known.target("kind=b")).tolist()) == features_of(pool, members)
    often = pool.known.target("kind=b", rows=2)
    assert set(np.flatnonzero(often).tolist()) == {
        j for j in range(40) if sum(j in pool.features.row(i) for i in members) >= 2
    }
    with pytest.raises(GamutError, match="No sample has kind = 'z'; there are: 'a', 'b', '\\(no value\\)'"):
        pool.known.target("kind=z")


def test_another_analysis_is_a_target_by_the_thresholds_of_this_pool(workspace, analysis, pool):
    here = analysis.activations()
    ladder = [np.sort(here.strength[here.feature == j]) for j in range(analysis.n_features)]
    other = Analysis(workspace.analyses / "fedcba9876543210").activations()
    expected = {
        int(j) for j, x in zip(other.feature, other.strength, strict=True)
        if not len(ladder[j]) or x >= ladder[j][int(np.ceil(0.5 * (len(ladder[j]) - 1)))]
    }  # fmt: skip
    assert set(np.flatnonzero(pool.known.target("analysis:other")).tolist()) == expected


def test_a_saved_selection_is_a_target_of_its_own_pool_and_of_others(workspace, analysis, dataset, pool):
    spec = RankingSpec(analysis=analysis.id, method="longest", activity=RULE)
    chosen = select_by(pool, spec, Budget(rows=3))
    save_selection(workspace, "three", analysis=analysis, spec=spec, selected=chosen)
    assert set(np.flatnonzero(pool.known.target("selection:three")).tolist()) == features_of(pool, chosen.sample_ids)
    other = Analysis(workspace.analyses / "fedcba9876543210")
    elsewhere = made_pool(other, Dataset(workspace, "other")).known.target("selection:three")
    assert elsewhere.any() and len(elsewhere) == other.n_features


def test_a_saved_list_of_features_is_a_target(workspace, analysis, pool):
    save_target(workspace, "few", analysis=analysis, features=[3, 5], made_from="a test")
    assert np.flatnonzero(pool.known.target("features:few")).tolist() == [3, 5]
    path = workspace.targets / "few.json"
    path.with_stem("foreign").write_text(path.read_text().replace('"sae": "0"', '"sae": "1"').replace("few", "foreign"))
    with pytest.raises(GamutError, match="The feature list 'foreign' is of another SAE than analysis 'known'"):
        pool.known.target("features:foreign")


def test_a_ranking_kept_for_a_target_is_not_taken_for_what_has_its_name_later(workspace, analysis, dataset, pool):
    def keep(ids, replaces=None):
        chosen = select_by(pool, RankingSpec(analysis=analysis.id, method="longest", pins=ids), Budget(rows=len(ids)))
        spec = RankingSpec(analysis=analysis.id, method="longest", pins=ids, activity=RULE)
        return save_selection(workspace, "moving", analysis=analysis, spec=spec, selected=chosen, replaces=replaces)

    options = {"target": "selection:moving"}
    spec = RankingSpec(analysis=analysis.id, method="sae-greedy", activity=RULE, options=options)
    found = []
    for ids, replaces in (((1, 2), None), ((20,), 1)):
        keep(ids, replaces)
        fresh = pool_of(analysis, dataset, spec)
        found.append(kept_ranking(analysis, fresh, spec).sample_ids.tolist())
        assert found[-1] == rank_by(pool_of(analysis, dataset, spec), spec).sample_ids.tolist()
    assert found[0] != found[1]
    assert leans_of(workspace, spec) and not leans_of(workspace, replace(spec, options={"target": "kind=a"}))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("maths", "'maths' names no target; write column=value, group:NAME, analysis:NAME"),
        ("analysis:none", "There is no analysis called 'none'"),
        ("selection:none", "There is no selection 'none'"),
        ("kind=a", "activates no feature in 1000 or more samples"),
    ],
)
def test_a_target_that_is_not_there_is_refused(pool, said, sentence):
    with pytest.raises(GamutError, match=sentence):
        pool.known.target(said, rows=1000 if said == "kind=a" else 1)


def test_a_pool_that_knows_nothing_refuses_each_question_in_a_sentence(build_pool):
    known = build_pool([{1}]).known
    assert known is NOTHING
    for ask in (
        lambda: known.strengths, lambda: known.vectors, lambda: known.duplicate_of, lambda: known.score("q"),
        lambda: known.groups("g"), lambda: known.target("g=1"), lambda: Given().strengths,
    ):  # fmt: skip
        with pytest.raises(GamutError, match="This pool does not know .*: choose a method or an option"):
            ask()


def test_what_is_given_is_known():
    grouping = Grouping(np.array([0, 1], np.int32), ("x", "y"))
    known = Given(scores={"q": np.array([1.0, 2.0])}, groupings={"g": grouping}, targets={"g=x": np.array([True])})
    assert known.score("q")[1] == 2 and known.groups("g") is grouping and known.target("g=x").all()
    with pytest.raises(GamutError, match="does not know a score 'z'"):
        known.score("z")
