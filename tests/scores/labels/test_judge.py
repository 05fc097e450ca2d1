"""Yes and no of a language model: a reader that understands is told from a swapped text, and asked nothing twice."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import run
from core.errors import GamutError
from core.scores.labels.endpoint import Endpoint
from core.scores.labels.judge import judge, prepare, read_yes
from core.scores.labels.labels import LLM, labels_of
from core.scores.labels.llm import llm_path
from core.scores.labels.make import make_labels
from core.scores.labels.measure_texts import corpus_of
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.derived import write_derived
from core.workspace import Workspace
from tests.scores.labels.conftest import ANYWHERE, AT_WORD
from tests.scores.labels.served import completion, served

TEXTS = {AT_WORD: "third words", ANYWHERE: "eleventh words"}
MEANT = {"third words": "⟦ w3⟧", "eleventh words": "⟦ w11⟧"}


@pytest.fixture
def written(planted_once: Workspace, tmp_path: Path) -> Workspace:
    """The planted workspace with labels that a model wrote, whose words stand nowhere in the data."""
    shutil.copytree(planted_once.root, tmp_path / "planted")
    workspace = Workspace(tmp_path / "planted")
    analysis = open_analysis(workspace, "made")
    shutil.rmtree(analysis.folder / "derived", ignore_errors=True)
    make_labels(analysis, Dataset(workspace, "made"), progress=quietly)
    columns = {"feature_id": np.array(list(TEXTS), np.int32), "text": list(TEXTS.values())}
    write_derived(llm_path(analysis, "writer"), {"origin": "llm", "by": "writer"}, columns)
    return workspace


def quietly(done, total, note):
    pass


def understanding(asked: list):
    """A reader that knows what the texts mean."""

    def answer(path, headers, body):
        user = json.loads(body)["messages"][1]["content"]
        asked.append(user)
        meant = MEANT[re.search("^Description: (.*)$", user, re.MULTILINE)[1]]
        yes = [int(line.split(".")[0]) for line in user.splitlines()[2:] if meant in line]
        return 200, {}, completion(json.dumps({"yes": yes}))

    return answer


def test_a_text_that_fits_is_told_from_a_swapped_one_and_no_question_is_asked_twice(written):
    analysis = open_analysis(written, "made")
    corpus, path, asked = corpus_of(analysis, Dataset(written, "made")), llm_path(analysis, "writer"), []
    with served(understanding(asked)) as address:
        endpoint = Endpoint(address, "reader", "")
        trial = prepare(analysis, corpus, path, "reader", most=10)
        assert len(trial.questions) == 2 * 2 * 3 and trial.cost.prompts == 12  # features × texts × parts
        assert judge(analysis, trial, endpoint, progress=quietly) == 2
        assert len(asked) == 12 and prepare(analysis, corpus, path, "reader", most=10).questions == []
    labels = labels_of(written, analysis)
    right, wrong = labels.best(AT_WORD), labels.best(ANYWHERE)
    assert right.origin == LLM and right.judged.accuracy.value == 1 and right.explains
    assert right.judged.null == pytest.approx(0.5, abs=0.1)
    assert "balanced accuracy 1.00" in right.fidelity_words() and "by reader" in right.fidelity_words()
    assert wrong.explains is False and wrong.fidelity_words().startswith(
        "explains nothing measurable: balanced accuracy"
    )
    best = {row["feature_id"]: row["explains"] for row in labels.best_table.to_pylist()}
    assert best[AT_WORD] is True and best[ANYWHERE] is False


def test_asking_about_fewer_later_takes_no_judgement_away(written):
    analysis = open_analysis(written, "made")
    corpus, path, asked = corpus_of(analysis, Dataset(written, "made")), llm_path(analysis, "writer"), []
    with served(understanding(asked)) as address:
        endpoint = Endpoint(address, "reader", "")
        for most in (10, 1):
            trial = prepare(analysis, corpus, path, "reader", most=most)
            assert judge(analysis, trial, endpoint, progress=quietly) == 2
            labels = labels_of(written, analysis)
            judged = [labels.best(feature).judged for feature in (AT_WORD, ANYWHERE)]
            assert all(found is not None and found.null == pytest.approx(0.5, abs=0.1) for found in judged)
    assert len(asked) == 12


def test_answers_of_another_form_are_no_answers_and_asked_for_again(written):
    analysis = open_analysis(written, "made")
    corpus, path = corpus_of(analysis, Dataset(written, "made")), llm_path(analysis, "writer")
    with served(lambda *_: (200, {}, completion("All of them!"))) as address:
        trial = prepare(analysis, corpus, path, "reader", most=1)
        assert judge(analysis, trial, Endpoint(address, "reader", ""), progress=quietly) == 0
    assert len(prepare(analysis, corpus, path, "reader", most=1).questions) == len(trial.questions)
    assert labels_of(written, analysis).best(AT_WORD).judged is None
    assert read_yes('Sure: {"yes": [1, "2"]}') == {1, 2} and read_yes('{"yes": []}') == set()
    for strange in ("", "{}", '{"yes": 3}', '{"yes": [0]}', '{"yes": [21]}', '{"yes": ["a"]}', "[1]"):
        assert read_yes(strange) is None


def test_the_command_tells_the_cost_first_and_refuses_where_there_is_nothing_to_judge(
    written, made, monkeypatch, capsys
):
    asked = []
    with served(understanding(asked)) as address:
        monkeypatch.setenv("GAMUT_LLM_URL", address)
        monkeypatch.setenv("GAMUT_LLM_MODEL", "reader")
        words = ["--workspace", str(written.root), "--json", "label", "judge", "made"]
        assert run(words) == 0
        assert json.loads(capsys.readouterr().out)["prompts"] == 12 and not asked
        assert run([*words, "--yes"]) == 0
        assert json.loads(capsys.readouterr().out) == {"judged": 2, "too_few": 0} and len(asked) == 12
    assert run(["--workspace", str(made.root), "label", "judge", "made"]) == 2
    assert "no imported or written labels" in capsys.readouterr().err


def test_judging_needs_held_out_contexts(made):
    analysis = open_analysis(made, "made")
    write_derived(
        llm_path(analysis, "w"), {"origin": "llm", "by": "w"}, {"feature_id": np.array([1], np.int32), "text": ["a"]}
    )
    with pytest.raises(GamutError, match="no held-out contexts yet"):
        prepare(analysis, corpus_of(analysis, Dataset(made, "made")), llm_path(analysis, "w"), "reader", most=1)
