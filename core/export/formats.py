"""Samples to records: each export format, what it can carry, and the rule by which it does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.activations.template import render_plain
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

    Reading the record back by the import format of the same name must give `carried(turns)` again. `folded` is what is
    written of a conversation that the format cannot carry, where the user allows the loss.
    """

    name: str
    title: str
    carried: Callable[[Turns], Turns]
    record: Callable[[Turns], dict[str, Any]]
    folded: Callable[[Turns], Turns]


def join_inputs(turns: Turns) -> Turns:
    """Join each `input` to the instruction before it by a blank line: chat formats know no input."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.role == "input" and joined and joined[-1].role == "user":
            joined[-1] = Turn("user", joined[-1].text + JOIN + turn.text)
        else:
            joined.append(Turn("user", turn.text) if turn.role == "input" else turn)
    return tuple(joined)


def fold_into_pair(turns: Turns) -> Turns:
    """Fold a conversation into one prompt and its last answer: the turns before it become one text, under plain headers."""
    answer = turns[-1] if turns and turns[-1].role == "assistant" else None
    before = turns[:-1] if answer else turns
    told = before[0].text if [turn.role for turn in before] == ["user"] else render_plain(before).text
    return (Turn("user", told), answer or Turn("assistant", ""))


def fold_under_system(turns: Turns) -> Turns:
    """Fold a conversation as `fold_into_pair` does, its first system turn kept apart."""
    if len(turns) > 1 and turns[0].role == "system":
        return (turns[0], *fold_into_pair(turns[1:]))
    return fold_into_pair(turns)


def _calls_as_text(turns: Turns) -> Turns:
    """Tool calls that are not in the OpenAI form become what the assistant says."""
    return tuple(Turn("assistant", turn.text) if turn.role == "tool_call" and not _openai(turn.text) else turn
                 for turn in turns)  # fmt: skip


def _unchanged(turns: Turns) -> Turns:
    return turns


def _sharegpt(turns: Turns) -> dict[str, Any]:
    return {"conversations": [{"from": SHAREGPT_NAMES[turn.role], "value": turn.text} for turn in turns]}


def _messages(turns: Turns) -> dict[str, Any]:
    return {"messages": [_message(turn) for turn in turns]}


def _message(turn: Turn) -> dict[str, Any]:
    if turn.role != "tool_call":
        return {"role": turn.role, "content": turn.text}
    if not _openai(turn.text):
        raise CannotCarry("a tool call that is not in the OpenAI form")
    return {"role": "assistant", "content": None, "tool_calls": json.loads(turn.text)}


def _openai(text: str) -> bool:
    """Whether a tool call is a list that reads back as it is written."""
    try:
        calls = json.loads(text)
    except ValueError:
        return False
    return isinstance(calls, list) and bool(calls) and json.dumps(calls, ensure_ascii=False) == text


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
        ExportFormat("alpaca", "Alpaca", _unchanged, _alpaca, fold_under_system),
        ExportFormat("sharegpt", "ShareGPT", join_inputs, _sharegpt, _unchanged),
        ExportFormat("messages", "OpenAI messages", join_inputs, _messages, _calls_as_text),
        ExportFormat("prompt-completion", "prompt / completion", join_inputs, _prompt_completion, fold_into_pair),
    )
}
FORMAT_NAMES = (VERBATIM, *EXPORT_FORMATS)


def export_format(name: str) -> ExportFormat:
    """The conversion format of that name, or `GamutError` naming those there are."""
    if name not in EXPORT_FORMATS:
        raise GamutError(f"There is no export format {name!r}; use one of {', '.join(FORMAT_NAMES)}.")
    return EXPORT_FORMATS[name]
