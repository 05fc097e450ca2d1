"""`inspect` on the command line says what the worker of the dashboard says."""

import json

import pytest

from core.__main__ import run
from core.activations.inspector import Inspector
from core.activations.reading import Reading
from core.datasets.sample import Turn
from core.jobs.start import command_line
from core.jobs.worker import Worker
from tests.activations.test_inspector import analysed
from tests.jobs.test_jobs import until


@pytest.fixture(scope="module")
def workspace(tiny, tmp_path_factory):
    return analysed(tmp_path_factory.mktemp("inspected"), tiny["model"], tiny["sae"], samples=12)[0]


def said(workspace, capsys, *words):
    assert run(["--workspace", str(workspace.root), "--json", "inspect", "d", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_line_and_the_worker_read_the_same(workspace, capsys):
    told = said(workspace, capsys, "--prompt", "Notes on 12.", "--response", "12 is 12", "--threads", "1")
    worker = Worker(
        command_line(workspace, ["inspector", "--minutes", "0.005", "--threads", "1"]), what="The inspector"
    )
    asked = {"analysis": "d", "turns": [["user", "Notes on 12."], ["assistant", "12 is 12"]]}
    reading = Reading.from_message(worker.ask(asked))
    until(lambda: worker.pid is None)  # idle
    own = Inspector(workspace, threads=1).read_turns("d", (Turn("user", "Notes on 12."), Turn("assistant", "12 is 12")))
    for lit in (reading.lit, own.lit):
        assert [f["feature"] for f in told["features"]] == lit.features.tolist()
        assert [f["max"] for f in told["features"]] == lit.maxima.tolist()
    assert told["tokens"] == list(reading.tokens) == list(own.tokens)
    assert [[n["neuron"] for n in layer] for layer in told["neurons"]] == reading.neuron_ids.tolist()


def test_a_stored_sample_and_a_plain_text_are_read_too(workspace, capsys):
    assert said(workspace, capsys, "--sample", "3")["features"]
    assert "".join(said(workspace, capsys, "--text", "Say it")["tokens"][1:]) == "Say it"
    assert run(["--workspace", str(workspace.root), "inspect", "d", "--text", "Say it", "--limit", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "tokens" in lines[0] and lines[1].split() == ["feature", "maximum", "tokens", "strongest", "at"]
    assert len([line for line in lines if line.startswith("layer ")]) == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["d"], "There is nothing to read"),
        (["d", "--sample", "99"], "There is no sample 99"),
        (["other", "--text", "x"], "There is no analysis called 'other'"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(workspace, capsys, words, sentence):
    assert run(["--workspace", str(workspace.root), "inspect", *words]) == 2
    assert sentence in capsys.readouterr().err
