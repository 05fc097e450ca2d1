"""How a conversation becomes the text a model reads, and which characters belong to which role."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

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
TODAY = date(
    2024, 7, 26
)  # for templates that write a date (Llama 3's own default): a text must not change with the day
NOW = re.compile(r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""")  # how templates ask for the date
Group = tuple[str, list[Turn]]  # a message: its role, and the turns whose words it holds


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

    def apply_chat_template(self, conversation: Any, *, tokenize: bool, **more: Any) -> Any: ...


def by_chat_template(tokenizer: Any, template: str) -> bool:
    """Whether conversations are rendered by the tokenizer's own template: `template` is "auto", "chat" or "plain"."""
    if template == "chat" and not tokenizer.chat_template:
        raise GamutError("The model has no chat template; leave --template out, or use --template plain.")
    return bool(tokenizer.chat_template) and template != "plain"


def template_words(tokenizer: Any, template: str) -> str:
    """The way of rendering, in words."""
    return "chat template of the tokenizer" if by_chat_template(tokenizer, template) else "plain"


def render(turns: tuple[Turn, ...], tokenizer: ChatTokenizer, *, template: str = "auto") -> Rendered:
    """Render a conversation: by the tokenizer's own chat template where it has one, else as plain Alpaca-style text."""
    return _render_chat(turns, tokenizer) if by_chat_template(tokenizer, template) else render_plain(turns)


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
    """Render by a chat template; where it takes no system turn, the system's words open the first user turn."""
    grouped = _messages(turns)
    try:
        return _render_messages(grouped, tokenizer)
    except GamutError:
        if [role for role, _ in grouped[:2]] != ["system", "user"]:
            raise
        opened = ("user", [*grouped[0][1], *grouped[1][1]])
        return _render_messages([opened, *grouped[2:]], tokenizer)


def render_as_given(turns: tuple[Turn, ...], tokenizer: ChatTokenizer) -> Rendered:
    """Render by a chat template as a trainer does, who moves no words: what the template does not take, it refuses."""
    return _render_messages(_messages(turns), tokenizer)


def _messages(turns: tuple[Turn, ...]) -> list[Group]:
    """The messages that a chat template is given: an input belongs to the question before it."""
    grouped: list[Group] = []
    for turn in turns:
        if turn.role == "input" and grouped and grouped[-1][0] == "user":
            grouped[-1][1].append(turn)
        else:
            grouped.append((CHAT_ROLES.get(turn.role, turn.role), [turn]))
    return grouped


def _render_messages(grouped: list[Group], tokenizer: ChatTokenizer) -> Rendered:
    """Rendered once more with marks for words, a template tells where each message's words begin."""
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
                f"The model's chat template changed or dropped a {said[0].role} turn beginning {content[:40]!r}; "
                "use --template plain."
            )
        behind, at = skeleton.index(mark, behind) + len(mark), start + len(kept)
        cursor = start
        for turn in said:
            own = turn.text if text.startswith(turn.text, cursor) else turn.text.strip()
            cursor = text.index(own, cursor)
            spans.append(Span(turn.role, cursor, cursor + len(own)))
            cursor += len(own)
    return Rendered(text, tuple(spans))


def _on_that_day(found: re.Match[str]) -> str:
    return repr(TODAY.strftime(found[2]))


def _apply(tokenizer: ChatTokenizer, roles: list[str], contents: list[str]) -> str:
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    try:
        said = tokenizer.chat_template
        dated = {"chat_template": NOW.sub(_on_that_day, said)} if isinstance(said, str) and NOW.search(said) else {}
        return tokenizer.apply_chat_template(messages, tokenize=False, **dated)
    except Exception as error:  # a template is the model maker's program: it may refuse a conversation in its own way
        raise GamutError(f"The model's chat template refused a conversation ({error}); use --template plain.") from None
