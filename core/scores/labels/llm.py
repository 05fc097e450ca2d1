"""Labels written by a language model: asked about a few features at a time, several questions at once, every answer kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from core.files import json_hash
from core.scores.labels.answers import keep, keeping, read_answers
from core.scores.labels.asking import AT_ONCE, Progress, Question, ask_all
from core.scores.labels.corpus import Corpus
from core.scores.labels.endpoint import Answer, Endpoint
from core.scores.labels.kept import fidelity_path
from core.scores.labels.measure_texts import texts_of
from core.scores.labels.prompts import OUT_TOKENS, SYSTEM, VERSION, Prompt, prompts_for, read_answer
from core.store.analyses import Analysis
from core.store.derived import derived_path, write_derived


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
    """The labels that a model has written so far."""
    return {
        said["feature"]: said["text"]
        for said in read_answers(answers_path(analysis, model))
        if isinstance(said.get("feature"), int) and isinstance(said.get("text"), str)
    }


def features_to_ask(analysis: Analysis, model: str, most: int, *, left_out: Sequence[int] = ()) -> list[int]:
    """The `most` features of most samples, less those left out; those answered already count, and are not asked again."""
    query = "SELECT feature_id FROM features WHERE samples > 0 ORDER BY samples DESC, feature_id"
    skipped = set(left_out)
    every = [f for (f,) in analysis.cursor().execute(query).fetchall() if f not in skipped][:most]
    known = kept_answers(analysis, model)
    return [feature for feature in every if feature not in known]


def write_with(
    analysis: Analysis, corpus: Corpus, endpoint: Endpoint, features: Sequence[int], *,
    progress: Progress, at_once: int = AT_ONCE,
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
    analysis: Analysis, endpoint: Endpoint, prompts: list[Prompt], told: Written, progress: Progress, at_once: int
) -> list[int]:
    """Ask all questions; returns the features whose answers are missing."""
    if not prompts:
        return []
    missing: list[int] = []
    questions = [
        Question(prompt.features, SYSTEM, prompt.text, OUT_TOKENS * len(prompt.features), len(prompt.features))
        for prompt in prompts
    ]
    with keeping(answers_path(analysis, endpoint.model)) as kept:

        def take(question: Question, answer: Answer) -> None:
            said = read_answer(answer.text, question.key)
            keep(kept, ({"feature": feature, "text": text} for feature, text in said.items()))
            told.new += len(said)
            told.tokens_in += answer.tokens_in
            told.tokens_out += answer.tokens_out
            missing.extend(feature for feature in question.key if feature not in said)

        unanswered = ask_all(endpoint, questions, take=take, progress=progress, at_once=at_once)
    return missing + [feature for question in unanswered for feature in question.key]


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
    if (
        told.path.is_file() and texts_of(told.path) != answers
    ):  # what was measured of fewer texts leaves the new ones out
        fidelity_path(analysis, told.path).unlink(missing_ok=True)
    write_derived(told.path, {"origin": "llm", "by": model}, columns)
