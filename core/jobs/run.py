"""Be a job: hold the lock, wait for one's turn, tell the progress, and end as done, failed or cancelled."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

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
    write_progress,
    write_spec,
)  # fmt: skip
from core.workspace import Workspace

EVERY = 0.5  # seconds between two progress files
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
        self._counting_from: tuple[float, int] | None = None
        self._written = 0.0
        self._last = JobProgress(state=RUNNING, unit=unit, pid=os.getpid())
        self._terminated = False

    def progress(self, done: int, total: int, note: str) -> None:
        """Tell how far the job is; cheap enough to call as often as one likes."""
        now = time.monotonic()
        if total and self._counting_from is None:
            self._counting_from = (now, done)
        rate = 0.0
        if self._counting_from is not None and now > self._counting_from[0]:
            rate = (done - self._counting_from[1]) / (now - self._counting_from[0])
        said = self._last.note
        self._last = JobProgress(RUNNING, done, total, self._unit, note, now - self._began, rate, os.getpid())
        if note != said or now - self._written >= EVERY:
            self._written = now
            write_progress(self.folder, self._last)

    def stop(self) -> bool:
        """Whether the job was asked to stop: by its cancel file or by SIGTERM."""
        return self._terminated or (self.folder / CANCEL).exists()

    def terminate(self, number: int, _frame: object) -> None:
        """Take SIGTERM or Ctrl-C as a wish to stop at the next good moment; a second Ctrl-C stops at once."""
        if number == signal.SIGINT and self._terminated:
            raise KeyboardInterrupt
        self._terminated = True

    def end(self, state: str, note: str) -> None:
        last = self._last
        seconds = time.monotonic() - self._began
        write_progress(
            self.folder, JobProgress(state, last.done, last.total, last.unit, note, seconds, last.rate, os.getpid())
        )

    def wait_for_turn(self, turn: FileLock) -> None:
        """Queue until no other heavy job of the workspace runs."""
        queued = False
        while True:
            if self.stop():
                raise JobCancelled
            try:
                turn.acquire(timeout=0.2)
                return
            except Timeout:
                if not queued:
                    write_progress(self.folder, JobProgress(QUEUED, note="waiting for another job", pid=os.getpid()))
                    print("Waiting for another job of this workspace to end.", file=sys.stderr)
                    queued = True


@contextmanager
def running(workspace: Workspace, *, id: str | None, title: str, command: list[str], unit: str) -> Iterator[RunningJob]:
    """Run the body as a job: a new one, or the one `id` that a dashboard has made for this process."""
    folder = workspace.jobs / (id or new_id())
    if id is None:
        write_spec(folder, JobSpec(folder.name, title, command, datetime.now(UTC).isoformat(timespec="milliseconds")))
    me = RunningJob(folder, unit=unit)
    before = {number: signal.signal(number, me.terminate) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        # A dashboard that looks whether the job lives holds the lock for an instant, hence the patience.
        with FileLock(folder / LOCK, timeout=10), _outcome_told(me):
            turn = FileLock(workspace.jobs / TURN)
            me.wait_for_turn(turn)
            try:
                me.progress(0, 0, "starting")
                yield me
            finally:
                turn.release()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
    except BaseException as error:
        me.end(FAILED, f"a defect of the program ({type(error).__name__}); the log has the details")
        traceback.print_exc()
        raise
    else:
        me.end(DONE, "done")


def new_id() -> str:
    """A new job id: the time, so that folders sort, and a few random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"
