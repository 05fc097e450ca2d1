"""Labels by a language model: a server of this machine that is right, busy, wrong, silent, or cut off in between."""

import json
import os
import threading

import pytest

from core.__main__ import run
from core.errors import GamutError
from core.scores.labels.endpoint import Endpoint
from core.scores.labels.labels import LLM, labels_of
from core.scores.labels.llm import answers_path, features_to_ask, kept_answers, llm_path, write_with
from core.scores.labels.measure_texts import corpus_of, unmeasured
from core.scores.labels.prompts import SYSTEM, cost_of, prompts_for, read_answer
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.workspace import Workspace
from tests.scores.labels.served import asked_for, completion, labels_for, served

KEY = "sk-secret-key-of-a-test"


@pytest.fixture
def opened(made: Workspace) -> Analysis:
    return open_analysis(made, "made")


@pytest.fixture
def corpus(made, opened):
    return corpus_of(opened, Dataset(made, "made"))


def quietly(done, total, note):
    pass


def endpoint(address: str) -> Endpoint:
    return Endpoint(f"{address}/v1", "a-model", KEY, first_wait=0.01)


def test_every_feature_gets_the_label_it_was_given_and_the_key_goes_into_the_header_only(opened, corpus, made):
    seen = []

    def answer(path, headers, body):
        seen.append((path, headers.get("Authorization"), KEY.encode() in body, json.loads(body)["model"]))
        return 200, {}, labels_for(body)

    with served(answer) as address:
        told = write_with(opened, corpus, endpoint(address), range(12), progress=quietly)
    assert set(seen) == {("/v1/chat/completions", f"Bearer {KEY}", False, "a-model")}
    assert (told.new, told.labels, told.failed) == (12, 12, []) and told.tokens_in == 100 * len(seen)
    label = labels_of(made, opened).best(7)
    assert (label.text, label.origin, label.by) == ("about 7", LLM, "a-model")
    for path in made.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    assert KEY not in repr(endpoint("http://x"))


def test_a_busy_endpoint_is_asked_again_and_waited_for_as_it_says(opened, corpus):
    waits, times = [], {"n": 0}

    def answer(path, headers, body):
        times["n"] += 1
        if times["n"] <= 2:
            return (429, {"Retry-After": "3"}, b"slow down") if times["n"] == 1 else (503, {}, b"")
        return 200, {}, completion("ok")

    with served(answer) as address:
        said = endpoint(address).ask("s", "u", most=5, waiting=waits.append)
    assert said.text == "ok" and waits[0] == 3.0 and waits[1] >= 3.0 and len(waits) == 2


def test_a_cut_connection_and_malformed_answers_are_asked_again(opened, corpus):
    answers = iter([(0, {}, b""), (200, {}, b"<html>"), (200, {}, completion(None)), (200, {}, completion("ok"))])
    with served(lambda *_: next(answers)) as address:
        assert endpoint(address).ask("s", "u", most=5, waiting=lambda _: None).text == "ok"


def test_an_answer_cut_off_in_the_middle_is_asked_for_again():
    answers = iter([(200, {}, completion("half an answ")), (200, {}, completion("ok"))])

    def answer(path, headers, body):
        status, said, whole = next(answers)
        return (status, {"Content-Length": str(len(whole) + 50), "Connection": "close"}, whole) if b"half" in whole else (
            status, said, whole
        )  # fmt: skip

    with served(answer) as address:
        assert endpoint(address).ask("s", "u", most=5, waiting=lambda _: None).text == "ok"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_key_reaches_no_other_address(status):
    seen = []
    with served(lambda path, headers, body: (seen.append(headers), (200, {}, completion("ok")))[1]) as elsewhere:
        moved = {"Location": f"{elsewhere}/v1/chat/completions"}
        with served(lambda *_: (status, moved, b"")) as address, pytest.raises(GamutError, match="sends on to another"):
            endpoint(address).ask("s", "u", most=5, waiting=lambda _: None)
    assert seen == []


@pytest.mark.parametrize(
    "said", ["http://me:pass-word@host/v1", "https://pass-word@host", "http://me:pass-word@host:x"]
)
def test_an_address_with_a_password_is_refused_without_repeating_it(said):
    with pytest.raises(GamutError, match="user name or password") as refused:
        Endpoint.of_environment({"GAMUT_LLM_URL": said, "GAMUT_LLM_MODEL": "a-model"})
    assert "pass-word" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://me:pass-word@host/v1", "http://host:pass-word/v1", "http://host/pass-word here"]
)
def test_an_address_that_cannot_be_asked_is_not_repeated(opened, corpus, url):
    with pytest.raises(GamutError) as refused:
        write_with(opened, corpus, Endpoint(url, "a-model", ""), range(5), progress=quietly)
    assert "pass-word" not in str(refused.value)


@pytest.mark.parametrize(("status", "sentence"), [(401, "key in GAMUT_LLM_KEY is wrong"), (404, "no model 'a-model'")])
def test_what_no_patience_mends_stops_at_once_without_telling_the_key(opened, corpus, status, sentence):
    times = []

    def answer(path, headers, body):
        times.append(1)
        return status, {}, KEY.encode()

    with served(answer) as address, pytest.raises(GamutError, match=sentence) as refused:
        write_with(opened, corpus, endpoint(address), range(5), progress=quietly, at_once=1)
    assert len(times) == 1 and KEY not in str(refused.value)


def test_features_that_an_answer_leaves_out_are_asked_for_alone_and_then_told(opened, corpus):
    def answer(path, headers, body):
        asked = asked_for(body)
        if len(asked) > 1:  # a fence around it, a feature nobody asked for, and number 2 forgotten
            said = {str(feature): f"about {feature}" for feature in asked if feature not in (2, 3)} | {"39": "strange"}
            return 200, {}, completion("Here:\n```json\n" + json.dumps({"labels": said}) + "\n```")
        return 200, {}, completion("I cannot say.") if asked == [3] else labels_for(body)

    with served(answer) as address:
        told = write_with(opened, corpus, endpoint(address), range(5), progress=quietly)
    assert kept_answers(opened, "a-model") == {f: f"about {f}" for f in (0, 1, 2, 4)}
    assert told.failed == [3] and "1 features got no usable answer" in told.words()


def test_an_interrupted_run_keeps_its_answers_and_the_next_asks_only_for_the_rest(opened, corpus):
    asked = []
    lock = threading.Lock()

    def answer(path, headers, body):
        with lock:
            asked.extend(asked_for(body))
        return 200, {}, labels_for(body)

    class Stopped(Exception):
        pass

    def stop(done, total, note):
        if done >= 10:
            raise Stopped

    with served(answer) as address:
        with pytest.raises(Stopped):
            write_with(opened, corpus, endpoint(address), range(30), progress=stop, at_once=1)
        kept = set(kept_answers(opened, "a-model"))
        assert 10 <= len(kept) < 30 and llm_path(opened, "a-model").is_file()
        with answers_path(opened, "a-model").open("ab") as torn:
            torn.write(b'{"feature": 29, "te')  # a machine that died in the middle of a line
        asked.clear()
        told = write_with(opened, corpus, endpoint(address), range(30), progress=quietly)
    assert set(asked) == set(range(30)) - kept and told.labels == 30
    assert features_to_ask(opened, "a-model", 30) == [
        f for f in features_to_ask(opened, "another", 30) if f not in kept_answers(opened, "a-model")
    ]


def test_an_endpoint_that_never_answers_is_given_up_in_one_sentence(opened, corpus):
    with served(lambda *_: (500, {}, b"")) as address:
        patient = Endpoint(address, "a-model", "", first_wait=0.0001)
        with pytest.raises(GamutError, match="does not answer"):
            write_with(opened, corpus, patient, range(30), progress=quietly, at_once=4)


def test_prompts_show_marked_tokens_of_the_making_half_only_and_the_cost_follows_from_them(opened, corpus):
    prompts = prompts_for(opened, corpus, range(8))
    assert [prompt.features for prompt in prompts] == [(0, 1, 2, 3, 4), (5, 6, 7)]
    for prompt in prompts:
        assert "⟦" in prompt.text and "silent:\n- " in prompt.text
    cost = cost_of(prompts)
    characters = sum(len(SYSTEM) + len(prompt.text) for prompt in prompts)
    assert cost.features == 8 and characters / 3.5 <= cost.tokens_in <= characters / 3.5 + 2
    assert cost.price(2.0, 10.0) == pytest.approx((cost.tokens_in * 2 + cost.tokens_out * 10) / 1e6)


def test_only_labels_of_the_form_asked_for_are_read():
    assert read_answer('{"labels": {"1": " a  b ", "2": 7, "3": "", "9": "x"}}', [1, 2, 3]) == {1: "a b"}
    assert read_answer('{"1": "bare"}', [1]) == {1: "bare"}
    for strange in ("", "[]", "{", '{"labels": [1]}', '{"labels": {"1": "' + "x" * 201 + '"}}'):
        assert read_answer(strange, [1]) == {}


def test_the_command_tells_the_cost_first_then_writes_as_a_job_and_measures(made, monkeypatch, capsys):
    monkeypatch.delenv("GAMUT_LLM_URL", raising=False)
    words = ["--workspace", str(made.root), "--json", "label", "write", "made", "--most", "6"]
    assert run(words) == 2 and "GAMUT_LLM_URL" in capsys.readouterr().err
    asked = []

    def answer(path, headers, body):
        asked.append(1)
        return 200, {}, labels_for(body)

    with served(answer) as address:
        for name, value in {"URL": address, "MODEL": "a-model", "KEY": KEY}.items():
            monkeypatch.setenv(f"GAMUT_LLM_{name}", value)
        assert run([*words, "--price-in", "2"]) == 0
        cost = json.loads(capsys.readouterr().out)
        assert cost["features"] == 6 and cost["price"] == pytest.approx(cost["tokens_in"] * 2e-6) and not asked
        assert run([*words, "--yes"]) == 0
        assert json.loads(capsys.readouterr().out)["new"] == 6 and asked
    analysis = open_analysis(made, "made")
    measured = [
        label for labels in labels_of(made, analysis).of(range(40)).values() for label in labels if label.origin == LLM
    ]
    assert len(measured) == 6 and all(label.fidelity is not None for label in measured)
    assert os.environ["GAMUT_LLM_KEY"] == KEY
    for path in made.jobs.rglob("*"):
        assert not path.is_file() or KEY not in path.read_text()


def test_labels_of_a_second_run_are_measured_too(made, monkeypatch, capsys):
    words = ["--workspace", str(made.root), "--json", "label", "write", "made", "--yes", "--most"]
    analysis = open_analysis(made, "made")
    with served(lambda path, headers, body: (200, {}, labels_for(body))) as address:
        monkeypatch.setenv("GAMUT_LLM_URL", address)
        monkeypatch.setenv("GAMUT_LLM_MODEL", "a-model")
        for most in (3, 6):
            assert run([*words, str(most)]) == 0
            every = labels_of(made, analysis).of(range(analysis.n_features)).values()
            measured = [label.fidelity is not None for labels in every for label in labels if label.origin == LLM]
            assert measured == [True] * most
            assert unmeasured(made, analysis) == []
    capsys.readouterr()
