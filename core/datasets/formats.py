"""The record formats people have, one parser each, and the rule by which a file's format is recognised."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.datasets.sample import Turn
from core.errors import GamutError

Record = dict[str, Any]

SHAREGPT_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "tool_call",
    "observation": "tool",
    "tool": "tool",
}
MESSAGE_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class BadRecord(Exception):
    """Why one record cannot become a sample; the rest of the file goes on."""


@dataclass(frozen=True, slots=True)
class Format:
    """A record format: its name on the command line, how it is told, and how it is parsed."""

    name: str
    title: str
    keys: tuple[str, ...]
    parse: Callable[[Record], tuple[Turn, ...]]

    def fits(self, record: Any) -> bool:
        """Whether a record has all keys that mark this format."""
        return isinstance(record, dict) and all(key in record for key in self.keys)


def _text(record: Record, key: str, *, required: bool = True) -> str:
    value = record.get(key)
    if value is None and not required:
        return ""
    if value is None:
        raise BadRecord(f"{key!r} is missing" if key not in record else f"{key!r} is null, text is needed")
    if not isinstance(value, str):
        raise BadRecord(f"{key!r} is {_kind(value)}, text is needed")
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _turns(*turns: Turn) -> tuple[Turn, ...]:
    """Leave out the parts of a record that are empty, except the response: an empty answer is kept and flagged."""
    kept = tuple(turn for turn in turns if turn.text or turn.role == "assistant")
    if not any(turn.text.strip() for turn in kept):
        raise BadRecord("every text in it is empty")
    try:
        "".join(turn.text for turn in kept).encode()
    except UnicodeEncodeError:
        raise BadRecord("it holds half of a character (a lone surrogate such as \\ud83d)") from None
    return kept


def _alpaca(record: Record) -> tuple[Turn, ...]:
    history = record.get("history") or []
    if not isinstance(history, list) or not all(_is_pair(pair) for pair in history):
        raise BadRecord("'history' is not a list of [question, answer] pairs")
    past = [turn for asked, said in history for turn in (Turn("user", asked), Turn("assistant", said))]
    return _turns(
        Turn("system", _text(record, "system", required=False)),
        *past,
        Turn("user", _text(record, "instruction")),
        Turn("input", _text(record, "input", required=False)),
        Turn("assistant", _text(record, "output")),
    )


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _dolly(record: Record) -> tuple[Turn, ...]:
    return _turns(
        Turn("user", _text(record, "instruction")),
        Turn("input", _text(record, "context", required=False)),
        Turn("assistant", _text(record, "response")),
    )


def _prompt_completion(record: Record) -> tuple[Turn, ...]:
    return _turns(Turn("user", _text(record, "prompt")), Turn("assistant", _text(record, "completion")))


def _sharegpt(record: Record) -> tuple[Turn, ...]:
    turns = [Turn("system", _text(record, "system", required=False))]
    for number, message in enumerate(_messages(record, "conversations"), start=1):
        role = SHAREGPT_ROLES.get(str(message.get("from")))
        if role is None:
            allowed = ", ".join(SHAREGPT_ROLES)
            raise BadRecord(f"message {number} is from {message.get('from')!r}; known are {allowed}")
        turns.append(Turn(role, _text(message, "value")))
    return _turns(*turns)


def _openai(record: Record) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for number, message in enumerate(_messages(record, "messages"), start=1):
        role = MESSAGE_ROLES.get(str(message.get("role")))
        if role is None:
            allowed = ", ".join(MESSAGE_ROLES)
            raise BadRecord(f"message {number} has the role {message.get('role')!r}; known are {allowed}")
        calls = message.get("tool_calls")
        if not calls or message.get("content") is not None:
            turns.append(Turn(role, _content(message)))
        if calls:
            turns.append(Turn("tool_call", json.dumps(calls, ensure_ascii=False)))
    return _turns(*turns)


def _messages(record: Record, key: str) -> list[Record]:
    messages = record.get(key)
    if not isinstance(messages, list) or not messages:
        raise BadRecord(f"{key!r} is not a list of messages" if messages != [] else f"{key!r} is empty")
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            raise BadRecord(f"message {number} is {_kind(message)}, an object is needed")
    return messages


def _content(message: Record) -> str:
    """A message's text; a list of text parts is joined, anything else than text is refused rather than dropped."""
    content = message.get("content")
    if not isinstance(content, list):
        return _text(message, "content")
    texts: list[str] = []
    for part in content:
        said = part.get("text", part.get("value")) if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(said, str):
            raise BadRecord("'content' has a part that is not text; only text is supported")
        texts.append(said)
    return "".join(texts)


# In order of preference where a record has the marks of several.
FORMATS = {
    form.name: form
    for form in (
        Format("messages", "OpenAI messages", ("messages",), _openai),
        Format("sharegpt", "ShareGPT", ("conversations",), _sharegpt),
        Format("alpaca", "Alpaca", ("instruction", "output"), _alpaca),
        Format("dolly", "Dolly", ("instruction", "response"), _dolly),
        Format("prompt-completion", "prompt / completion", ("prompt", "completion"), _prompt_completion),
    )
}


def format_named(name: str) -> Format:
    """The format of that name, or `GamutError` naming those there are."""
    if name not in FORMATS:
        raise GamutError(f"There is no format {name!r}; use one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def recognise(values: Iterable[Any], *, file: str) -> Format:
    """The format whose marking keys most of the given records have; raises `GamutError` if none fits any."""
    values = list(values)
    fits = {form: sum(form.fits(value) for value in values) for form in FORMATS.values()}
    best = max(fits, key=lambda form: fits[form], default=None)
    if best is None or not fits[best]:
        seen = (
            ", ".join(sorted({key for value in values[:20] if isinstance(value, dict) for key in value}))
            or "no records"
        )
        wanted = "; ".join(f"{form.name} ({', '.join(form.keys)})" for form in FORMATS.values())
        raise GamutError(f"The format of {file} was not recognised: its keys are {seen}. Known formats: {wanted}.")
    return best
