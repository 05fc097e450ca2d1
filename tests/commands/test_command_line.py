"""The command line: the whole way through, exit codes, one plain line for every wrong input."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import run
from tests.made import made_records, write_jsonl

ROOT = Path(__file__).resolve().parents[2]


def call(capsys, workspace, *words, code=0, as_json=False):
    """Run a command in this process; returns what it printed, parsed with as_json."""
    given = ["--workspace", str(workspace.root), *(["--json"] if as_json else []), *map(str, words)]
    assert run(given) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return json.loads(out) if as_json else (err if code else out)


def test_from_a_file_to_a_verified_export(capsys, workspace, tmp_path, tiny):
    file = write_jsonl(tmp_path / "d.jsonl", made_records(30))
    assert "30 samples (dolly)" in call(capsys, workspace, "datasets", "add", file, "--name", "d")
    pair = ("--model", tiny["model"], "--sae", tiny["sae"])
    made = call(capsys, workspace, "analyse", "d", *pair, as_json=True)
    again = call(capsys, workspace, "analyse", "d", *pair, "--name", "other", as_json=True)
    assert made == again, "the same analysis is not made twice"
    assert call(capsys, workspace, "analyses", "show", "d", as_json=True)["samples"] == 30
    stored = call(capsys, workspace, "analyses", "show", "d", "--hash").strip()
    assert len(stored) == 64
    ranked = call(capsys, workspace, "rank", "d", "--method", "sae-greedy", "--upto", 5, as_json=True)
    chosen = call(
        capsys, workspace, "select", "d", "--method", "sae-greedy", "--percent", 20, "--ban", "3,4", "--pin", 9, "--name", "s",
        as_json=True,
    )  # fmt: skip
    # 30 samples, one without a response, two banned: 27 are left; 20 % of them are 5.4, so 5
    assert chosen["rows"] == 5 and chosen["ids"][0] == 9 and not {3, 4, 7} & set(chosen["ids"])
    assert len(ranked) == 5
    to = tmp_path / "out.jsonl"
    assert "5 rows" in call(capsys, workspace, "export", "s", "--format", "messages", "--to", to)
    assert call(capsys, workspace, "verify", f"{to}.manifest.json", "--deep", 3, as_json=True)["code"] == 0
    to.write_text(to.read_text().replace("number", "Number", 1))
    assert "SHA-256" in capsys_text(capsys, workspace, "verify", f"{to}.manifest.json", code=1)
    to.unlink()
    assert "missing" in capsys_text(capsys, workspace, "verify", f"{to}.manifest.json", code=2)


def test_a_pool_is_joined_analysed_selected_on_top_of_its_base_and_verified(capsys, workspace, tmp_path, tiny):
    records = made_records(40)
    for name, part in (("old", records[:25]), ("new", records[25:])):
        call(capsys, workspace, "datasets", "add", write_jsonl(tmp_path / f"{name}.jsonl", part), "--name", name)
    said = call(capsys, workspace, "datasets", "pool", "both", "old", "new", "--base", "old")
    assert "40 samples of old (25, trained on already), new (15)" in said
    call(capsys, workspace, "analyse", "both", "--model", tiny["model"], "--sae", tiny["sae"])
    select = ("select", "both", "--method", "sae-greedy", "--rows", 6)
    added = call(capsys, workspace, *select, "--name", "added", as_json=True)
    assert len(added["ids"]) == 6 and min(added["ids"]) >= 25
    free = call(capsys, workspace, *select, "--base", "none", "--name", "free", as_json=True)
    assert min(free["ids"]) < 25
    refused = call(capsys, workspace, *select, "--base", "elsewhere", "--name", "x", code=2)
    assert "elsewhere cannot be the base; the data sets of the pool are: old, new" in refused
    for name, words in (("added", ""), ("free", "--base none")):
        to = tmp_path / f"{name}.jsonl"
        call(capsys, workspace, "export", name, "--to", to)
        assert call(capsys, workspace, "verify", f"{to}.manifest.json", as_json=True)["code"] == 0
        line = json.loads((tmp_path / f"{name}.jsonl.manifest.json").read_text())["reproduce"]
        assert any("datasets pool both old new --base old" in said for said in line)
        assert any(said.startswith("python -m core select") and words in said for said in line)


def capsys_text(capsys, workspace, *words, code):
    assert run(["--workspace", str(workspace.root), *map(str, words)]) == code
    out, err = capsys.readouterr()
    return out + err


def test_the_same_content_under_a_second_name_uses_the_analysis_that_is_there(capsys, workspace, tmp_path, tiny):
    file = write_jsonl(tmp_path / "d.jsonl", made_records(12))
    for name in ("one", "two"):
        call(capsys, workspace, "datasets", "add", file, "--name", name)
    pair = ("--model", tiny["model"], "--sae", tiny["sae"])
    assert "done" in call(capsys, workspace, "analyse", "one", *pair)
    assert "one (" in (said := call(capsys, workspace, "analyse", "two", *pair)) and "was there already" in said
    shutil.rmtree(workspace.datasets / "one")
    assert (
        call(capsys, workspace, "select", "one", "--method", "longest", "--rows", 3, "--name", "s", as_json=True)[
            "rows"
        ]
        == 3
    )


@pytest.mark.parametrize("method", ["sae-greedy", "random", "longest", "richest"])
def test_the_first_of_a_ranking_is_the_selection(capsys, made, method):
    ranked = call(capsys, made, "rank", "made", "--method", method, as_json=True)
    for rows in (1, 7, 30, 59):
        name = f"{method}-{rows}"
        chosen = call(capsys, made, "select", "made", "--method", method, "--rows", rows, "--name", name, as_json=True)
        assert chosen["ids"] == [row["sample_id"] for row in ranked[:rows]]


def test_a_seed_decides_random_alone(capsys, made):
    ids = [
        call(
            capsys,
            made,
            "select",
            "made",
            "--method",
            "random",
            "--rows",
            9,
            "--seed",
            seed,
            "--name",
            f"r{i}",
            as_json=True,
        )["ids"]
        for i, seed in enumerate((0, 1, 1))
    ]
    assert ids[0] != ids[1] == ids[2]
    assert "no option" in call(
        capsys, made, "select", "made", "--method", "longest", "--rows", 9, "--seed", 1, "--name", "x", code=2
    )


WRONG = [
    (("datasets", "add", "/no/such.jsonl", "--name", "x"), "There is no file"),
    (("datasets", "add", __file__, "--name", "x"), "is no data file Gamut knows"),
    (("datasets", "show", "nope"), "There is no data set 'nope'; there are: made"),
    (("analyse", "nope"), "There is no data set 'nope'"),
    (("analyse", "made", "--model", "/no/model"), "There is no model in /no/model"),
    (("analyse", "made", "--dtype", "int3"), "dtype 'int3' is not known"),
    (("analyse", "made", "--max-length", "1"), "at least 2 tokens"),
    (("analyses", "show", "nope"), "There is no analysis called 'nope'"),
    (("rank", "made", "--method", "best"), "There is no selection method"),
    (("rank", "made", "--method", "random", "--option", "speed=3"), "has no option"),
    (("rank", "made", "--method", "random", "--option", "seed"), "not of the form k=v"),
    (("rank", "made", "--method", "random", "--span", "middle"), "There is no span 'middle'"),
    (("rank", "made", "--method", "random", "--quantile", "2"), "give a number from 0 to 1"),
    (("rank", "made", "--method", "random", "--quantile", "0.5", "--theta", "1"), "give one of them"),
    (
        ("select", "made", "--method", "random", "--name", "x"),
        "give exactly one of rows, percent, tokens and trained tokens",
    ),
    (("select", "made", "--method", "random", "--rows", "61", "--name", "x"), "59 samples are available"),
    (("select", "made", "--method", "random", "--rows", "1", "--name", "a/b"), "cannot name a selection"),
    (
        ("select", "made", "--method", "random", "--rows", "1", "--pin", "3", "--ban", "3", "--name", "x"),
        "both pinned and banned",
    ),
    (("select", "made", "--method", "random", "--rows", "1", "--pin", "99", "--name", "x"), "does not exist"),
    (("select", "made", "--method", "random", "--rows", "1", "--pin", "one", "--name", "x"), "are not sample ids"),
    (("export", "nope", "--to", "o.json"), "There is no selection 'nope'"),
    (("verify", "/no/manifest.json"), "is not a manifest of Gamut"),
    (("frobnicate",), "No such command"),
    (("rank", "made"), "Missing option"),
    (("select", "made", "--rows", "many", "--method", "random", "--name", "x"), "Invalid value for '--rows'"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(map(str, words))[:40] for words, _ in WRONG])
def test_wrong_input_is_one_plain_line_and_exit_2(capsys, made, words, said):
    text = capsys_text(capsys, made, *words, code=2)
    line = text.strip().splitlines()[-1]
    assert said in line and "Traceback" not in text
    assert len([each for each in text.strip().splitlines() if not each.startswith("same:")]) == 1


def test_the_module_runs_as_a_program(made):
    words = [sys.executable, "-m", "core", "--workspace", str(made.root), "--json", "analyses", "list"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    assert done.returncode == 0 and json.loads(done.stdout)[0]["name"] == "made"
