"""Many questions to a language model, several under way together; every answer is handed over as it comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import GamutError
from core.scores.labels.endpoint import Answer, Endpoint, Unanswered

AT_ONCE = 4  # questions under way together
LOOK = 0.1  # seconds between two looks whether to stop
HOPELESS = 3  # questions in a row without an answer, after which the endpoint is given up

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, for at most `most` tokens of an answer; `size` of what is counted on a progress bar."""

    key: tuple[int, ...]
    system: str
    text: str
    most: int
    size: int


def ask_all(
    endpoint: Endpoint, questions: Sequence[Question], *, take: Callable[[Question, Answer], None], progress: Progress,
    at_once: int = AT_ONCE,
) -> list[Question]:  # fmt: skip
    """Ask every question, give each answer to `take` at once, and return the questions that got none.

    `progress` may raise to stop. Raises `GamutError` where the endpoint refuses or stays silent.
    """
    total, done, in_a_row = sum(question.size for question in questions), 0, 0
    unanswered = []
    with _Asking(endpoint, questions, at_once) as asking:
        while done < total:
            progress(done, total, f"asking {endpoint.model}")
            came = asking.next(LOOK)
            if came is None:
                continue
            question, answer = came
            done += question.size
            if isinstance(answer, GamutError):
                raise answer
            if isinstance(answer, Unanswered):
                in_a_row += 1
                unanswered.append(question)
                if in_a_row >= HOPELESS:
                    raise GamutError(
                        f"The language model at {endpoint.host} does not answer ({answer}); try again later."
                    )
                continue
            in_a_row = 0
            take(question, answer)
    progress(total, total, f"asking {endpoint.model}")
    return unanswered


class _Asking:
    """Threads that ask; they end with their question when nobody listens any more."""

    def __init__(self, endpoint: Endpoint, questions: Sequence[Question], at_once: int) -> None:
        self._endpoint, self._stopped = endpoint, threading.Event()
        self._open: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._came: queue.SimpleQueue = queue.SimpleQueue()
        for question in questions:
            self._open.put(question)
        for _ in range(min(at_once, len(questions))):
            threading.Thread(target=self._work, daemon=True).start()

    def __enter__(self) -> _Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def next(self, seconds: float):
        """The next question with its answer, None if none comes in time."""
        try:
            return self._came.get(timeout=seconds)
        except queue.Empty:
            return None

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Unanswered("stopped")

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                question = self._open.get_nowait()
            except queue.Empty:
                return
            try:
                said = self._endpoint.ask(question.system, question.text, most=question.most, waiting=self._wait)
                self._came.put((question, said))
            except (GamutError, Unanswered) as why:
                self._came.put((question, why))
            except Exception as defect:  # a thread that dies silently would be waited for without end
                told = GamutError(
                    f"Asking the language model failed ({type(defect).__name__})."
                )  # its words may hold a key
                self._came.put((question, told))
