"""How a conversation becomes the text a model reads, and which characters belong to which role."""

from dataclasses import dataclass
from typing import Protocol

from core.datasets.sample import Turn
from core.errors import GamutError

HEADERS = {
    "system": "### System:\n",
    "user": "### Instruction:\n",
    "input": "### Input:\n",
    "assistant": "### Response:\n",
    "tool_call": "### Tool call:\n",
    "tool": "### Tool result:\n",
}
CHAT_ROLES = {"input": "user", "tool_call": "assistant"}  # chat templates know four roles; ours stay on the spans
BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start:end` of a rendered text that are `role`'s own words; all outside any span is template."""

    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered conversation: its text, and the spans of the roles in order, never overlapping."""

    text: str
    spans: tuple[Span, ...]


class ChatTokenizer(Protocol):
    """What of a Hugging Face tokenizer rendering needs."""

    chat_template: str | None

    def apply_chat_template(self, conversation: list[dict[str, str]], *, tokenize: bool) -> str: ...


def render(turns: tuple[Turn, ...], tokenizer: ChatTokenizer) -> Rendered:
    """Render a conversation: by the tokenizer's own chat template where it has one, else as plain Alpaca-style text."""
    return _render_chat(turns, tokenizer) if tokenizer.chat_template else render_plain(turns)


def render_plain(turns: tuple[Turn, ...]) -> Rendered:
    """Render for a base model: each turn under its header, a blank line between turns."""
    pieces: list[str] = []
    spans: list[Span] = []
    at = 0
    for turn in turns:
        header = (BREAK if pieces else "") + HEADERS[turn.role]
        pieces += [header, turn.text]
        spans.append(Span(turn.role, at + len(header), at + len(header) + len(turn.text)))
        at = spans[-1].end
    return Rendered("".join(pieces), tuple(spans))


def _render_chat(turns: tuple[Turn, ...], tokenizer: ChatTokenizer) -> Rendered:
    """Render by a chat template. Rendered once more with marks for words, it tells where each message's words begin."""
    grouped: list[tuple[str, list[Turn]]] = []
    for turn in turns:
        if turn.role == "input" and grouped and grouped[-1][0] == "user":
            grouped[-1][1].append(turn)
        else:
            grouped.append((CHAT_ROLES.get(turn.role, turn.role), [turn]))
    words = [BREAK.join(turn.text for turn in said) for _, said in grouped]
    marks = [f"\ue000{number}\ue001" for number in range(len(grouped))]
    roles = [role for role, _ in grouped]
    text, skeleton = (_apply(tokenizer, roles, contents) for contents in (words, marks))
    spans: list[Span] = []
    at = behind = 0
    for (_, said), content, mark in zip(grouped, words, marks, strict=True):
        before = skeleton[behind : skeleton.find(mark, behind)] if mark in skeleton else None
        start = at + len(before) if before is not None and text.startswith(before, at) else -1
        kept = next((c for c in (content, content.strip()) if start >= 0 and text.startswith(c, start)), None)
        if kept is None:
            raise GamutError(
                f"The model's chat template changed or dropped a {said[0].role} turn beginning {content[:40]!r}."
            )
        behind, at = skeleton.index(mark, behind) + len(mark), start + len(kept)
        cursor = start
        for turn in said:
            own = turn.text if text.startswith(turn.text, cursor) else turn.text.strip()
            cursor = text.index(own, cursor)
            spans.append(Span(turn.role, cursor, cursor + len(own)))
            cursor += len(own)
    return Rendered(text, tuple(spans))


def _apply(tokenizer: ChatTokenizer, roles: list[str], contents: list[str]) -> str:
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception as error:  # a template is the model maker's program: it may refuse a conversation in its own way
        raise GamutError(
            f"The model's chat template refused a conversation ({error}); analyse with a base model, whose text is plain."
        ) from None
