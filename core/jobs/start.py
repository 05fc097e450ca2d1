"""Start a command of this program as a job of its own process group, and cancel it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core.jobs.run import new_id
from core.jobs.state import CANCEL, LOG, Job, JobSpec, job, write_spec
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def command_line(workspace: Workspace, words: list[str]) -> list[str]:
    """The whole command line of a command of this program."""
    return [sys.executable, "-m", "core", "--workspace", str(workspace.root.resolve()), *words]


def start(workspace: Workspace, *, title: str, command: list[str]) -> Job:
    """Start `python -m core --workspace W COMMAND… --job ID` in the background; it outlives whoever started it."""
    id = new_id()
    folder = workspace.jobs / id
    write_spec(folder, JobSpec(id, title, command, datetime.now(UTC).isoformat(timespec="milliseconds")))
    words = command_line(workspace, [*command, "--job", id])
    with (folder / LOG).open("ab") as log:
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    return job(workspace, id)


def cancel(watched: Job) -> None:
    """Ask a job to stop: it finishes the batch it is at, keeps what it has and can be started again."""
    (watched.folder / CANCEL).touch()
    if watched.progress.pid and not watched.ended:
        with suppress(ProcessLookupError):  # it may end by itself meanwhile
            os.kill(watched.progress.pid, signal.SIGTERM)


def again(workspace: Workspace, ended: Job) -> Job:
    """Start the command of an ended job once more; it goes on from what is there."""
    return start(workspace, title=ended.spec.title, command=ended.spec.command)
