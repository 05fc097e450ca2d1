"""Jobs: one at a time, watched by lock, cancelled by file, and told apart when they die."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import GamutError
from core.jobs.run import JobCancelled, running
from core.jobs.start import cancel
from core.jobs.state import CANCELLED, DIED, DONE, FAILED, QUEUED, RUNNING, job, jobs
from core.workspace import Workspace

CHILD = """
import sys, time
from pathlib import Path
from core.jobs.run import JobCancelled, running
from core.workspace import Workspace
with running(Workspace(Path(sys.argv[1])), id=None, title=sys.argv[2], command=["x"], unit="rows") as me:
    for done in range(1000):
        me.progress(done, 1000, "working")
        if me.stop():
            raise JobCancelled
        time.sleep(0.05)
"""


def child(workspace: Workspace, title: str) -> subprocess.Popen:
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-c", CHILD, str(workspace.root), title]
    return subprocess.Popen(words, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")


def state_of(workspace, title, state):
    return lambda: next((j for j in jobs(workspace) if j.spec.title == title and j.progress.state == state), None)


def test_a_job_tells_its_progress_and_its_end(workspace):
    with running(workspace, id=None, title="t", command=["c"], unit="tokens") as me:
        me.progress(0, 10, "reading")
        time.sleep(0.02)
        me.progress(5, 10, "writing")
        seen = job(workspace, me.id)
        assert (seen.progress.state, seen.progress.done, seen.progress.total, seen.progress.note) == (
            RUNNING,
            5,
            10,
            "writing",
        )
        assert seen.progress.seconds_left > 0 and not seen.ended
    assert job(workspace, me.id).progress.state == DONE


@pytest.mark.parametrize(
    ("error", "state", "note"),
    [
        (GamutError("no such thing"), FAILED, "no such thing"),
        (JobCancelled(), CANCELLED, "start it again"),
        (ZeroDivisionError(), FAILED, "a defect"),
    ],
)
def test_every_end_is_told(workspace, error, state, note):
    with pytest.raises(type(error)), running(workspace, id=None, title="t", command=[], unit="") as me:
        raise error
    ended = job(workspace, me.id)
    assert ended.progress.state == state and note in ended.progress.note and ended.ended


def test_a_second_heavy_job_waits_for_the_first(workspace):
    first = child(workspace, "first")
    try:
        until(state_of(workspace, "first", RUNNING))
        second = child(workspace, "second")
        try:
            until(state_of(workspace, "second", QUEUED))
            cancel(state_of(workspace, "first", RUNNING)())
            until(state_of(workspace, "first", CANCELLED))
            until(state_of(workspace, "second", RUNNING))
        finally:
            second.kill()
            second.wait()
    finally:
        first.kill()
        first.wait()
    assert until(state_of(workspace, "second", DIED)).ended


def test_a_killed_job_is_told_by_its_free_lock_not_its_pid(workspace):
    process = child(workspace, "t")
    running_job = until(state_of(workspace, "t", RUNNING))
    process.kill()
    process.wait()
    said = json.loads((running_job.folder / "progress.json").read_text())
    said["pid"] = os.getpid()  # a pid that lives, but is another process
    (running_job.folder / "progress.json").write_text(json.dumps(said))
    assert job(workspace, running_job.spec.id).progress.state == DIED


def test_an_unknown_job_is_a_sentence(workspace):
    with pytest.raises(GamutError, match="There is no job 'x'"):
        job(workspace, "x")
