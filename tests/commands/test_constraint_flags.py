"""Constraints on the command line: each flag, what is said, what is refused, and that every later reader heeds them."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.__main__ import run
from core.commands.constraint_options import constraints_of
from core.export.constraint_words import constraint_words
from core.export.manifest import select_line
from core.export.verify import SAME, verify
from core.selection.constraints import Constraints
from core.selection.quotas import CAP, FLOOR, SHARE, Quota
from core.selection.saved import load_selection
from core.selection.specification import pool_of
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.sample_filter import Range, SampleFilter
from tests.sourced import sourced_workspace


@pytest.fixture(scope="module")
def sourced(tmp_path_factory):
    return sourced_workspace(tmp_path_factory.mktemp("sourced"))


def select(workspace, *words, name="s"):
    line = ["--workspace", str(workspace.root), "select", "sourced", *words, "--name", name, "--replace"]
    assert run(line) == 0
    return load_selection(workspace, name)


def groups(workspace, ids, column="source"):
    known = pool_of(
        open_analysis(workspace, "sourced"), Dataset(workspace, "sourced"), load_selection(workspace, "s").spec
    ).known
    grouping = known.groups(column)
    return [grouping.names[code] for code in grouping.codes[list(ids)]]


def test_a_cap_a_floor_and_shares_hold(sourced):
    plain = select(sourced, "--method", "longest", "--rows", "20").ids
    assert groups(sourced, plain).count("web") > 5
    capped = select(sourced, "--method", "longest", "--rows", "20", "--cap", "source=web:5").ids
    assert groups(sourced, capped).count("web") == 5
    each = select(sourced, "--method", "random", "--rows", "9", "--cap", "source:3").ids
    assert sorted(groups(sourced, each).count(name) for name in ("web", "book", "a=b:c")) == [3, 3, 3]
    floored = select(sourced, "--method", "longest", "--rows", "20", "--floor", "source=book:9").ids
    assert groups(sourced, floored).count("book") >= 9 and set(groups(sourced, floored[:9])) == {"book"}
    shared = select(
        sourced, "--method", "richest", "--rows", "10", "--share", "source=web:0.2", "--share", "source=book:0.5"
    ).ids
    assert [groups(sourced, shared).count(name) for name in ("web", "book", "a=b:c")] == [2, 5, 3]
    pool = select(sourced, "--method", "sae-greedy", "--rows", "25", "--share", "source").ids
    assert [groups(sourced, pool).count(name) for name in ("web", "book", "a=b:c")] == [15, 5, 5]


def test_lengths_scores_and_languages_decide_who_may_be_chosen(sourced):
    dataset = Dataset(sourced, "sourced")
    query = "SELECT tokens, response_tokens, quality FROM facts JOIN metadata USING (sample_id) ORDER BY sample_id"
    facts = dataset.cursor().execute(query).fetchall()
    found = select(
        sourced, "--method", "random", "--percent", "100", "--min-tokens", "12", "--max-response-tokens", "12",
        "--at-least", "quality=1.5", "--at-most", "quality=5",
    )  # fmt: skip
    fits = [i for i, (tokens, response, quality) in enumerate(facts)
            if tokens >= 12 and response <= 12 and quality is not None and 1.5 <= quality <= 5 and i != 7]  # fmt: skip
    assert sorted(found.ids) == fits and 3 < len(fits) < 50
    said = json.dumps({"tokens": {"low": 12, "high": None}})
    same = select(
        sourced, "--method", "random", "--percent", "100", "--only", said, "--max-response-tokens", "12",
        "--at-least", "quality=1.5", "--at-most", "quality=5",
    )  # fmt: skip
    assert same.spec == found.spec


def test_near_duplicates_are_passed_over_and_counted(sourced, capsys):
    found = select(sourced, "--method", "longest", "--rows", "8", "--near-duplicates", "0.2", "--theta", "0")
    pool = pool_of(open_analysis(sourced, "sourced"), Dataset(sourced, "sourced"), found.spec)
    rows = [set(pool.features.row(i).tolist()) for i in found.ids]
    assert all(len(a & b) <= 0.2 * len(a | b) for k, a in enumerate(rows) for b in rows[:k])
    assert "no two rows with more than 0.2 of their features alike:" in capsys.readouterr().out


def test_rows_that_do_not_fit_are_skipped_only_on_demand(sourced):
    stopped = select(sourced, "--method", "longest", "--tokens", "100")
    skipped = select(sourced, "--method", "longest", "--tokens", "100", "--skip-to-fit")
    assert stopped.tokens < skipped.tokens <= 100
    assert skipped.ids[: len(stopped.ids)] == stopped.ids and len(skipped.ids) > len(stopped.ids)


def test_kinds_of_features_are_left_out_of_the_sets(sourced):
    analysis, dataset = open_analysis(sourced, "sourced"), Dataset(sourced, "sourced")
    plain = select(sourced, "--method", "richest", "--rows", "20", "--theta", "0")
    found = select(sourced, "--method", "richest", "--rows", "20", "--theta", "0", "--without", "dense,dead")
    assert found.spec.without == ("dead", "dense")
    full, less = (pool_of(analysis, dataset, spec).features for spec in (plain.spec, found.spec))
    assert all(less.row(i).tolist() == [j for j in full.row(i).tolist() if j != 0] for i in range(60))
    assert full.richness.sum() == less.richness.sum() + 60 and less.n_features == full.n_features


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--rows", "30", "--cap", "source:5"], "The budget asks for 30 rows, but the constraints leave 15"),
        (
            ["--rows", "30", "--floor", "source=book:13"],
            "At least 13 rows of source = book are wanted, but 12 can be chosen",
        ),
        (["--rows", "3", "--floor", "source=book:5"], "take 5 rows, more than this budget of 3 rows buys"),
        (["--rows", "3", "--cap", "sauce=book:5"], "has no column 'sauce'; there are:"),
        (
            ["--rows", "3", "--cap", "source=wiki:5"],
            "No sample has source = 'wiki'; there are: 'a=b:c', 'book', 'web'.",
        ),
        (["--rows", "3", "--cap", "source=wiki"], "is not of the form COLUMN=VALUE:ROWS"),
        (
            ["--rows", "3", "--min-tokens", "5000", "--language", "de"],
            "No sample that may be chosen fits all of the filter",
        ),
        (
            ["--rows", "3", "--min-tokens", "5000"],
            "No sample that may be chosen fits “at least 5000 tokens”; loosen it.",
        ),
        (["--rows", "3", "--at-least", "quality"], "'quality' is not of the form COLUMN=NUMBER."),
        (["--rows", "3", "--at-least", "quality=nan"], "'quality=nan' is not of the form COLUMN=NUMBER."),
        (["--rows", "3", "--at-most", "quality=inf"], "'quality=inf' is not of the form COLUMN=NUMBER."),
        (["--tokens", "9" * 21, "--skip-to-fit"], "give a whole number from 1 upwards, of at most 18 digits."),
        (["--rows", "3", "--cap", "source=web:" + "9" * 21], "of at most 18 digits."),
        (["--rows", "3", "--only", '{"ids":' + "[" * 100_000], "--only is '{"),
        (["--rows", "3", "--only", "x"], "--only is 'x'; give a JSON object, in quotes."),
        (["--rows", "3", "--constraints", "{}", "--cap", "source:5"], "--constraints says them all"),
        (["--rows", "3", "--skip-to-fit"], "can only be skipped under a budget of tokens"),
        (["--rows", "3", "--without", "dull"], "There is no kind of features 'dull'"),
        (["--rows", "3", "--near-duplicates", "2"], "The cap on near-duplicates is 2.0; give a number from 0 to 1."),
    ],
)
def test_what_cannot_be_is_one_sentence(sourced, capsys, words, sentence):
    line = ["--workspace", str(sourced.root), "select", "sourced", "--method", "longest", *words, "--name", "bad"]
    assert run(line) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=6).map(str.strip).filter(bool)
quotas = st.builds(
    lambda kind, column, value, amount: Quota(
        kind=kind, column=column, value=value if kind != SHARE else value or "x", amount=amount / 20 if kind == SHARE else amount
    ),
    st.sampled_from([CAP, FLOOR, SHARE]), names, st.none() | names, st.integers(1, 20),
)  # fmt: skip


@given(
    quotas=st.lists(quotas, max_size=2, unique_by=lambda q: q.kind),
    alike=st.sampled_from([None, 0.8, 1.0]),
    low=st.integers(0, 9),
)
def test_the_words_of_any_constraints_are_read_back_as_the_same(quotas, alike, low):
    said = Constraints(only=SampleFilter(tokens=Range(low or None)), quotas=tuple(quotas), near_duplicates=alike)
    words = shlex.split(shlex.join(constraint_words(said)))
    given: dict = {}
    for flag, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(flag, []).append(value)
    assert said == constraints_of(
        whole=given.get("--constraints", [None])[0], cap=given.get("--cap"), floor=given.get("--floor"),
        share=given.get("--share"), only=given.get("--only", [None])[0],
        near_duplicates=float(given["--near-duplicates"][0]) if "--near-duplicates" in given else None,
        tokens=(None, None), response_tokens=(None, None), at_least=None, at_most=None, language=None,
    )  # fmt: skip


ALL = [
    "--cap", "source=web:9", "--floor", "source=book:3", "--share", "source", "--near-duplicates", "0.9", "--min-tokens", "11",
    "--without", "dense", "--pin", "3", "--ban", "4,9",
]  # fmt: skip


@pytest.mark.parametrize("budget", [["--rows", "20"], ["--tokens", "300", "--skip-to-fit"]])
def test_the_line_that_reproduces_a_selection_says_all_of_it_and_verify_recomputes_it(
    sourced, tmp_path, capsys, budget
):
    found = select(sourced, "--method", "sae-greedy", *budget, *ALL)
    line = shlex.split(select_line(found.spec, found.budget, name="again", dataset=Dataset(sourced, "sourced")))
    assert run([*line[3:], "--replace"]) == 0
    again = load_selection(sourced, "again")
    assert (again.ids, again.spec, again.budget) == (found.ids, found.spec, found.budget)
    assert run(["--workspace", str(sourced.root), "export", "s", "--to", str(tmp_path / "s.jsonl"), "--replace"]) == 0
    manifest = tmp_path / "s.jsonl.manifest.json"
    said = json.loads(manifest.read_text())
    assert (
        said["selection"]["spec"]["without"] == ["dense"]
        and said["selection"]["spec"]["constraints"]["near_duplicates"] == 0.9
    )
    assert any("--near-duplicates 0.9" in words for words in said["reproduce"])
    assert verify(sourced, manifest).code == SAME


def test_a_kept_ranking_under_constraints_is_read_back_whole(sourced, capsys):
    words = ["rank", "sourced", "--method", "random", "--cap", "source:4", "--near-duplicates", "0.7"]
    listings = []
    for _ in range(2):
        assert run(["--workspace", str(sourced.root), "--json", *words]) == 0
        listings.append(json.loads(capsys.readouterr().out))
    assert listings[0] == listings[1] and len(listings[0]) <= 12
    for _ in range(2):  # the second time out of the file
        line = ["--workspace", str(sourced.root), "select", "sourced", *words[2:], "--percent", "90", "--name", "x"]
        assert run(line) == 2
        assert "at most 4 rows of source = web" in capsys.readouterr().err
    found = select(sourced, *words[2:], "--rows", "5").ids
    assert [row["sample_id"] for row in listings[0][:5]] == list(found)
    assert np.unique(found).size == 5
