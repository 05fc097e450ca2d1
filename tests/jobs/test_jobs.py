"""Jobs: one at a time, watched by lock, cancelled by file, and told apart when they die."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob, running
from core.jobs.start import cancel
from core.jobs.state import (
    CANCEL,
    CANCELLED,
    DIED,
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    JobProgress,
    JobSpec,
    job,
    jobs,
    write_progress,
    write_spec,
)
from core.workspace import Workspace

CHILD = """
import sys, time
from pathlib import Path
from core.jobs.run import JobCancelled, RunningJob, running
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


def test_jobs_take_their_turn_in_the_order_they_were_made(workspace):
    processes = [child(workspace, "0")]
    try:
        until(state_of(workspace, "0", RUNNING))
        for title in ("1", "2", "3"):
            processes.append(child(workspace, title))
            until(state_of(workspace, title, QUEUED))
        until(lambda: state_of(workspace, "3", QUEUED)().progress.note == "waiting for 3 other jobs")
        for done, next_up in (("0", "1"), ("1", "2"), ("2", "3")):
            cancel(state_of(workspace, done, RUNNING)())
            until(state_of(workspace, next_up, RUNNING))
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_waiting_job_can_be_cancelled_and_gives_up_its_place(workspace):
    processes = [child(workspace, title) for title in ("first",)]
    try:
        until(state_of(workspace, "first", RUNNING))
        processes.append(child(workspace, "second"))
        waiting = until(state_of(workspace, "second", QUEUED))
        cancel(waiting)
        until(state_of(workspace, "second", CANCELLED))
        assert processes[1].wait(timeout=20) != 0
        assert state_of(workspace, "first", RUNNING)()
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_dead_waiting_job_holds_up_nobody(workspace):
    processes = [child(workspace, "first")]
    try:
        until(state_of(workspace, "first", RUNNING))
        for title in ("second", "third"):
            processes.append(child(workspace, title))
            until(state_of(workspace, title, QUEUED))
        processes[1].kill()
        processes[1].wait()
        cancel(state_of(workspace, "first", RUNNING)())
        until(state_of(workspace, "third", RUNNING))
        assert state_of(workspace, "second", DIED)()
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_light_job_runs_beside_a_heavy_one(workspace):
    heavy = child(workspace, "heavy")
    try:
        until(state_of(workspace, "heavy", RUNNING))
        with running(workspace, id=None, title="light", command=[], unit="bytes", heavy=False):
            assert state_of(workspace, "light", RUNNING)() and state_of(workspace, "heavy", RUNNING)()
    finally:
        heavy.kill()
        heavy.wait()


def test_a_job_cancelled_before_it_began_does_nothing(workspace):
    write_spec(workspace.jobs / "j", JobSpec("j", "t", [], datetime.now(UTC).isoformat()))
    (workspace.jobs / "j" / CANCEL).touch()
    with pytest.raises(JobCancelled), running(workspace, id="j", title="t", command=[], unit="", heavy=False):
        raise AssertionError("it ran")
    assert job(workspace, "j").progress.state == CANCELLED


def test_the_rate_follows_the_last_half_minute(workspace, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("core.jobs.run.time.monotonic", lambda: now[0])
    me = RunningJob(workspace.jobs / "j", unit="tokens")
    for second in range(200):
        now[0] += 1
        me.progress(second if second < 100 else 100 + 10 * (second - 100), 1100, "reading")
    progress = job_progress(workspace.jobs / "j")
    assert progress.rate == pytest.approx(10, rel=0.05), "the slow beginning is forgotten"
    assert progress.seconds_left == pytest.approx((1100 - progress.done) / 10, rel=0.05)
    me.progress(0, 0, "writing the store")
    assert job_progress(workspace.jobs / "j").rate == 0


def job_progress(folder):
    return JobProgress(**json.loads((folder / "progress.json").read_text()))


@pytest.mark.parametrize("state", [QUEUED, RUNNING])
def test_after_the_machine_went_down_a_job_is_told_as_dead(workspace, state):
    """What a reboot leaves: the last progress, and a lock file that nobody holds."""
    folder = workspace.jobs / "j"
    write_spec(folder, JobSpec("j", "t", ["x"], "2026-01-01T00:00:00.000+00:00"))
    write_progress(folder, JobProgress(state, 5, 10, "rows", "working", 3.0, 1.0, os.getpid()))
    (folder / "lock").touch()
    assert job(workspace, "j").progress.state == DIED and job(workspace, "j").progress.done == 5
    (folder / "lock").unlink()
    assert job(workspace, "j").progress.state == DIED
    cancel(job(workspace, "j"))  # must not signal whoever has the pid now: us


def test_a_job_that_never_started_is_dead_after_a_minute_also_when_the_clock_went_back(workspace):
    for id, created in (("old", "2020-01-01T00:00:00+00:00"), ("future", "2099-01-01T00:00:00+00:00")):
        write_spec(workspace.jobs / id, JobSpec(id, "t", [], created))
        assert job(workspace, id).progress.state == DIED


@pytest.mark.parametrize("spec", ["", "[]", "{}", '{"id": 1}', '{"id":"a","title":"t","command":[],"created":"no"}'])
def test_a_damaged_job_hides_no_other(workspace, spec):
    with running(workspace, id=None, title="good", command=[], unit=""):
        pass
    (workspace.jobs / "bad").mkdir()
    (workspace.jobs / "bad" / "job.json").write_text(spec)
    assert [found.spec.title for found in jobs(workspace)] == ["good"]
    with pytest.raises(GamutError, match="is damaged"):
        job(workspace, "bad")


def test_a_damaged_progress_file_is_not_the_end_of_the_screen(workspace):
    with running(workspace, id=None, title="t", command=[], unit="") as me:
        pass
    (me.folder / "progress.json").write_text('{"state": "run')
    assert job(workspace, me.id).progress.note


def test_a_log_is_read_from_its_end(workspace):
    with running(workspace, id=None, title="t", command=[], unit="") as me:
        (me.folder / "log.txt").write_bytes(b"x" * 1_000_000 + "ende é".encode())
    assert job(workspace, me.id).log(last=10) == "xxxxende é"


def test_a_system_that_refuses_is_told_with_what_to_do(workspace):
    with pytest.raises(OSError), running(workspace, id=None, title="t", command=[], unit="") as me:
        raise OSError(28, "No space left on device", "x")
    assert job(workspace, me.id).progress.state == FAILED
    assert "No space left on device" in job(workspace, me.id).progress.note


def test_a_long_call_that_never_asks_is_interrupted_by_the_wish_to_stop(workspace):
    with (
        pytest.raises(JobCancelled),
        running(workspace, id=None, title="t", command=[], unit="") as me,
        me.interruptible(),
    ):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)
    assert job(workspace, me.id).progress.state == CANCELLED
