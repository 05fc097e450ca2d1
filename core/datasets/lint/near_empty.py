"""Questions or answers with nothing in them."""

from __future__ import annotations

import unicodedata

from core.datasets.lint.rule import ASKING, Rule, answers, joined
from core.datasets.sample import Turn

# What programs write where they have nothing to write; "none", "no" and "0" are answers and not among them.
PLACEHOLDERS = frozenset(
    {"n/a", "#n/a", "nan", "<noinput>", "<nooutput>", "noinput", "nooutput", "no output", "tbd",
     "todo", "[empty]", "(empty)", "<empty>", "[deleted]", "[removed]", "placeholder", "output", "response", "answer"}
)  # fmt: skip
LONGEST = 40  # characters: a text with more is not looked at mark by mark


def nothing(text: str) -> bool:
    """Whether a text holds no letter, digit or symbol, or only a placeholder; wholly empty texts do not count."""
    text = text.strip()
    if not text:
        return False
    if text.casefold().rstrip(".:") in PLACEHOLDERS:
        return True
    return len(text) <= LONGEST and all(_is_mark(mark) for mark in text)


def _is_mark(sign: str) -> bool:
    """Whether a sign is punctuation or space; brackets are not, since "[]" may be the right answer."""
    kind = unicodedata.category(sign)
    return kind[0] in "PZC" and kind not in ("Ps", "Pe")


def _test(turns: tuple[Turn, ...]) -> bool:
    said = answers(turns)
    return nothing("\n".join(said)) or nothing(joined(turns, ASKING))


RULE = Rule(
    "near_empty",
    "Near-empty",
    "Question or answer holds nothing but punctuation, or only a placeholder such as N/A, nan or <nooutput>; "
    "“4”, “B”, “+” and “[]” are answers.",
    _test,
)
