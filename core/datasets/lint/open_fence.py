"""A code fence that opens and never closes, by the rules of CommonMark 0.31 (section 4.5)."""

from __future__ import annotations

import re

from core.datasets.lint.rule import Rule, answers
from core.datasets.sample import Turn

# Fences stand in lists and quotations too, so any indent, quotation marks and list markers may come before.
FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)$")


def open_fence(text: str) -> bool:
    """Whether a text ends inside a fenced code block."""
    if "```" not in text and "~~~" not in text:
        return False
    opened = ""
    for line in text.splitlines():
        found = FENCE.match(line)
        if found is None:
            continue
        fence, rest = found.groups()
        if not opened:  # an info string after backticks holds none: "```x```" is a code span
            opened = fence if fence[0] == "~" or "`" not in rest else ""
        elif fence[0] == opened[0] and len(fence) >= len(opened) and not rest.strip():
            opened = ""
    return bool(opened)


def _test(turns: tuple[Turn, ...]) -> bool:
    return any(open_fence(text) for text in answers(turns))


RULE = Rule(
    "open_fence",
    "Open code fence",
    "An answer opens a code block with ``` or ~~~ that is never closed by a line of at least as many of the same marks.",
    _test,
)
