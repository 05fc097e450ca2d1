"""Conversation trees as OpenAssistant has them: one sample a tree, along its best replies."""

from __future__ import annotations

from typing import Any

from core.datasets.formats.record import BadRecord, Format, Parsed, Record, kind, parsed, text_of
from core.datasets.sample import Turn

ROLES = {"prompter": "user", "user": "user", "assistant": "assistant", "system": "system"}
OTHERS = "other replies of its tree stay in the record only"
UNRANKED = float("inf")


def _tree(record: Record) -> Parsed:
    root, used = (record, set(record)) if "replies" in record else (record.get("prompt"), {"prompt"})
    if not isinstance(root, dict):
        raise BadRecord(f"'prompt' is {kind(root)}, the first message of a tree is needed")
    if not _stands(root):
        raise BadRecord("the first message of its tree was deleted or did not pass review")
    path = [root]
    while (best := _best(path[-1])) is not None:
        path.append(best)
    while len(path) > 1 and _role(path[-1]) == "user":  # a question that nobody answered
        path.pop()
    turns = [Turn(_role(message), text_of(message, "text")) for message in path]
    notes = (OTHERS,) if _size(root) > len(path) else ()
    return parsed(turns, used, notes)


def _best(message: Record) -> Record | None:
    """The reply of the lowest rank, else the first; a question counts only if it is answered, where another is."""
    standing = [reply for reply in _replies(message) if _stands(reply)]
    answered = [reply for reply in standing if _role(reply) != "user" or any(map(_stands, _replies(reply)))]
    return min(answered or standing, key=_rank, default=None)


def _replies(message: Record) -> list[Record]:
    replies = message.get("replies") or []
    if not isinstance(replies, list) or not all(isinstance(reply, dict) for reply in replies):
        raise BadRecord("'replies' is not a list of messages")
    return replies


def _rank(message: Record) -> float:
    rank = message.get("rank")
    return rank if isinstance(rank, (int, float)) and not isinstance(rank, bool) else UNRANKED


def _role(message: Record) -> str:
    said = message.get("role")
    if not isinstance(said, str) or said not in ROLES:
        raise BadRecord(f"a message has the role {said!r}; known are {', '.join(ROLES)}")
    return ROLES[said]


def _stands(message: Record) -> bool:
    return not message.get("deleted") and message.get("review_result") is not False


def _size(root: Record) -> int:
    """How many messages the tree has; without recursion, for a tree may be deep."""
    size, left = 0, [root]
    while left:
        message = left.pop()
        size += 1
        left += _replies(message)
    return size


def _fits(record: Any) -> bool:
    return isinstance(record, dict) and any(
        isinstance(root, dict) and isinstance(root.get("replies"), list) and "text" in root
        for root in (record, record.get("prompt"))
    )


TREE = Format(
    "tree",
    "conversation trees",
    "One sample a tree: from the first message on, always the reply with the lowest 'rank', else the first; of questions "
    "the first that is answered. Replies that were deleted or did not pass review are not followed, and a last question "
    "without an answer is left off. Everything else of the tree stays in the record.",
    "prompt.replies",
    _fits,
    _tree,
)
