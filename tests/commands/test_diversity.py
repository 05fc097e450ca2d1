"""`diversity` on the command line: the same figures as the engine's, for people and as JSON."""

import json

import pytest

from core.__main__ import run
from core.scores.feature_sets import Activity
from core.selection.diversity_report import COPIES, length_report
from tests.selection.test_diversity_report import opened


def test_it_prints_what_the_screen_says(made, capsys):
    report = length_report(opened(made, Activity()), by="language", resampled=COPIES, size=16)
    assert run(["--workspace", str(made.root), "--json", "diversity", "made", "--tokens", "16"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pearson"]["value"] == report.pearson.value and told["null_r"] == report.null.r
    assert [group["name"] for group in told["groups"]] == [group.name for group in report.groups]
    assert sum(told["spectrum"].values()) == 40 and len(told["hill_numbers"]) == 3
    assert run(["--workspace", str(made.root), "diversity", "made", "--tokens", "16"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("Length explains") and "partial ρ" in words and "in 16 tokens" in words


@pytest.mark.parametrize(
    ("wrong", "about"),
    [(["--tokens", "20"], "not at 20"), (["--resample", "colour"], "cannot resample"), (["--rare", "30"], "smaller"),
     (["--by", "colour"], "no column 'colour'"), (["--theta", "1", "--quantile", "0.5"], "one rule")],
)  # fmt: skip
def test_wrong_words_are_one_sentence(made, capsys, wrong, about):
    assert run(["--workspace", str(made.root), "diversity", "made", *wrong]) == 2
    assert about in capsys.readouterr().err
