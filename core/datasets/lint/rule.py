"""What a lint rule is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.datasets.sample import Turn

ASKING = frozenset({"user", "input"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A flag: its name in files, its title on screen, its rule as one sentence, and the test that the sentence describes."""

    name: str
    title: str
    rule: str
    test: Callable[[tuple[Turn, ...]], bool]


def answers(turns: tuple[Turn, ...]) -> list[str]:
    """What the model says in words, tool calls left aside."""
    return [turn.text for turn in turns if turn.role == "assistant"]


def joined(turns: tuple[Turn, ...], roles: frozenset[str]) -> str:
    """The texts of some roles, one under the other."""
    return "\n".join(turn.text for turn in turns if turn.role in roles)
