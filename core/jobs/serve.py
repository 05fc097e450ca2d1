"""Be a worker: answer questions that come over standard input, until nobody is there to ask any more."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from queue import Empty, Queue
from threading import Thread
from typing import Any, BinaryIO, NoReturn

from core.errors import GamutError
from core.jobs.frames import receive, send

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def serve(answer: Answer, *, idle_seconds: float) -> NoReturn:
    """Answer one question after another; end the process when none came for `idle_seconds`.

    It ends too, whatever it is at, when standard input is closed: whoever asked has ended, however it did.
    """
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not fall among the answers
    questions: Queue[dict[str, Any]] = Queue()
    Thread(target=_listen, args=(sys.stdin.buffer, questions), daemon=True).start()
    while True:
        try:
            question = questions.get(timeout=idle_seconds)
        except Empty:
            os._exit(0)  # at once: a thread that waits at standard input holds up an orderly end
        send(out, _answered(answer, question))


def _listen(pipe: BinaryIO, questions: Queue[dict[str, Any]]) -> None:
    while (question := receive(pipe)) is not None:
        questions.put(question)
    os._exit(0)


def _answered(answer: Answer, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": answer(question)}
    except GamutError as error:
        return {"sentence": str(error)}
    except MemoryError:
        return {"sentence": "There is not enough memory to read this; end other programs, or ask for a shorter text."}
    except OSError as error:
        return {
            "sentence": f"The system refused: {error}. Check the path, the free space and the rights of the folder."
        }
    except Exception as error:
        traceback.print_tb(error.__traceback__)  # without its words, which may be the user's text
        return {"sentence": f"A defect of the program ({type(error).__name__}); the terminal has the details."}
