"""Lint flags: what looks broken or boilerplate in a sample, each by a stated rule that prefers silence to a false alarm."""

from __future__ import annotations

from core.datasets.lint import cut_answer, echo, language_mismatch, near_empty, open_fence, refusal, template_tokens
from core.datasets.lint.rule import Rule
from core.datasets.sample import Turn

RULES: dict[str, Rule] = {
    module.RULE.name: module.RULE
    for module in (refusal, cut_answer, open_fence, echo, language_mismatch, template_tokens, near_empty)
}


def flags_of(turns: tuple[Turn, ...]) -> tuple[str, ...]:
    """The names of the rules that a conversation breaks, in the order of `RULES`."""
    return tuple(name for name, rule in RULES.items() if rule.test(turns))
