"""embedding-similarity: the samples whose last-layer mean points to where a capability's does.

score(y) = cos(A_L(y) − m, μ − m), m the pool's mean, μ the capability's, L the last layer.
Source: the control that reviewers of NAIT asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.alignment import COSINE, AlignmentSettings
from core.scores.capability import SITES
from core.selection.method import Method, option
from core.selection.methods.nait import CAPABILITIES, named_orders
from core.selection.pool import Pool
from core.selection.ranking import Ranking, in_turn, ranking_along


@dataclass(frozen=True, kw_only=True)
class EmbeddingSimilarityOptions:
    capabilities: str = option("", CAPABILITIES)
    site: str = option("residual", "residual: the stream after the last block; mlp: its neurons", choices=SITES)
    length_z: bool = option(False, "compare a sample with others of like length only")


def rank(pool: Pool, options: EmbeddingSimilarityOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by cosine, ties to the lowest sample id; several capabilities take turns."""
    settings = AlignmentSettings(rule=COSINE, site=options.site, length_z=options.length_z)
    orders = named_orders(pool, options.capabilities, settings, method=METHOD.name)
    return ranking_along(pool, in_turn(orders), upto)


METHOD = Method(
    name="embedding-similarity",
    title="Embedding similarity",
    summary="The samples whose mean state at the last layer points the same way as that of a capability's samples.",
    source="Control for NAIT (arXiv 2603.13201)",
    notes=(
        "[choice] Both are taken less the pool's mean, which all texts share.",
        "[choice] In our pilot it found rows of a capability's own kind at least as well as NAIT.",
    ),
    options=EmbeddingSimilarityOptions,
    rank=rank,
)
