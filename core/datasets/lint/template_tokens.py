"""Marks of chat templates inside texts: a template applied before, or several turns in one."""

from __future__ import annotations

import re

from core.datasets.lint.rule import ASKING, Rule
from core.datasets.sample import Turn

# Marks that nobody writes by chance: ChatML, Llama 2 and 3, Mistral, Gemma, Phi, GPT, DeepSeek, GLM, Command R.
MARKS = re.compile(
    r"<\|[a-z][a-z0-9_]{1,40}\|>"  # <|im_start|> <|endoftext|> <|eot_id|> <|start_header_id|> <|assistant|> <|END_OF_TURN_TOKEN|>
    r"|<｜[^｜>\n]{1,40}｜>"  # DeepSeek's, with wide bars
    r"|</?(?:start|end)_of_turn>|<<SYS>>|<</SYS>>|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|\[gMASK\]"
    r"|\A\s*<(?:s|bos)>(?!(?s:.*)</s>\s*\S)|</s>\s*\Z|<eos>\s*\Z",
    re.IGNORECASE,
)
# Headings of the Alpaca template, and speakers of the Vicuna and Anthropic ones, at the start of a line.
HEADINGS = re.compile(
    r"^[ \t]*###[ \t]*(?:Instruction|Response|Input|Human|Assistant|User)[ \t]*:", re.IGNORECASE | re.M
)
# A dialogue that was asked for has speakers by right.
DIALOGUE = re.compile(
    r"dialog|conversation|chat|script|interview|transcript|role.?play|\bassistant\b(?!\s*:)|screenplay|对话|聊天", re.I
)
SPEAKERS = re.compile(r"^(?:Human|User|USER|Assistant|ASSISTANT|AI)[ \t]*:", re.M)


def template_tokens(text: str) -> bool:
    """Whether marks of a chat template stand in a text."""
    if ("<" in text or "[" in text) and MARKS.search(text):
        return True
    return "###" in text and bool(HEADINGS.search(text))


def speakers(text: str) -> bool:
    """Whether a text goes from speaker to speaker by itself: lines of it begin with both sides of a template."""
    if ":" not in text:
        return False
    asking = {name.group().rstrip(": \t").lower() in ("human", "user") for name in SPEAKERS.finditer(text)}
    return len(asking) == 2


def _test(turns: tuple[Turn, ...]) -> bool:
    if any(template_tokens(turn.text) for turn in turns):
        return True
    if not any(speakers(turn.text) for turn in turns):
        return False
    return not any(DIALOGUE.search(turn.text) for turn in turns if turn.role in ASKING)


RULE = Rule(
    "template_tokens",
    "Template tokens",
    "A text holds marks of a chat template: <|…|>, [INST], <<SYS>>, <start_of_turn>, <s> at its start or </s> at its end, a "
    "line “### Instruction:” or “### Response:”, or lines of both “Human:” (User:) and “Assistant:” (AI:) where no dialogue was "
    "asked for.",
    _test,
)
