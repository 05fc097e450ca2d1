"""A process that answers: started at the first question, kept while it is asked, started anew when it has ended."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from typing import Any, BinaryIO, cast
from weakref import finalize

from core.errors import GamutError
from core.jobs.frames import receive, send
from core.jobs.start import ROOT


class Overtaken(Exception):
    """A newer question of the same asker has come, so that this one is not worth an answer any more."""


class Worker:
    """A command of this program that answers questions over pipes, one at a time; many threads may ask.

    Its pipes close when this process ends, however it does: the worker then ends too. `words` are its whole command
    line; `what` names it in a sentence; `patience`: seconds for one answer, the loading of a large model included.
    """

    def __init__(self, words: list[str], *, what: str, patience: float = 600.0) -> None:
        self._words = words
        self._what = what
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._turn = Condition()
        self._waiting: deque[int] = deque()
        self._tickets = count()
        self._newest: dict[str, int] = {}

    @property
    def pid(self) -> int | None:
        """The process while it lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(self, question: dict[str, Any], *, asker: str = "") -> dict[str, Any]:
        """The answer to a question, in the order they came; of one named `asker` only the newest waits.

        Raises `GamutError` with the worker's sentence, or with one that says how it ended; `Overtaken`.
        """
        ticket = self._take_turn(asker)
        try:
            said = self._exchange(question)
        finally:
            with self._turn:
                self._waiting.remove(ticket)
                if self._newest.get(asker) == ticket:
                    del self._newest[asker]
                self._turn.notify_all()
        if "sentence" in said:
            raise GamutError(said["sentence"])
        return said["answer"]

    def stop(self) -> None:
        """End the process now; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            _let_go(process)

    def _take_turn(self, asker: str) -> int:
        with self._turn:
            ticket = next(self._tickets)
            self._waiting.append(ticket)
            if asker:
                self._newest[asker] = ticket
                self._turn.notify_all()
            while True:
                if asker and self._newest[asker] != ticket:
                    self._waiting.remove(ticket)
                    self._turn.notify_all()
                    raise Overtaken
                if self._waiting[0] == ticket:
                    return ticket
                self._turn.wait()

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask; a worker that ended by itself for want of questions as this one was on its way is started once more."""
        for _ in range(2):
            process = self._started()
            with suppress(OSError):  # it may have ended this instant: its silence tells
                send(cast(BinaryIO, process.stdin), question)
            try:
                said = self._answers.get(timeout=self._patience)
            except Empty:
                self.stop()
                raise GamutError(
                    f"{self._what} gave no answer in {self._patience:.0f} s and was stopped; ask again to start it anew."
                ) from None
            if said is not None:
                return said
            code = process.wait()
            self._process = None
            _let_go(process)
            if code != 0:
                break
        raise GamutError(f"{self._what} {_ended(code)}; ask again to start it anew.")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            _let_go(self._process)
        self._answers = SimpleQueue()
        self._process = subprocess.Popen(
            self._words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        finalize(self, self._process.stdin.close)  # forgotten, it would keep the process waiting for ever
        Thread(target=_hear, args=(self._process.stdout, self._answers), daemon=True).start()
        return self._process


def _hear(pipe: BinaryIO, answers: SimpleQueue[dict[str, Any] | None]) -> None:
    """Pass on what comes, and None when the process has ended; holds the pipe alone, or the process never would end."""
    with pipe:
        while (said := receive(pipe)) is not None:
            answers.put(said)
    answers.put(None)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Reap an ended process and close what was written to it; its reader closes with it."""
    process.wait()
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended by itself (exit code {code})"
    name = "killed" if os.name == "nt" else f"signal {-code}"
    return f"was ended from outside ({name}; 9 is often the system short of memory)"
