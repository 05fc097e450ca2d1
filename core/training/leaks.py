"""Finds training rows that hold a question of an evaluation set word for word."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.training.packed import records, whole

WORD = re.compile(r"\w+")
KEY_WORDS = 6  # shorter questions are too common to mean anything ("What is the capital of France?" has six words)


def _xquad(data: Any) -> list[str]:
    paragraphs = [p for article in data["data"] for p in article["paragraphs"]]
    return [qa["question"] for p in paragraphs for qa in p["qas"]] + [p["context"] for p in paragraphs]


def _docstring(prompt: str) -> str:
    found = re.search(r'("""|\'\'\')(.*?)(\n\s*\n|>>>|\1)', prompt, re.S)
    return found.group(2) if found else prompt


# Evaluation file -> the texts of its questions (HumanEval: what the docstring asks, before its examples).
EVALUATIONS = {
    "gsm8k_test.jsonl.gz": lambda rows: [row["question"] for row in rows],
    "mbpp.jsonl.gz": lambda rows: [row["text"] for row in rows],
    "HumanEval.jsonl.gz": lambda rows: [_docstring(row["prompt"]) for row in rows],
    "bbh.jsonl.gz": lambda rows: [row["input"] for row in rows],
    "SVAMP.json.gz": lambda rows: [f"{row['Body']} {row['Question']}" for row in rows],
    "xquad.en.json.gz": _xquad,
}


@dataclass(frozen=True, slots=True)
class EvaluationQuestions:
    """Questions (and XQuAD passages) as words, by their first `KEY_WORDS`; shorter ones are left out."""

    by_start: dict[tuple[str, ...], list[tuple[str, ...]]]

    @classmethod
    def read(cls, folder: Path) -> "EvaluationQuestions":
        """From those evaluation files that `folder` has; case, spacing and punctuation do not count."""
        by_start: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for name, questions in EVALUATIONS.items():
            if (folder / name).is_file():
                for question in questions(_load(folder / name)):
                    words = tuple(WORD.findall(question.lower()))
                    if len(words) >= KEY_WORDS:
                        by_start.setdefault(words[:KEY_WORDS], []).append(words)
        return cls(by_start)

    def found_in(self, text: str) -> bool:
        """Whether the text holds one of the questions word for word."""
        words = WORD.findall(text.lower())
        for at, start in enumerate(zip(*(words[i:] for i in range(KEY_WORDS)), strict=False)):
            for question in self.by_start.get(start, ()):
                if tuple(words[at : at + len(question)]) == question:
                    return True
        return False


def _load(path: Path) -> Any:
    return whole(path) if path.name.startswith("xquad") else list(records(path))
