"""embedding-similarity: the samples whose last-layer mean points to where a capability's does.

score(y) = cos(A_L(y) − m, μ − m), m the pool's mean, μ the capability's, L the last layer.
Source: the control that reviewers of NAIT asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.alignment import COSINE, AlignmentSettings
from core.scores.capability import SITES
from core.selection.by_capability import CAPABILITIES, LENGTH_Z, SHARES, rank_by_capabilities
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class EmbeddingSimilarityOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)
    site: str = option(
        "residual", "residual: the stream after the last block; mlp: its neurons", label="Read at", choices=SITES,
        words=("neurons of the last MLP", "residual stream after the last block"),
    )  # fmt: skip
    length_z: bool = option(False, LENGTH_Z, label="Compare only samples of like length")


def rank(pool: Pool, options: EmbeddingSimilarityOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by cosine, ties to the lowest sample id; several capabilities take turns or have shares."""
    settings = AlignmentSettings(rule=COSINE, site=options.site, length_z=options.length_z)
    return rank_by_capabilities(
        pool, lambda name: pool.known.alignment(name, settings), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="embedding-similarity",
    title="Embedding similarity",
    summary="The samples whose mean state at the last layer points the same way as that of a capability's samples.",
    source="Control for NAIT (arXiv 2603.13201)",
    notes=(
        "[choice] Both are taken less the pool's mean, which all texts share.",
        "[choice] On 53,219 mixed rows with the bundled model it found rows of a capability's own kind at least as well as "
        "NAIT on each of six capabilities.",
    ),
    options=EmbeddingSimilarityOptions,
    rank=rank,
)
