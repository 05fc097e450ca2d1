"""How long an analysis really takes and how much memory, over all its runs, to hold beside the estimate."""

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from core.activations.pilot_report import Actual, read_actual, write_actual

EVERY = 2.0  # seconds between two notes: what a kill takes from the sum


def peak_memory() -> int:
    """The most bytes of memory that this process has held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Meter:
    """Adds the time of one run to that of the runs before, which it finds in the unfinished folder."""

    def __init__(self, partial: Path) -> None:
        self._folder = partial
        before = read_actual(partial)
        self._runs = before.runs + 1 if before else 1
        self._stages = dict(before.stages) if before else {}
        self._memory = before.memory_bytes if before else 0
        self._note = ""
        self._since = self._written = time.monotonic()

    def tick(self, note: str) -> None:
        """Take note of what is being done now; written every other second."""
        now = time.monotonic()
        if self._note:
            self._stages[self._note] = self._stages.get(self._note, 0.0) + now - self._since
        self._since = now
        if note != self._note or now - self._written >= EVERY:
            self._written = now
            if self._folder.is_dir():
                self._write(self._folder, 0)
        self._note = note

    def finish(self, final: Path) -> None:
        """Write the sums into the finished folder."""
        self.tick("")
        disk = sum(path.stat().st_size for path in final.rglob("*") if path.is_file())
        self._write(final, disk)

    def _write(self, folder: Path, disk: int) -> None:
        self._memory = max(self._memory, peak_memory())
        stages = {note: round(seconds, 3) for note, seconds in self._stages.items()}
        # a full disk is for the analysis to tell, not for its clock
        with suppress(OSError):
            write_actual(folder, Actual(sum(stages.values()), self._runs, self._memory, disk, stages))
