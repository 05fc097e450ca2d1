"""`selections`: list, show, compare, import and stability say what the engine says."""

from __future__ import annotations

import json

import pytest

from core.__main__ import run
from core.export.manifest import select_line
from core.selection.compare import compare
from core.selection.saved import load_selection
from core.selection.specification import pool_of
from core.selection.stability import stability
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.made import made_records, write_jsonl


@pytest.fixture
def say(made, capsys):
    """Run a command with --json and read what it says."""

    def said(*words: str):
        assert run(["--workspace", str(made.root), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return said


@pytest.fixture
def two(say):
    say("select", "made", "--method", "sae-greedy", "--rows", "12", "--name", "a")
    say("select", "made", "--method", "random", "--rows", "20", "--pin", "9", "--name", "b")


def test_list_and_show(made, say, two, capsys):
    assert [(s["name"], s["method"], s["rows"]) for s in say("selections", "list")] == [
        ("a", "sae-greedy", 12), ("b", "random", 20)
    ]  # fmt: skip
    assert say("selections", "show", "b")["ids"] == list(load_selection(made, "b").ids)
    (made.selections / "c.json").write_text("{")
    assert run(["--workspace", str(made.root), "selections", "list"]) == 0
    assert "c.json is damaged" in capsys.readouterr().out
    assert run(["--workspace", str(made.root), "selections", "show", "b"]) == 0
    assert f"ids: {','.join(map(str, load_selection(made, 'b').ids))}" in capsys.readouterr().out


def test_compare_says_what_the_engine_says(made, say, two, capsys):
    a, b = load_selection(made, "a"), load_selection(made, "b")
    pool = pool_of(open_analysis(made, "made"), Dataset(made, "made"), a.spec)
    expected = compare(pool.features, pool.conversation_tokens, a.ids, b.ids, eligible=pool.eligible)
    said = say("selections", "compare", "a", "b")
    assert said["overlap"]["shared"] == expected.overlap.shared
    assert said["overlap"]["expected_jaccard"] == pytest.approx(expected.overlap.expected_jaccard)
    assert (said["only_a"], said["only_b"]) == (expected.only_a.tolist(), expected.only_b.tolist())
    assert (said["features_only_a"], said["features_only_b"]) == (
        expected.features_a.tolist(), expected.features_b.tolist()
    )  # fmt: skip
    assert run(["--workspace", str(made.root), "selections", "compare", "a", "b", "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert f"In both: {expected.overlap.shared} rows" in out and f"and {len(expected.only_b) - 1} more" in out


def test_import_matches_tells_and_is_made_again_by_its_own_line(made, say, tmp_path):
    records = made_records()
    file = write_jsonl(
        tmp_path / "x.jsonl", [records[i] for i in (30, 7, 8, 9)] + [{"instruction": "?", "response": "!"}]
    )
    said = say("selections", "import", str(file), "--analysis", "made", "--name", "theirs")
    assert (said["rows"], said["matched"]["missed"], said["matched"]["several"]) == (4, 1, 2)
    saved = load_selection(made, "theirs")
    line = select_line(saved.spec, saved.budget, name="again", dataset=Dataset(made, "made"))
    assert say(*line.split()[3:])["ids"] == [30, 7, 8, 9]


def test_a_long_list_of_ids_survives_its_own_line(made, say, tmp_path, monkeypatch):
    monkeypatch.setattr("core.export.manifest.IDS_A_WORD", 2)
    (tmp_path / "ids.txt").write_text("5\n1\n30\n2\n8\n")
    say("selections", "import", str(tmp_path / "ids.txt"), "--analysis", "made", "--name", "theirs")
    saved = load_selection(made, "theirs")
    line = select_line(saved.spec, saved.budget, name="again", dataset=Dataset(made, "made"))
    assert line.count("--option") == 3 and say(*line.split()[3:])["ids"] == [5, 1, 30, 2, 8]


def test_stability_says_what_the_engine_says(made, say, two):
    saved = load_selection(made, "a")
    pool = pool_of(open_analysis(made, "made"), Dataset(made, "made"), saved.spec)
    expected = stability(pool, saved.spec, saved.budget, runs=4, seed=2)
    said = say("selections", "stability", "a", "--runs", "4", "--seed", "2", "--settings")
    assert said["kept"] == pytest.approx(expected.kept.tolist())
    assert said["chosen_of_present"] == {
        str(i): [int(expected.chosen[i]), int(expected.present[i])] for i in saved.ids
    }  # fmt: skip
    assert {"tokens of the response", "quantile 0.9 of each feature"} <= {one["setting"] for one in said["settings"]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare", "a", "z"], "There is no selection 'z'; there are: a, b."),
        (["import", "nowhere.jsonl", "--analysis", "made", "--name", "x"], "There is no file or folder nowhere.jsonl"),
        (["stability", "a", "--share", "1"], "a share between 0 and 1"),
    ],
)
def test_wrong_words_are_one_sentence(made, two, capsys, words, sentence):
    assert run(["--workspace", str(made.root), "selections", *words]) == 2
    assert sentence in capsys.readouterr().err
