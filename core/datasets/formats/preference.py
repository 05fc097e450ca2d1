"""Preference pairs: the chosen answer is read as the sample's own, the rejected one stays in the record."""

from __future__ import annotations

import re
from typing import Any

from core.datasets.formats.chat import field_notes, message_turns, messages_turns
from core.datasets.formats.instruct import PROMPTS, prompt_turns, system_of
from core.datasets.formats.record import BadRecord, Format, Parsed, Record, has, parsed
from core.datasets.sample import Turn

REJECTED = "the rejected answer stays in the record only"
TRANSCRIPT = re.compile(r"(?:\A|\n\n)\s*(Human|Assistant):[ ]?")
SPEAKERS = {"Human": "user", "Assistant": "assistant"}


def _preference(record: Record) -> Parsed:
    chosen = record.get("chosen")
    if chosen is None:
        raise BadRecord("'chosen' is missing" if "chosen" not in record else "'chosen' is null, an answer is needed")
    answer, notes = _answer(chosen)
    used = {"chosen", "rejected"}
    if answer[0].role in ("user", "system"):  # the whole conversation, its prompt included
        turns = answer if answer[0].role == "system" else [system_of(record), *answer]
        used |= {"system"} if turns is not answer else set()
    else:
        before, keys, more = _prompt(record)
        turns, notes = [*before, *answer], more + notes
        used |= keys
    return parsed(turns, used, (*dict.fromkeys(notes), REJECTED))


def _answer(chosen: Any) -> tuple[list[Turn], tuple[str, ...]]:
    """The chosen side: text, one message, a list of messages, or a transcript of "Human:" and "Assistant:"."""
    if isinstance(chosen, str):
        return _transcript(chosen) or [Turn("assistant", chosen)], ()
    if isinstance(chosen, dict):
        return message_turns(chosen, name="'chosen'"), field_notes([chosen])
    return messages_turns(chosen, of="chosen"), field_notes(chosen if isinstance(chosen, list) else [])


def _transcript(text: str) -> list[Turn]:
    pieces = TRANSCRIPT.split(text)
    if len(pieces) < 5 or pieces[0].strip() or pieces[1] != "Human":
        return []
    return [Turn(SPEAKERS[who], said) for who, said in zip(pieces[1::2], pieces[2::2], strict=True)]


def _prompt(record: Record) -> tuple[list[Turn], set[str], tuple[str, ...]]:
    """The turns before the chosen answer, the keys they were read from, and notes."""
    for key in ("conversations", "messages"):
        if record.get(key):
            turns = [system_of(record), *messages_turns(record[key], of=key)]
            return turns, {key, "system"}, field_notes(record[key])
    for key in PROMPTS:
        if record.get(key):
            turns, used = prompt_turns(record, key)
            return turns, used, field_notes(record[key]) if isinstance(record[key], list) else ()
    raise BadRecord(
        f"'chosen' is an answer without a prompt; one of conversations, messages, {', '.join(PROMPTS)} is needed"
    )


PREFERENCE = Format(
    "preference",
    "preference pairs",
    "The prompt ('conversations', 'messages', 'prompt', 'instruction' with its input, 'question' or 'query', unless "
    "'chosen' holds the whole conversation), then 'chosen'. 'rejected' stays in the record and is counted. Other columns "
    "become metadata.",
    "chosen, rejected",
    has("chosen", "rejected"),
    _preference,
)
