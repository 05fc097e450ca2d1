"""`neurons`: the same rows as the engine gives the screen, a pass that is kept, one neuron, and one line for wrong words."""

import csv

import numpy as np
import pytest

from core.scores.heatmap import strongest_of
from core.selection.neuron_answer import rows_of, sentence
from core.selection.neuron_picture import picture
from core.store.contents import Budgets
from core.store.datasets import Dataset
from tests.commands.test_command_line import call
from tests.made import SHAPE, made_analysis, made_records, write_jsonl
from tests.selection.test_neuron_picture import SOME, asked_of


def test_the_line_prints_what_the_screen_shows_and_writes_every_neuron(capsys, made, tmp_path):
    words = ("neurons", "compare", "made", SOME, "rest", "--top", 5)
    said = call(capsys, made, *words, "--csv", tmp_path / "all.csv", as_json=True)
    found = picture(asked_of(made, SOME, "rest"))
    rows = rows_of(found, "spread", strongest_of(found.in_spreads, 5))
    assert [(row["layer"], row["neuron"]) for row in said["rows"]] == [(row.layer, row.neuron) for row in rows]
    assert [row["spreads"] for row in said["rows"]] == [row.spreads for row in rows]
    assert said["sentence"] == sentence(found) and said["chance"]["limit"] == found.chance.limit
    with (tmp_path / "all.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == SHAPE.layers * SHAPE.neurons
    assert float(lines[117]["difference"]) == pytest.approx(found.difference[1, 17], rel=1e-8)
    assert sentence(found) in call(capsys, made, *words)


def test_what_the_store_has_no_room_for_is_read_again_and_kept(capsys, workspace, tmp_path, tiny):
    file = write_jsonl(
        tmp_path / "d.jsonl", [record | {"kind": "ab"[i % 2]} for i, record in enumerate(made_records(24))]
    )
    call(capsys, workspace, "datasets", "add", file, "--name", "d")
    pair = ("--model", tiny["model"], "--sae", tiny["sae"], "--no-pilot")
    call(capsys, workspace, "analyse", "d", *pair)
    call(capsys, workspace, "analyse", "d", *pair, "--name", "few", "--vector-bytes", 10)
    asked = ("kind=a", "kind=b", "--site", "residual")
    whole = call(capsys, workspace, "neurons", "compare", "d", *asked, "--top", 6, as_json=True)
    sums = call(capsys, workspace, "neurons", "compare", "few", *asked, "--any-length", as_json=True)
    assert sums["how"] == "sums" and sums["chance"] is None and sums["rows"][0]["spreads"] is None
    said = call(capsys, workspace, "neurons", "compare", "few", SOME, "rest", "--site", "residual", code=2)
    assert "does not keep" in said and "samples" in said and "neurons read few" in said
    read = call(capsys, workspace, "neurons", "read", "few", *asked, "--most", 0, as_json=True)
    again = call(capsys, workspace, "neurons", "compare", "few", *asked, "--top", 6, as_json=True)
    assert read["how"] == again["how"] == "read again"
    assert [(r["layer"], r["neuron"]) for r in again["rows"]] == [(r["layer"], r["neuron"]) for r in whole["rows"]]
    np.testing.assert_allclose(
        [r["spreads"] for r in again["rows"]], [r["spreads"] for r in whole["rows"]], rtol=1e-2, atol=1e-3
    )


def test_one_neuron_names_the_samples_at_both_ends(capsys, made):
    said = call(capsys, made, "neurons", "one", "made", "1.7", "--top", 3, as_json=True)
    means = [row["mean"] for row in said["highest"]]
    assert means == sorted(means, reverse=True) and said["lowest"][0]["mean"] < means[-1]
    assert "highest in" in call(capsys, made, "neurons", "one", "made", "1.7")


def test_an_analysis_without_room_for_neurons_says_what_reading_again_would_take(capsys, made):
    made_analysis(made, Dataset(made, "made"), id="fewfew", budgets=Budgets(vectors=40_000))
    said = call(capsys, made, "neurons", "compare", "fewfew", SOME, "rest", code=2)
    assert "60 samples" in said and "tokens, about" in said
    assert "python -m core neurons read fewfew" in said and "rest --site mlp --equal-length --most 1000" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("compare", "made", "nonsense"), "sample:ID, capability:NAME"),
        (("compare", "made", "all", "--unit", "metres"), "no unit 'metres'"),
        (("compare", "made", "all", "--site", "head"), "no site 'head'"),
        (("one", "made", "7"), "write LAYER.NUMBER"),
        (("one", "made", "9.1"), "There is no neuron 9.1"),
    ],
)
def test_wrong_words_are_one_line(capsys, made, words, sentence):
    assert sentence in call(capsys, made, "neurons", *words, code=2)
