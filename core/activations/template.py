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
    """Render by a chat template and find each turn's words again; templates may strip white space around them."""
    messages: list[dict[str, str]] = []
    for turn in turns:
        role = CHAT_ROLES.get(turn.role, turn.role)
        if turn.role == "input" and messages and messages[-1]["role"] == "user":
            messages[-1]["content"] += BREAK + turn.text
        else:
            messages.append({"role": role, "content": turn.text})
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception as error:  # a template is the model maker's program: it may refuse a conversation in its own way
        raise GamutError(
            f"The model's chat template refused a conversation ({error}); use a base model's template."
        ) from None
    spans: list[Span] = []
    at = 0
    for turn in turns:
        words = turn.text.strip()
        start = text.find(words, at)
        if start < 0:
            raise GamutError(
                f"The model's chat template changed or dropped a {turn.role} turn beginning {words[:40]!r}."
            )
        at = start + len(words)
        spans.append(Span(turn.role, start, at))
    return Rendered(text, tuple(spans))
