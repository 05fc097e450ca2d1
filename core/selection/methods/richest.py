"""richest: the samples with the most active features first.

order by |F(i)|, descending; ties: lowest sample id.
Source: our control; the shortcut that SAE-GreedSelect must beat to be worth its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.selection.method import Method
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_by_score


@dataclass(frozen=True, kw_only=True)
class RichestOptions:
    """No settings."""


def rank(pool: Pool, options: RichestOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by the number of active features, descending."""
    return ranking_by_score(pool, pool.features.richness, upto)


METHOD = Method(
    name="richest",
    title="Richest",
    summary="The samples with the most active features first, whatever the others already cover.",
    source="Control for SAE-GreedSelect (arXiv 2502.14050)",
    notes=("[choice] Follows length closely (the paper reports r = 0.92 between tokens and features).",),
    options=RichestOptions,
    rank=rank,
)
