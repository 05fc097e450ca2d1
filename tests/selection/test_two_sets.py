"""Two sets of samples out of one analysis or two: who is in them, what they may be, and what to know before believing."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.enrichment import joined
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.sample_sets import ALL, THE_REST, SampleSet, members, parse_set
from core.selection.saved import save_selection
from core.selection.specification import RankingSpec, active_sets, pool_of, select_by
from core.selection.two_sets import left_out_words, two_sets, weak_spots
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.sample_filter import Range, SampleFilter
from core.workspace import Workspace
from tests.made import SAMPLES, made_analysis, made_records, write_jsonl

THETA0 = Activity(mode="raw")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """An analysis whose samples have a category, a number and a language column; rows 40 on repeat rows 0 on. Only read."""
    folder = tmp_path_factory.mktemp("kinds")
    workspace = Workspace(folder / "workspace")
    records = made_records(40)
    records = [
        {**records[i % 40], "kind": "one" if i % 3 else "two=2", "score": i % 5, "language": "xx"} for i in range(60)
    ]
    import_dataset(workspace, write_jsonl(folder / "kinds.jsonl", records), name="kinds")
    made_analysis(workspace, Dataset(workspace, "kinds"), id="kinds-kinds-kind")
    return open_analysis(workspace, "kinds"), Dataset(workspace, "kinds")


def chosen(workspace, name, method="sae-greedy", analysis="made"):
    analysis = open_analysis(workspace, analysis)
    spec = RankingSpec(analysis=analysis.id, method=method)
    dataset = Dataset(workspace, analysis.dataset)
    selected = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=10))
    return save_selection(workspace, name, analysis=analysis, spec=spec, selected=selected)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("all", lambda i: True),
        ("kind=one", lambda i: i % 3 > 0),
        ("kind=two=2", lambda i: i % 3 == 0),
        ("kind=", lambda i: False),
        ("score=3", lambda i: i % 5 == 3),
        ("language=xx", lambda i: True),  # the data set's own column, not the language that was told
        ('filter:{"columns": [["score", {"low": 1, "high": 2}]]}', lambda i: i % 5 in (1, 2)),
    ],
)
def test_a_set_as_typed_holds_the_samples_it_says(kinds, text, inside):
    found = members(parse_set(text, kinds[1]), *kinds)
    assert found.tolist() == [inside(i) for i in range(60)]


def test_languages_and_flags_are_sets_too(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    assert members(parse_set("language=en", dataset), analysis, dataset).any()
    assert not members(parse_set("flag=refusal", dataset), analysis, dataset).any()


@pytest.mark.parametrize(
    "text", ["", "kind", "rest of it", "filter:{", "selection:", "flag=nonsense", "language=english"]
)
def test_what_names_no_set_is_one_sentence(made, text):
    with pytest.raises(GamutError):
        parse_set(text, Dataset(made, "made"))


@given(
    st.sampled_from([ALL, THE_REST, SampleSet(kind="selection", name="a b"), SampleSet(kind="analysis", name="ü<b>")])
    | st.builds(lambda t, n: SampleSet(kind="filter", filter=SampleFilter(text=t, columns=(("c", n),))),
                st.text("aé<\"'", max_size=9), st.none() | st.text("x:{}", max_size=5) | st.builds(Range, st.integers(0, 9)))
)  # fmt: skip
def test_a_set_survives_the_link(wanted):
    assert SampleSet.from_dict(json.loads(json.dumps(wanted.as_dict()))) == wanted


@pytest.mark.parametrize(
    "said",
    [{}, [], {"kind": "odd"}, {"kind": "selection"}, {"kind": "rest", "name": "x"}, {"kind": "filter", "filter": 3}],
)
def test_an_odd_link_is_one_sentence(said):
    with pytest.raises(GamutError):
        SampleSet.from_dict(said)


def test_the_rest_is_everybody_else_and_copies_are_known(kinds):
    found = two_sets(*kinds, parse_set("kind=one", kinds[1]), THE_REST, activity=THETA0)
    np.testing.assert_array_equal(found.b, ~found.a)
    np.testing.assert_array_equal(
        found.features.indices, active_sets(kinds[0], span="conversation", activity=THETA0).features.indices
    )
    own = [kinds[1].content_hashes().index(content) for content in kinds[1].content_hashes()]
    np.testing.assert_array_equal(found.same, own)


def test_a_selection_against_the_rest_is_called_a_description_unless_it_looked_at_no_features(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    for method, told in (("sae-greedy", True), ("random", False)):
        saved = chosen(made, f"by-{method}", method)
        a = parse_set(f"selection:by-{method}", dataset)
        found = two_sets(analysis, dataset, a, THE_REST)
        assert np.flatnonzero(found.a).tolist() == sorted(saved.ids)
        said = " ".join(weak_spots(found.compare(), a, THE_REST, dataset))
        assert ("not as evidence" in said) == told
        assert "A holds 10 different samples: only large differences" in said


def test_an_evaluation_file_is_compared_by_the_thresholds_of_the_pool(made, tmp_path):
    import_dataset(made, write_jsonl(tmp_path / "e.jsonl", made_records(25)), name="eval")
    other = made_analysis(made, Dataset(made, "eval"), id="fedcba9876543210", seed=5)
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    activity = Activity(quantile=0.5)
    found = two_sets(analysis, dataset, parse_set("analysis:eval", dataset), ALL, activity=activity)
    assert (found.a.sum(), found.b.sum()) == (25, SAMPLES)
    assert not (found.a & found.b).any()
    own = active_sets(analysis, span="conversation", activity=activity).features
    for sample in range(SAMPLES):
        np.testing.assert_array_equal(found.features.row(sample), own.row(sample))
    read, cut = analysis.activations(), {}
    for feature in range(analysis.n_features):  # the least strength that is active in the pool
        strengths = np.sort(read.strength[read.feature == feature])
        cut[feature] = strengths[int(np.ceil(0.5 * (len(strengths) - 1)))] if len(strengths) else 0
    its = other.activations()
    for sample in range(25):
        rows = its.sample == sample
        wanted = [f for f, s in zip(its.feature[rows], its.strength[rows], strict=True) if s >= cut[f]]
        assert found.features.row(SAMPLES + sample).tolist() == wanted
    np.testing.assert_array_equal(found.tokens[SAMPLES:], other.counts.scored_tokens)
    spared = two_sets(analysis, dataset, parse_set("analysis:eval", dataset), ALL, activity=activity, features=own)
    np.testing.assert_array_equal(spared.features.indices, found.features.indices)
    assert spared.features.n_samples == joined(own, own).n_samples - SAMPLES + 25


@pytest.mark.parametrize("span", ["conversation", "prompt", "response"])
def test_lengths_are_those_of_the_tokens_that_count(made, span):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    found = two_sets(analysis, dataset, ALL, THE_REST, span=span)
    counts = analysis.counts
    wanted = counts.scored_tokens if span == "conversation" else getattr(counts, f"{span}_tokens")
    np.testing.assert_array_equal(found.tokens, wanted)


def test_the_strongest_of_a_side_are_active_there_and_in_order(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    found = two_sets(analysis, dataset, parse_set('filter:{"tokens": {"low": 20}}', dataset), THE_REST)
    for feature in range(0, 40, 7):
        for side in (found.a, found.b):
            shown = found.strongest(feature, side, span="conversation", limit=100)
            active = [s for s in np.flatnonzero(side) if feature in found.features.row(s)]
            assert sorted(one.sample_id for one in shown) == active
            assert [one.strength for one in shown] == sorted((one.strength for one in shown), reverse=True)
            assert found.strongest(feature, side, span="conversation", limit=2) == shown[:2]


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("rest", "rest", "Both sets are “the rest”"),
        ("selection:none", "rest", "no selection 'none'"),
        ("analysis:none", "rest", "no analysis called 'none'"),
        ("analysis:made", "rest", "is the one that is compared"),
        ("colour=red", "rest", "no column 'colour'"),
    ],
)
def test_sets_that_cannot_be_are_one_sentence(made, a, b, words):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    with pytest.raises(GamutError, match=words):
        two_sets(analysis, dataset, parse_set(a, dataset), parse_set(b, dataset))


def test_analyses_made_otherwise_are_refused_with_what_differs(made, tmp_path):
    import_dataset(made, write_jsonl(tmp_path / "e.jsonl", made_records(25)), name="eval")
    made_analysis(made, Dataset(made, "eval"), id="fedcba9876543210")
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    analysis.meta["max_length"] = "128"
    analysis.meta["sae"] = json.dumps({"ref": "made", "sha256": "1"})
    with pytest.raises(GamutError, match="differs from 'made' in SAE, max length; analyse"):
        two_sets(analysis, dataset, parse_set("analysis:eval", dataset), ALL)


def test_a_selection_of_another_data_set_is_refused(made, tmp_path):
    chosen(made, "mine")
    import_dataset(made, write_jsonl(tmp_path / "o.jsonl", made_records(12)), name="other")
    made_analysis(made, Dataset(made, "other"), id="other-other-othe")
    with pytest.raises(GamutError, match="chose from data set 'made', not from 'other'"):
        members(SampleSet(kind="selection", name="mine"), open_analysis(made, "other"), Dataset(made, "other"))


def test_samples_of_both_sets_are_told(kinds):
    one = parse_set("kind=one", kinds[1])
    part = two_sets(*kinds, ALL, one, activity=THETA0).compare()
    assert (part.sides.both, part.sides.part) == (40, "b")
    assert left_out_words(part).endswith("40 samples belong to both sets and count in B alone.")
    copies = part.sides.repeats_a + part.sides.repeats_b
    assert f"{copies} left out" in left_out_words(part)
    hashes = kinds[1].content_hashes()
    assert copies == 60 - sum(len({h for i, h in enumerate(hashes) if (i % 3 > 0) == side}) for side in (True, False))
    few = two_sets(*kinds, one, parse_set("score=3", kinds[1]), activity=THETA0).compare()
    assert few.sides.part == ""
    assert f"{few.sides.both} samples belong to both sets and count in neither" in left_out_words(few)
