"""What a job folder says: its settings, its progress, and whether its process lives."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import GamutError
from core.files import write_json
from core.workspace import Workspace

SPEC, PROGRESS, LOG, LOCK, CANCEL = "job.json", "progress.json", "log.txt", "lock", "cancel"
WAITING, QUEUED, RUNNING, DONE, FAILED, CANCELLED, DIED = (
    "starting", "queued", "running", "done", "failed", "cancelled", "died"
)  # fmt: skip
START_SECONDS = 60  # a process that has not taken its lock by then will not
ENDED = frozenset({DONE, FAILED, CANCELLED, DIED})


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job was started to do: `command` are the words after `python -m core`."""

    id: str
    title: str
    command: list[str]
    created: str


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is: `done` of `total` units (0 while not known), seconds since it began, and what it does now.

    `rate`: units a second over the last half minute. `rows` and `rows_rate`: samples read and
    samples a second, where the units are something finer.
    """

    state: str = WAITING
    done: int = 0
    total: int = 0
    unit: str = ""
    note: str = ""
    seconds: float = 0.0
    rate: float = 0.0
    pid: int = 0
    rows: int = 0
    rows_rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go at the rate measured in this run, None while there is none."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.total else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its folder shows it at this moment."""

    folder: Path
    spec: JobSpec
    progress: JobProgress

    @property
    def ended(self) -> bool:
        return self.progress.state in ENDED

    def log(self, *, last: int = 20_000) -> str:
        """The last characters of what the job printed."""
        path = self.folder / LOG
        if not path.exists():
            return ""
        with path.open("rb") as said:
            said.seek(max(0, path.stat().st_size - 4 * last))
            return said.read().decode("utf-8", "replace")[-last:]


def write_spec(folder: Path, spec: JobSpec) -> None:
    write_json(folder / SPEC, asdict(spec))


def write_progress(folder: Path, progress: JobProgress) -> None:
    write_json(folder / PROGRESS, asdict(progress))


def overwrite_progress(folder: Path, progress: JobProgress) -> None:
    """Write into the file that is there, which takes no new room; not atomic, so only for a last word."""
    with (folder / PROGRESS).open("r+b") as out:
        out.write(json.dumps(asdict(progress)).encode())
        out.truncate()


def read_job(folder: Path) -> Job:
    """The job of a folder; one whose process died without a word is told by its free lock.

    Raises `GamutError` where the folder does not say what the job is.
    """
    try:
        spec = JobSpec(**json.loads((folder / SPEC).read_text()))
        datetime.fromisoformat(spec.created)
    except (ValueError, TypeError):
        raise GamutError(f"{folder / SPEC} is damaged; remove the folder, nothing else depends on it.") from None
    progress = _progress(folder)
    if progress.state not in ENDED and not _starting(spec, progress) and not _lives(folder):
        progress = _progress(folder)  # it may have ended between the two looks
        if progress.state not in ENDED:
            progress = JobProgress(
                **{
                    **asdict(progress),
                    "state": DIED,
                    "note": "its process ended without a word; start it again to go on",
                }
            )
    return Job(folder, spec, progress)


def _starting(spec: JobSpec, progress: JobProgress) -> bool:
    """Whether the process may still be on its way to take its lock."""
    age = datetime.now(UTC) - datetime.fromisoformat(spec.created)
    return progress.state == WAITING and abs(age.total_seconds()) < START_SECONDS  # the clock may have been set back


def _progress(folder: Path) -> JobProgress:
    path = folder / PROGRESS
    try:
        return JobProgress(**json.loads(path.read_text())) if path.exists() else JobProgress()
    except (ValueError, TypeError):
        return JobProgress(note="its progress file is damaged")


def _lives(folder: Path) -> bool:
    """Whether a process holds the job's lock: a pid may long belong to another process, a lock ends with its own."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a workspace that may only be read: nobody can run a job in it
        return False


def jobs(workspace: Workspace) -> list[Job]:
    """All jobs of a workspace that can be read, newest first."""
    found = []
    for path in workspace.jobs.glob(f"*/{SPEC}"):
        with suppress(GamutError, FileNotFoundError):  # a damaged or just removed job must not hide the others
            found.append(read_job(path.parent))
    return sorted(found, key=lambda job: (job.spec.created, job.spec.id), reverse=True)


def job(workspace: Workspace, id: str) -> Job:
    """The job of that id."""
    folder = workspace.jobs / id
    if not (folder / SPEC).is_file():
        raise GamutError(f"There is no job {id!r} in this workspace.")
    return read_job(folder)
