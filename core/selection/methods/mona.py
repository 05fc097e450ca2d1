"""mona: the samples whose SAE activations are most like those of a capability's samples.

score(y) = Σ_j min(x_j, t_j) / Σ_j max(x_j, t_j), activations per token, t the mean of the capability's samples.
Source: arXiv 2503.15573, NeurIPS 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.target_likeness import MONA
from core.selection.by_capability import CAPABILITIES, SHARES, rank_by_capabilities
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class MonaOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)


def rank(pool: Pool, options: MonaOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    return rank_by_capabilities(
        pool, lambda name: pool.known.likeness(name, MONA), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="mona",
    title="MONA",
    summary="The samples whose mean SAE activations are most like those of a capability.",
    source="Monosemantic data selection, arXiv 2503.15573, NeurIPS 2025",
    notes=(
        "[paper] Generalised Jaccard of mean-pooled SAE activations with the mean of a target set.",
        "[choice] Several capabilities take turns, skipping what is taken.",
    ),
    options=MonaOptions,
    rank=rank,
)
