"""`redundancy`: the same groups and bans as the screen, as words, as JSON, as a file of ids."""

import pytest

from core.commands.output import plain
from core.jobs.state import jobs
from core.scores.feature_sets import Activity
from core.scores.redundancy import redundancy_of
from core.scores.redundant_marks import banned_so, proposal_of
from core.selection.specification import active_sets
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.commands.test_command_line import call
from tests.made_twice import TWICE, twice_workspace


@pytest.fixture
def twice(tmp_path):
    return twice_workspace(tmp_path)


def test_the_line_says_writes_and_bans_what_the_engine_proposes(capsys, twice, tmp_path):
    analysis, dataset = open_analysis(twice, "made"), Dataset(twice, "made")
    features = active_sets(analysis, span="conversation", activity=Activity(mode="raw")).features
    found = redundancy_of(analysis, features)
    proposal = proposal_of(
        twice, dataset, features, found, at=0.8, keep="longest", tokens=analysis.counts.conversation_tokens
    )
    said = call(capsys, twice, "redundancy", "made", "--at", "0.8", "--to", tmp_path / "ids.txt", "--ban", as_json=True)
    assert said["groups"] == plain([group.tolist() for group in proposal.groups]) and len(said["groups"]) == TWICE
    ids = [int(line) for line in (tmp_path / "ids.txt").read_text().splitlines()]
    assert ids == proposal.goes.tolist() == [one["sample"] for one in said["goes"]] == list(banned_so(twice, dataset))
    assert said["exact"] and said["recall"] == 1 and said["banned"] == TWICE
    text = call(capsys, twice, "redundancy", "made", "--at", "0.8", "--take-back")
    assert (
        "At 0.8 (all pairs compared): 40 of 60 samples in 20 groups" in text
        and "Bans of near-copies were lifted." in text
    )
    assert banned_so(twice, dataset) == ()


def test_the_first_call_is_a_job_and_the_next_only_looks_up(capsys, twice):
    call(capsys, twice, "redundancy", "made", "--auto")
    call(capsys, twice, "redundancy", "made", "--auto", "--at", "0.9")
    assert [job.spec.command[-1] for job in jobs(twice)] == ["--auto"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "0.1"), "cannot be looked up; give whole hundredths from"),
        (("--keep", "best"), "There is no rule 'best' for whom to keep"),
        (("--ban", "--take-back"), "Both --ban and --take-back were given"),
        (("--theta", "1", "--auto"), "Give only one of --quantile, --theta and --auto"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(capsys, twice, words, said):
    assert said in call(capsys, twice, "redundancy", "made", *words, code=2)
