"""longest: the samples with the longest responses first.

order by response tokens, descending; ties: lowest sample id.
Source: Zhao et al., "Long Is More for Alignment", ICML 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.selection.method import Method
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_by_score


@dataclass(frozen=True, kw_only=True)
class LongestOptions:
    """No settings."""


def rank(pool: Pool, options: LongestOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by response tokens, descending."""
    return ranking_by_score(pool, pool.response_tokens, upto)


METHOD = Method(
    name="longest",
    title="Longest responses",
    summary="The samples with the longest responses first: a simple baseline that is hard to beat.",
    source="Zhao et al., Long Is More for Alignment, ICML 2024",
    notes=(
        "[paper] The longest responses, counted in tokens.",
        "[choice] Tokens after truncation, by the analysis' own tokenizer; ties go to the lowest sample id.",
    ),
    options=LongestOptions,
    rank=rank,
    group="main",
)
