"""`against`: the same figures as the engine, as words and as JSON; a target that a selection then covers."""

import numpy as np
import pytest

from core.scores.feature_sets import Activity
from core.selection.sample_sets import ALL, parse_set
from core.selection.saved import load_selection
from core.selection.specification import active_sets
from core.selection.targets import load_target
from core.selection.two_sets import two_sets
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.against_made import HALF, made_pool_and_evaluation
from tests.commands.test_command_line import call


def test_the_line_says_what_the_engine_finds_and_its_target_is_covered(capsys, workspace, tmp_path):
    made_pool_and_evaluation(workspace, tmp_path)
    words = ("against", "pool", "analysis:eval", "all", "--theta", 0, "--top", 4)
    said = call(capsys, workspace, *words, as_json=True)
    analysis, dataset = open_analysis(workspace, "pool"), Dataset(workspace, "pool")
    sets = two_sets(analysis, dataset, parse_set("analysis:eval", dataset), ALL, activity=Activity(mode="raw"))
    found = sets.compare()
    assert [row["feature"] for row in said["common_in_a"]] == found.telling("a", 4).tolist()
    for row in said["common_in_a"]:
        high = found.adjusted.high[row["feature"]]
        assert row["log_odds"] == found.adjusted.log_odds[row["feature"]]
        assert row["high"] == (None if np.isinf(high) else high)
    assert (said["a"]["samples"], said["b"]["samples"]) == (found.n_a, found.n_b)
    assert "Commoner in A:" in call(capsys, workspace, *words)


def test_what_the_pool_lacks_is_saved_as_a_target_and_covered_by_a_selection_that_names_it(capsys, workspace, tmp_path):
    made_pool_and_evaluation(workspace, tmp_path)
    said = call(
        capsys, workspace, "against", "pool", "all", "analysis:eval", "--theta", 0, "--target", "gap", as_json=True
    )
    assert said["target"] == "gap"
    gap = load_target(workspace, "gap").features
    assert list(gap) == said["common_in_b_rare_in_a"]
    assert min(gap) >= HALF
    line = ("--method", "sae-greedy", "--rows", 3, "--theta", 0, "--option", "target=features:gap", "--name", "x")
    call(capsys, workspace, "select", "pool", *line)
    sets = active_sets(open_analysis(workspace, "pool"), span="conversation", activity=Activity(mode="raw")).features
    held = [len(np.intersect1d(sets.row(i), gap)) for i in range(sets.n_samples)]
    assert held[load_selection(workspace, "x").ids[0]] == max(held) > 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rest", "rest"), "Both sets are “the rest”"),
        (("nonsense", "rest"), "names no set of samples"),
        (("all", "all"), "holds the same samples as the other"),
        (("all", "flag=refusal"), "Set B holds no sample"),
        (("all", "rest", "--theta", 1, "--quantile", 0.5), "Both --quantile and --theta"),
    ],
)
def test_wrong_words_are_one_line(capsys, made, words, sentence):
    assert sentence in call(capsys, made, "against", "made", *words, code=2)
