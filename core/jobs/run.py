"""Be a job: hold the lock, wait for one's turn, tell the progress, and end as done, failed or cancelled."""

import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb
from filelock import FileLock, Timeout

from core.errors import GamutError
from core.jobs.state import (
    CANCEL,
    CANCELLED,
    DONE,
    FAILED,
    LOCK,
    QUEUED,
    RUNNING,
    JobProgress,
    JobSpec,
    jobs,
    overwrite_progress,
    write_progress,
    write_spec,
)  # fmt: skip
from core.store.duck import unreadable
from core.workspace import Workspace

EVERY = 0.5  # seconds between two progress files
OVER = 30.0  # seconds that a rate is measured over: what began slowly is soon forgotten, a slow batch does not alarm
TURN = "heavy.lock"  # one heavy job per workspace at a time: two would share the processors and end later, both


class JobCancelled(Exception):
    """Raised out of a job that was asked to stop."""


class RunningJob:
    """The side of a job that its own process holds."""

    def __init__(self, folder: Path, *, unit: str) -> None:
        self.folder = folder
        self.id = folder.name
        self._unit = unit
        self._began = time.monotonic()
        self._seen: deque[tuple[float, int, int]] = deque()
        self._written = 0.0
        self._last = JobProgress(state=RUNNING, unit=unit, pid=os.getpid())
        self._terminated = False
        self._interruptible = False

    def progress(self, done: int, total: int, note: str, rows: int = 0) -> None:
        """Tell how far the job is, with `rows` read where it counts something finer; cheap enough to call often."""
        now = time.monotonic()
        rate, rows_rate = self._rates(now, done, total, rows)
        before = self._last
        self._last = JobProgress(
            RUNNING, done, total, self._unit, note, now - self._began, rate, os.getpid(), rows, rows_rate
        )
        if note != before.note or now - self._written >= EVERY:
            self._written = now
            with suppress(OSError):  # a full disk is for the work to meet and to tell, not for its progress bar
                write_progress(self.folder, self._last)

    def _rates(self, now: float, done: int, total: int, rows: int) -> tuple[float, float]:
        """Units and rows a second over the last half minute; 0 while nothing is counted."""
        if not total or (self._seen and done < self._seen[-1][1]):
            self._seen.clear()
            if not total:
                return 0.0, 0.0
        self._seen.append((now, done, rows))
        while len(self._seen) > 2 and now - self._seen[1][0] >= OVER:
            self._seen.popleft()
        (since, units, before), (until, *_) = self._seen[0], self._seen[-1]
        took = until - since
        return ((done - units) / took, (rows - before) / took) if took > 0 else (0.0, 0.0)

    def stop(self) -> bool:
        """Whether the job was asked to stop: by its cancel file or by SIGTERM."""
        return self._terminated or (self.folder / CANCEL).exists()

    def terminate(self, number: int, _frame: object) -> None:
        """Take SIGTERM or Ctrl-C as a wish to stop at the next good moment; a second Ctrl-C stops at once."""
        if number == signal.SIGINT and self._terminated:
            raise KeyboardInterrupt
        self._terminated = True
        if self._interruptible:
            raise JobCancelled

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Around one long call of a library that never asks: the wish to stop is raised out of it."""
        self._interruptible = True
        try:
            if self.stop():
                raise JobCancelled
            yield
        finally:
            self._interruptible = False

    def end(self, state: str, note: str) -> None:
        """Tell how it ended: on a full disk in the place that the last progress takes; failing that, the free lock tells."""
        ended = replace(self._last, state=state, note=note, seconds=time.monotonic() - self._began)
        try:
            write_progress(self.folder, ended)
        except OSError:
            with suppress(OSError):
                overwrite_progress(self.folder, ended)

    def wait_for_turn(self, workspace: Workspace, turn: FileLock) -> None:
        """Queue until no other heavy job of the workspace runs and none that was made earlier waits."""
        since = time.monotonic()
        said = ""
        while True:
            if self.stop():
                raise JobCancelled
            before = _before_me(workspace, self.id) if said else 0
            if not before:
                try:
                    turn.acquire(timeout=0.2)
                    return
                except Timeout:
                    pass
            note = f"waiting for {before + 1} other jobs" if before else "waiting for another job"
            if note != said:
                waited = time.monotonic() - since
                write_progress(self.folder, JobProgress(QUEUED, note=note, seconds=waited, pid=os.getpid()))
                if not said:
                    print("Waiting for another job of this workspace to end.", file=sys.stderr)
                said = note
            time.sleep(0.1)


def _before_me(workspace: Workspace, id: str) -> int:
    """How many living jobs wait that were made before the job `id`."""
    found = jobs(workspace)
    me = next(job for job in found if job.spec.id == id)
    mine = (me.spec.created, id)
    return sum(job.progress.state == QUEUED and (job.spec.created, job.spec.id) < mine for job in found)


@contextmanager
def running(
    workspace: Workspace, *, id: str | None, title: str, command: list[str], unit: str, heavy: bool = True
) -> Iterator[RunningJob]:
    """Run the body as a job: a new one, or the one `id` that a dashboard has made for this process.

    A `heavy` job waits for its turn, as only one of them runs in a workspace at a time; a light one runs at once.
    """
    folder = workspace.jobs / (id or new_id())
    if id is None:
        write_spec(folder, JobSpec(folder.name, title, command, datetime.now(UTC).isoformat(timespec="milliseconds")))
    me = RunningJob(folder, unit=unit)
    before = {number: signal.signal(number, me.terminate) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        # A dashboard that looks whether the job lives holds the lock for an instant, hence the patience.
        with FileLock(folder / LOCK, timeout=10), _outcome_told(me), _turn(workspace, me, heavy):
            me.progress(0, 0, "starting")
            yield me
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _turn(workspace: Workspace, me: RunningJob, heavy: bool) -> Iterator[None]:
    if me.stop():
        raise JobCancelled
    if not heavy:
        yield
        return
    turn = FileLock(workspace.jobs / TURN)
    me.wait_for_turn(workspace, turn)
    try:
        yield
    finally:
        turn.release()


@contextmanager
def _outcome_told(me: RunningJob) -> Iterator[None]:
    try:
        yield
    except JobCancelled:
        me.end(CANCELLED, "cancelled; start it again to go on from here")
        raise
    except (GamutError, KeyboardInterrupt) as error:
        me.end(FAILED, str(error) or "interrupted; start it again to go on from here")
        raise
    except duckdb.Error as error:
        me.end(FAILED, unreadable(error))
        raise
    except OSError as error:
        why = error.strerror or str(error)
        me.end(FAILED, f"the system refused ({why}); free space or mend the rights, then start it again to go on")
        raise
    except BaseException as error:
        me.end(FAILED, f"a defect of the program ({type(error).__name__}); the log has the details")
        traceback.print_exc()
        raise
    else:
        me.end(DONE, "done")


def new_id() -> str:
    """A new job id: the time, so that folders sort, and a few random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"
