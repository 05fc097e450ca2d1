"""Samples to records: each export format, what it can carry, and the rule by which it does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.datasets.sample import Turn
from core.errors import GamutError

Turns = tuple[Turn, ...]
VERBATIM = "verbatim"
JOIN = "\n\n"  # between an instruction and its input, where a format has one field for both
SHAREGPT_NAMES = {
    "system": "system", "user": "human", "assistant": "gpt", "tool_call": "function_call", "tool": "observation",
}  # fmt: skip


class CannotCarry(Exception):
    """Why a format cannot hold a conversation without losing some of it."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of the written file: `carried` is the conversation as the format holds it, `record` builds its record.

    Reading the record back by the import format of the same name must give `carried(turns)` again.
    """

    name: str
    title: str
    carried: Callable[[Turns], Turns]
    record: Callable[[Turns], dict[str, Any]]


def join_inputs(turns: Turns) -> Turns:
    """Join each `input` to the instruction before it by a blank line: chat formats know no input."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.role == "input" and joined and joined[-1].role == "user":
            joined[-1] = Turn("user", joined[-1].text + JOIN + turn.text)
        else:
            joined.append(Turn("user", turn.text) if turn.role == "input" else turn)
    return tuple(joined)


def _unchanged(turns: Turns) -> Turns:
    return turns


def _sharegpt(turns: Turns) -> dict[str, Any]:
    return {"conversations": [{"from": SHAREGPT_NAMES[turn.role], "value": turn.text} for turn in turns]}


def _messages(turns: Turns) -> dict[str, Any]:
    return {"messages": [_message(turn) for turn in turns]}


def _message(turn: Turn) -> dict[str, Any]:
    if turn.role != "tool_call":
        return {"role": turn.role, "content": turn.text}
    try:
        calls = json.loads(turn.text)
    except ValueError:
        calls = None
    if not isinstance(calls, list) or json.dumps(calls, ensure_ascii=False) != turn.text:
        raise CannotCarry("a tool call that is not in the OpenAI form")
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _alpaca(turns: Turns) -> dict[str, Any]:
    """One instruction with input and answer last; what went before as LLaMA-Factory's `system` and `history`."""
    rest = list(turns)
    record: dict[str, Any] = {"instruction": "", "input": "", "output": ""}
    if rest and rest[0].role == "system":
        record["system"] = rest.pop(0).text
    if not rest or rest[-1].role != "assistant":
        raise CannotCarry("no answer at its end")
    record["output"] = rest.pop().text
    if rest and rest[-1].role == "input":
        record["input"] = rest.pop().text
    if not rest or rest[-1].role != "user":
        raise CannotCarry("no single instruction before the last answer")
    record["instruction"] = rest.pop().text
    if [turn.role for turn in rest] != ["user", "assistant"] * (len(rest) // 2):
        raise CannotCarry("earlier turns that are not question and answer in turn")
    if rest:
        record["history"] = [[asked.text, said.text] for asked, said in zip(rest[::2], rest[1::2], strict=True)]
    return record


def _prompt_completion(turns: Turns) -> dict[str, Any]:
    roles = [turn.role for turn in turns]
    if roles != ["user", "assistant"]:
        raise CannotCarry("other turns than one prompt and one completion")
    return {"prompt": turns[0].text, "completion": turns[1].text}


EXPORT_FORMATS = {
    form.name: form
    for form in (
        ExportFormat("alpaca", "Alpaca", _unchanged, _alpaca),
        ExportFormat("sharegpt", "ShareGPT", join_inputs, _sharegpt),
        ExportFormat("messages", "OpenAI messages", join_inputs, _messages),
        ExportFormat("prompt-completion", "prompt / completion", join_inputs, _prompt_completion),
    )
}
FORMAT_NAMES = (VERBATIM, *EXPORT_FORMATS)


def export_format(name: str) -> ExportFormat:
    """The conversion format of that name, or `GamutError` naming those there are."""
    if name not in EXPORT_FORMATS:
        raise GamutError(f"There is no export format {name!r}; use one of {', '.join(FORMAT_NAMES)}.")
    return EXPORT_FORMATS[name]
