"""Conversations as lists of messages: OpenAI's `messages` and ShareGPT's `conversations`."""

from __future__ import annotations

import json
from typing import Any

from core.datasets.formats.record import BadRecord, Format, Parsed, Record, has, kind, parsed, text_of
from core.datasets.sample import Turn

SHAREGPT_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "tool_call",
    "tool_call": "tool_call",
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
ROLES = SHAREGPT_ROLES | MESSAGE_ROLES
TEXTS = ("text", "input_text", "output_text")  # types of content parts that are text
THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # fields in which servers return what a model thought
THINK, THOUGHT, BETWEEN = "<think>\n", "\n</think>", "\n\n"  # as most chat templates write it
READ_FIELDS = {"role", "from", "content", "value", "tool_calls", "function_call", *THOUGHTS}
REASONING_RULE = f"Reasoning is kept before the answer between {THINK.strip()} and {THOUGHT.strip()}"


def messages_turns(messages: Any, *, of: str) -> list[Turn]:
    """The turns of a list of messages, each as role and content (or from and value); `of` names the list in reasons."""
    if not isinstance(messages, list) or not messages:
        raise BadRecord(f"{of!r} is not a list of messages" if messages != [] else f"{of!r} is empty")
    turns: list[Turn] = []
    for number, message in enumerate(messages, start=1):
        turns += message_turns(message, name=f"message {number}")
    return turns


def message_turns(message: Any, *, name: str) -> list[Turn]:
    """One message as turns: what was thought and said, then its tool calls."""
    if not isinstance(message, dict):
        raise BadRecord(f"{name} is {kind(message)}, an object is needed")
    said = message.get("role", message.get("from"))
    role = ROLES.get(said) if isinstance(said, str) else None
    if role is None:
        verb = "has the role" if "role" in message else "is from"
        raise BadRecord(f"{name} {verb} {said!r}; known are {', '.join(ROLES)}")
    thought = "".join(message[key] for key in THOUGHTS if isinstance(message.get(key), str))
    calls = message.get("tool_calls") or message.get("function_call")
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        turns = _parts(content, role=role, name=name, thought=thought)
    elif content is None and calls:
        turns = _spoken(role, thought, "") if thought else []
    else:
        turns = _spoken(role, thought, text_of(message, "content" if "value" not in message else "value"))
    return turns + ([Turn("tool_call", _as_text(calls))] if calls else [])


def _parts(parts: list[Any], *, role: str, name: str, thought: str) -> list[Turn]:
    """A list of content parts in order: texts are joined, tool calls are turns; any other part is refused, not dropped."""
    turns: list[Turn] = []
    said = ""
    for part in parts:
        sort, value = _part(part)
        if sort == "tool_call" and value is not None:
            turns += _spoken(role, thought, said) if thought or said else []
            turns.append(Turn("tool_call", _as_text(value)))
            thought = said = ""
        elif sort in TEXTS and isinstance(value, str):
            said += value
        elif sort in THOUGHTS and isinstance(value, str):
            turns += _spoken(role, thought, said) if said else []
            thought, said = (value, "") if said else (thought + value, "")
        else:
            raise BadRecord(
                f"{name}: 'content' has a part that is not text ({sort!r}); only text and tool calls are read"
            )
    return turns + (_spoken(role, thought, said) if thought or said or not turns else [])


def _part(part: Any) -> tuple[object, Any]:
    """A content part's type and value: {"type": "text", "text": …}, {"type": …, "value": …}, or a bare text."""
    if isinstance(part, str):
        return "text", part
    if not isinstance(part, dict):
        return kind(part), None
    sort = part.get("type")
    return sort, part.get("value", part.get("text", part.get(sort) if isinstance(sort, str) else None))


def _spoken(role: str, thought: str, said: str) -> list[Turn]:
    """One turn, its reasoning first."""
    return [Turn(role, f"{THINK}{thought}{THOUGHT}{said and BETWEEN}{said}" if thought else said)]


def _as_text(calls: Any) -> str:
    return calls if isinstance(calls, str) else json.dumps(calls, ensure_ascii=False)


def field_notes(messages: Any) -> tuple[str, ...]:
    """A note for each field of messages that no turn can hold, such as a weight or a name."""
    found = {key for message in messages if isinstance(message, dict) for key in message} - READ_FIELDS
    return tuple(f"{key!r} of its messages stays in the record only" for key in sorted(found))


def _conversation(record: Record, key: str) -> Parsed:
    turns = [Turn("system", text_of(record, "system", required=False))]
    turns += messages_turns(record.get(key), of=key)
    return parsed(turns, {key, "system"}, field_notes(record[key]))


MESSAGES = Format(
    "messages",
    "OpenAI messages",
    "'system', then 'messages' in order; tool calls are a turn of their own, kept as JSON. "
    f"{REASONING_RULE}. 'tools' and other columns become metadata.",
    "messages",
    has("messages"),
    lambda record: _conversation(record, "messages"),
)
SHAREGPT = Format(
    "sharegpt",
    "ShareGPT",
    "'system', then 'conversations' in order: human, gpt, system, function_call, observation. "
    f"{REASONING_RULE}. 'tools' and other columns become metadata.",
    "conversations",
    has("conversations"),
    lambda record: _conversation(record, "conversations"),
)
