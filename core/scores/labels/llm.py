"""Labels written by a language model: asked about a few features at a time, several questions at once, every answer kept."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from core.errors import GamutError
from core.files import json_hash
from core.scores.labels.corpus import Corpus
from core.scores.labels.endpoint import Endpoint, Unanswered
from core.scores.labels.prompts import OUT_TOKENS, SYSTEM, VERSION, Prompt, prompts_for, read_answer
from core.store.analyses import Analysis
from core.store.derived import derived_path, write_derived

AT_ONCE = 4  # questions under way together
LOOK = 0.1  # seconds between two looks whether to stop
HOPELESS = 3  # questions in a row without an answer, after which the endpoint is given up


@dataclass(slots=True)
class Written:
    """What came of it: labels kept in all and in this run, features without a usable answer, tokens counted by the endpoint."""

    path: Path | None = None
    labels: int = 0
    new: int = 0
    failed: list[int] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0

    def words(self) -> str:
        said = f"{self.new} labels written, {self.labels} in all; {self.tokens_in} tokens in, {self.tokens_out} out"
        return said + (f"; {len(self.failed)} features got no usable answer: run it again" if self.failed else "")


def answers_path(analysis: Analysis, model: str) -> Path:
    """The file that takes every answer at once, a line each."""
    return derived_path(analysis, f"llm-{_hash(analysis, model)}").with_suffix(".jsonl")


def llm_path(analysis: Analysis, model: str) -> Path:
    """The file of the labels that a model wrote."""
    return derived_path(analysis, f"labels-llm-{_hash(analysis, model)}")


def _hash(analysis: Analysis, model: str) -> str:
    return json_hash([analysis.content_hash, analysis.dataset_hash, model, VERSION])[:16]


def kept_answers(analysis: Analysis, model: str) -> dict[int, str]:
    """The labels that a model has written so far; a line cut off by an interruption is no answer."""
    path = answers_path(analysis, model)
    found = {}
    for line in path.read_text(encoding="utf-8").split("\n") if path.is_file() else ():
        try:
            said = json.loads(line)
            found[int(said["feature"])] = str(said["text"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def features_to_ask(analysis: Analysis, model: str, most: int, *, left_out: Sequence[int] = ()) -> list[int]:
    """The `most` features of most samples, less those left out; those answered already count, and are not asked again."""
    query = "SELECT feature_id FROM features WHERE samples > 0 ORDER BY samples DESC, feature_id"
    skipped = set(left_out)
    every = [f for (f,) in analysis.cursor().execute(query).fetchall() if f not in skipped][:most]
    known = kept_answers(analysis, model)
    return [feature for feature in every if feature not in known]


def write_with(
    analysis: Analysis, corpus: Corpus, endpoint: Endpoint, features: Sequence[int], *,
    progress: Callable[[int, int, str], None], at_once: int = AT_ONCE,
) -> Written:  # fmt: skip
    """Ask about features and keep every answer at once; the table of labels is written at the end, also of a stopped run.

    A feature that an answer leaves out is asked for once more by itself. `progress` may raise to stop.
    """
    told = Written()
    known = kept_answers(analysis, endpoint.model)
    wanted = [feature for feature in features if feature not in known]
    try:
        missing = _asked(analysis, endpoint, prompts_for(analysis, corpus, wanted), told, progress, at_once)
        alone = prompts_for(analysis, corpus, missing, together=1)
        told.failed = _asked(analysis, endpoint, alone, told, progress, at_once)
    finally:
        _compile(analysis, endpoint.model, told)
    return told


def _asked(
    analysis: Analysis, endpoint: Endpoint, prompts: list[Prompt], told: Written,
    progress: Callable[[int, int, str], None], at_once: int,
) -> list[int]:  # fmt: skip
    """Ask all questions; returns the features whose answers are missing."""
    if not prompts:
        return []
    path = answers_path(analysis, endpoint.model)
    path.parent.mkdir(parents=True, exist_ok=True)
    total, done, unanswered, missing = sum(len(p.features) for p in prompts), 0, 0, []
    with _Asking(endpoint, prompts, at_once) as asking, path.open("ab") as kept:
        if kept.tell() and not _ends_a_line(path):
            kept.write(b"\n")  # what an interruption cut off must not swallow the next answer
        while done < total:
            progress(done, total, f"asking {endpoint.model}")
            came = asking.next(LOOK)
            if came is None:
                continue
            prompt, answer = came
            done += len(prompt.features)
            if isinstance(answer, GamutError):
                raise answer
            if isinstance(answer, Unanswered):
                unanswered += 1
                missing += prompt.features
                if unanswered >= HOPELESS:
                    raise GamutError(
                        f"The language model at {endpoint.host} does not answer ({answer}); try again later."
                    )
                continue
            unanswered = 0
            said = read_answer(answer.text, prompt.features)
            for feature, text in said.items():
                kept.write(json.dumps({"feature": feature, "text": text}, ensure_ascii=False).encode() + b"\n")
            kept.flush()
            os.fsync(kept.fileno())
            told.new += len(said)
            told.tokens_in += answer.tokens_in
            told.tokens_out += answer.tokens_out
            missing += [feature for feature in prompt.features if feature not in said]
    progress(total, total, f"asking {endpoint.model}")
    return missing


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


class _Asking:
    """Threads that ask; they end with their question when nobody listens any more."""

    def __init__(self, endpoint: Endpoint, prompts: list[Prompt], at_once: int) -> None:
        self._endpoint, self._stopped = endpoint, threading.Event()
        self._open: queue.SimpleQueue[Prompt] = queue.SimpleQueue()
        self._came: queue.SimpleQueue = queue.SimpleQueue()
        for prompt in prompts:
            self._open.put(prompt)
        for _ in range(min(at_once, len(prompts))):
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
                prompt = self._open.get_nowait()
            except queue.Empty:
                return
            try:
                most = OUT_TOKENS * len(prompt.features)
                self._came.put((prompt, self._endpoint.ask(SYSTEM, prompt.text, most=most, waiting=self._wait)))
            except (GamutError, Unanswered) as why:
                self._came.put((prompt, why))
            except Exception as defect:  # a thread that dies silently would be waited for without end
                self._came.put((prompt, GamutError(f"Asking the language model failed: {defect!r}.")))


def _compile(analysis: Analysis, model: str, told: Written) -> None:
    """Write the table of all answers so far."""
    answers = kept_answers(analysis, model)
    told.labels = len(answers)
    if not answers:
        return
    features = sorted(answers)
    columns = {
        "feature_id": pa.array(features, pa.int32()), "text": pa.array([answers[f] for f in features], pa.string())
    }  # fmt: skip
    told.path = llm_path(analysis, model)
    write_derived(told.path, {"origin": "llm", "by": model}, columns)
