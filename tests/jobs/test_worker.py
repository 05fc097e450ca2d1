"""A worker answers in turn, ends when nobody is there to ask, and its death is a sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from core.errors import GamutError
from core.jobs.worker import Overtaken, Worker
from tests.jobs.test_jobs import until

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import os, sys, time
from core.errors import GamutError
from core.jobs.serve import serve

def answer(question):
    kind, value = next(iter(question.items()))
    if kind == "sleep":
        time.sleep(value)
    if kind == "sentence":
        raise GamutError(value)
    if kind == "defect":
        raise ValueError(value)
    if kind == "exit":
        os._exit(value)
    if kind == "print":
        print(value)
        sys.stdout.flush()
    return {"said": value, "pid": os.getpid()}

serve(answer, idle_seconds=float(sys.argv[1]))
"""
PARENT = """
import sys, time
from threading import Thread
from core.jobs.worker import Worker
worker = Worker([sys.executable, "-c", sys.argv[1], "600"], what="It")
print(worker.ask({"say": 1})["pid"], flush=True)
if sys.argv[2] == "busy":
    Thread(target=worker.ask, args=({"sleep": 600},), daemon=True).start()
time.sleep(600)
"""


@pytest.fixture
def worker():
    made = Worker([sys.executable, "-c", SERVE, "600"], what="The echo")
    yield made
    made.stop()


def lives(pid: int) -> bool:
    """Whether a process lives; one that ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_starts_at_the_first_question_and_keeps_its_process(worker):
    assert worker.pid is None
    first = worker.ask({"say": "é\ud83d"})
    assert first == {"said": "é\ud83d", "pid": worker.pid}
    assert worker.ask({"say": "x" * 3_000_000})["said"] == "x" * 3_000_000
    assert worker.ask({"say": 1})["pid"] == first["pid"]


def test_what_a_library_prints_does_not_fall_among_the_answers(worker):
    assert worker.ask({"print": "loading ..."})["said"] == "loading ..."
    assert worker.ask({"say": 2})["said"] == 2


def test_a_sentence_comes_back_as_one_and_a_defect_without_the_words_of_the_user(worker, capfd):
    with pytest.raises(GamutError, match="^no such text$"):
        worker.ask({"sentence": "no such text"})
    with pytest.raises(GamutError, match=r"A defect of the program \(ValueError\)"):
        worker.ask({"defect": "secret words"})
    assert worker.ask({"say": 1})["said"] == 1
    told = capfd.readouterr()
    assert "secret words" not in told.err + told.out and "in answer" in told.err


def test_a_worker_killed_between_questions_is_started_anew_without_a_word(worker):
    before = worker.ask({"say": 1})["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: worker.pid is None)
    assert worker.ask({"say": 2})["pid"] != before


def test_a_worker_killed_at_a_question_is_a_sentence_and_the_next_question_is_answered(worker):
    pid = worker.ask({"say": 1})["pid"]
    said = []

    def ask():
        try:
            worker.ask({"sleep": 60})
        except GamutError as error:
            said.append(str(error))

    asking = Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    asking.join(timeout=20)
    assert len(said) == 1 and said[0].startswith("The echo was ended from outside (signal 9;")
    assert worker.ask({"say": 2})["said"] == 2
    with pytest.raises(GamutError, match=r"ended by itself \(exit code 3\); ask again"):
        worker.ask({"exit": 3})
    assert worker.ask({"say": 3})["said"] == 3


def test_a_worker_that_gives_no_answer_is_stopped():
    worker = Worker([sys.executable, "-c", SERVE, "600"], what="The echo")
    pid = worker.ask({"say": 1})["pid"]
    worker._patience = 0.5
    with pytest.raises(GamutError, match=r"gave no answer in 0 s and was stopped|gave no answer in 1 s"):
        worker.ask({"sleep": 60})
    assert not lives(pid) and worker.pid is None


def test_an_idle_worker_leaves_no_process_and_the_next_question_starts_another():
    worker = Worker([sys.executable, "-c", SERVE, "0.3"], what="The echo")
    pid = worker.ask({"say": 1})["pid"]
    until(lambda: not lives(pid))
    assert worker.ask({"say": 2})["pid"] != pid
    worker.stop()


def test_a_question_that_meets_a_worker_about_to_end_is_asked_again():
    """It ends as the question is on its way: whatever the moment, there is an answer."""
    worker = Worker([sys.executable, "-c", SERVE, "0.05"], what="The echo")
    for wait in (0.02, 0.04, 0.045, 0.05, 0.055, 0.06, 0.08):
        assert worker.ask({"say": wait})["said"] == wait
        time.sleep(wait)
    worker.stop()


@pytest.mark.parametrize("busy", ["idle", "busy"])
def test_a_worker_ends_with_its_parent_even_a_killed_one(busy):
    words = [sys.executable, "-c", PARENT, SERVE, busy]
    parent = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        assert lives(pid)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    until(lambda: not lives(pid), seconds=10)


def test_a_forgotten_worker_ends():
    worker = Worker([sys.executable, "-c", SERVE, "600"], what="The echo")
    pid = worker.ask({"say": 1})["pid"]
    del worker
    until(lambda: not lives(pid), seconds=10)


def test_many_askers_are_answered_in_turn_each_with_its_own(worker):
    worker.ask({"say": 0})
    said = {}
    threads = [Thread(target=lambda i=i: said.update({i: worker.ask({"say": i})["said"]})) for i in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert said == {i: i for i in range(40)}


def test_of_one_asker_only_the_newest_question_waits(worker):
    worker.ask({"say": 0})
    ended = {}

    def ask(name, asker, question):
        try:
            ended[name] = worker.ask(question, asker=asker)["said"]
        except Overtaken:
            ended[name] = "overtaken"

    threads = []
    for name, asker, question in (
        ("running", "a", {"sleep": 1.0}), ("old", "a", {"say": 1}), ("other", "b", {"say": 2}), ("new", "a", {"say": 3})
    ):  # fmt: skip
        threads.append(Thread(target=ask, args=(name, asker, question)))
        threads[-1].start()
        time.sleep(0.15)
    assert ended == {"old": "overtaken"}, "it is told at once, not when its turn comes"
    for thread in threads:
        thread.join(timeout=30)
    assert ended == {"running": 1.0, "old": "overtaken", "other": 2, "new": 3}
