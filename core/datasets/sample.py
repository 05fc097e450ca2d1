"""A sample: one training example as turns of roles and texts, with the record it came from."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

# `input` is Alpaca's second half of a user turn: kept apart, so that an Alpaca record survives the round trip.
ROLES = ("system", "user", "input", "assistant", "tool_call", "tool")
TEMPLATE, SPECIAL = 254, 255  # codes of what is no role, beside the indices of ROLES
UNSCORED_ROLES = TEMPLATE  # codes from here on are template and special tokens
RESPONSE_ROLES = frozenset({"assistant", "tool_call"})  # what the model is trained to say; the rest is its prompt


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: `role` is one of `ROLES`, `text` is kept as it came."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One training example, with its place in the source.

    `sample_id` counts the kept samples of a data set from 0 in source order. `record` is the original record's
    own bytes (for JSONL the line without its line end), `file` and `line` (from 1) say where it stood. `extras`: its
    columns that are no part of the conversation; `repairs`: the rules by which it was mended to be read.
    """

    sample_id: int
    turns: tuple[Turn, ...]
    record: bytes
    file: str
    line: int
    extras: dict[str, Any] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()

    @property
    def no_response(self) -> bool:
        """Whether no turn of the model says anything: nothing to train on."""
        return not any(turn.role in RESPONSE_ROLES and turn.text.strip() for turn in self.turns)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of roles and texts alone: equal for the same conversation in any file or format."""
        return content_hash(self.turns)


def content_hash(turns: tuple[Turn, ...]) -> str:
    """SHA-256 (hex) of the roles and texts of a conversation."""
    spoken = json.dumps([[turn.role, turn.text] for turn in turns], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(spoken.encode("utf-8", "surrogatepass")).hexdigest()
