"""An answer that only says the question again."""

from __future__ import annotations

import re

from core.datasets.lint.rule import ASKING, Rule
from core.datasets.sample import Turn

SHORTEST = 12  # characters: "Hello" answers "Hello", and a name may be the right answer to a name


INDENTED = re.compile(r"^[ \t]+\S", re.M)


def folded(text: str) -> str:
    """A text without differences of white space, but for code, in which the indent is what may have been mended."""
    if INDENTED.search(text):
        return "\n".join(line.rstrip() for line in text.strip().splitlines())
    return " ".join(text.split())


def _test(turns: tuple[Turn, ...]) -> bool:
    asked: list[Turn] = []  # since the answer before
    for turn in turns:
        if turn.role in ASKING:
            asked.append(turn)
        elif turn.role == "assistant" and asked:
            if _repeats(turn.text, asked):
                return True
            asked = []
    return False


def _repeats(answer: str, asked: list[Turn]) -> bool:
    """Whether an answer is the question in any case, or the input to work on in the same: to change case is a task."""
    said = folded(answer)
    if len(said) < SHORTEST:
        return False
    if any(turn.role == "input" and said == folded(turn.text) for turn in asked):
        return True
    questions = [turn.text for turn in asked if turn.role == "user"]
    whole = "\n".join(turn.text for turn in asked)
    return any(said.casefold() == folded(text).casefold() for text in (*questions, whole))


RULE = Rule(
    "echo",
    "Echo",
    f"An answer of {SHORTEST} characters or more is the question again, apart from case and white space, or its input, apart "
    "from white space (in code, from white space at line ends).",
    _test,
)
