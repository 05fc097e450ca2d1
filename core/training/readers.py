"""One reader for each row format: a row becomes a task name, turns and plain text, or nothing."""

import re
from collections.abc import Callable
from typing import Any

from core.datasets.formats import SHAREGPT_ROLES
from core.datasets.sample import Turn

Read = tuple[str, tuple[Turn, ...], str]
Reader = Callable[[Any], Read | None]

# Made from XQuAD, which is an evaluation set here: nothing of it may be trained on.
EVALUATION_FAMILIES = frozenset({"xquad"})
CALCULATOR_MARK = re.compile(r"<<[^<>]*>>")


def conversation(*turns: tuple[str, str], task: str = "") -> Read | None:
    """Turns with the empty ones left out; nothing where no user or no assistant turn remains."""
    kept = tuple(Turn(role, text) for role, text in turns if text.strip())
    roles = {turn.role for turn in kept}
    return (task, kept, "") if {"user", "assistant"} <= roles else None


def natural_instructions(row: dict[str, str]) -> Read | None:
    """A Natural Instructions row of known licence, and of no task made from an evaluation set."""
    if row["instance_license"] in ("", "Unknown") or EVALUATION_FAMILIES & set(row["task"].lower().split("_")):
        return None
    return conversation(
        ("user", row["instruction"]), ("input", row["input"]), ("assistant", row["output"]), task=row["task"]
    )


def gsm8k(row: dict[str, str]) -> Read | None:
    """A GSM8K row; the calculator marks `<<48/2=24>>` go, they are no text anyone writes."""
    return conversation(("user", row["question"]), ("assistant", CALCULATOR_MARK.sub("", row["answer"])))


def dolly(row: dict[str, str]) -> Read | None:
    """A Dolly row: instruction, context, response."""
    return conversation(("user", row["instruction"]), ("input", row["context"]), ("assistant", row["response"]))


def alpaca(row: dict[str, str]) -> Read | None:
    """An Alpaca-shaped row: instruction, input, output."""
    return conversation(("user", row["instruction"]), ("input", row.get("input") or ""), ("assistant", row["output"]))


def alpaca_libre(row: dict[str, str]) -> Read | None:
    """An Alpaca Libre row that its makers kept (`status` ok)."""
    return alpaca(row) if row["status"] == "ok" else None


def messages(row: dict[str, Any]) -> Read | None:
    """A row of role-and-content messages."""
    return conversation(*((message["role"], message["content"]) for message in row["messages"]))


def sharegpt(row: dict[str, Any]) -> Read | None:
    """A ShareGPT row; the tool descriptions stand in a system turn."""
    turns = [(SHAREGPT_ROLES[turn["from"]], turn["value"]) for turn in row["conversations"]]
    return conversation(("system", row.get("tools") or ""), *turns)


def oasst(row: dict[str, Any]) -> Read | None:
    """The best path of an OpenAssistant tree: at each step the reply its readers ranked first."""
    turns: list[tuple[str, str]] = []
    node: dict[str, Any] | None = row["prompt"]
    while node:
        turns.append(("user" if node["role"] == "prompter" else "assistant", node["text"]))
        replies = [reply for reply in node.get("replies", []) if not reply.get("deleted")]
        node = min(replies, key=_rank, default=None)  # unranked: the first
    while turns and turns[-1][0] == "user":
        turns.pop()  # a question nobody answered
    return conversation(*turns)


def _rank(reply: dict[str, Any]) -> float:
    rank = reply.get("rank")
    return float("inf") if rank is None else float(rank)


def plain(row: dict[str, str] | str) -> Read | None:
    """Running text: a row with `text`, or a line."""
    text = row if isinstance(row, str) else row["text"]
    return ("", (), text) if text.strip() else None
