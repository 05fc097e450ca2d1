"""What is known of a sample beside its words: languages, tokens and lint flags, worked out once at import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.datasets.count_tokens import token_counts
from core.datasets.language import language_of
from core.datasets.lint import flags_of
from core.datasets.lint.rule import ASKING, joined
from core.datasets.sample import RESPONSE_ROLES, Sample


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one sample.

    `language` of what is asked and `response_language` of what the model says: ISO 639-1, "" where unsure. `tokens` of
    the texts of all turns and `response_tokens` of the model's, by the bundled tokenizer and without template: an
    estimate for other models. `flags`: names of `core.datasets.lint.RULES`.
    """

    language: str
    response_language: str
    tokens: int
    response_tokens: int
    flags: tuple[str, ...]


def facts_of(samples: Sequence[Sample]) -> list[Facts]:
    """The facts of each sample, in order; give it a chunk at a time, all its texts are tokenised together."""
    counts = iter(token_counts([turn.text for sample in samples for turn in sample.turns]))
    return [_facts(sample, [next(counts) for _ in sample.turns]) for sample in samples]


def _facts(sample: Sample, tokens: list[int]) -> Facts:
    said = [count for turn, count in zip(sample.turns, tokens, strict=True) if turn.role in RESPONSE_ROLES]
    return Facts(
        language=language_of(joined(sample.turns, ASKING)),
        response_language=language_of(joined(sample.turns, frozenset({"assistant"}))),
        tokens=sum(tokens),
        response_tokens=sum(said),
        flags=flags_of(sample.turns),
    )
