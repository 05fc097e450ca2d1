"""mona: the samples whose SAE activations are most like those of a capability's samples.

score(y) = Σ_j min(x_j, t_j) / Σ_j max(x_j, t_j), activations per token, t the mean of the capability's samples.
Source: arXiv 2503.15573, NeurIPS 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.target_likeness import MONA
from core.selection.method import CAPABILITY, Method, option
from core.selection.methods.nait import CAPABILITIES, best_first, capability_names
from core.selection.pool import Pool
from core.selection.ranking import Ranking, in_turn, ranking_along


@dataclass(frozen=True, kw_only=True)
class MonaOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)


def rank(pool: Pool, options: MonaOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    names = capability_names(options.capabilities, method=METHOD.name)
    orders = [best_first(pool, pool.known.likeness(name, MONA)) for name in names]
    return ranking_along(pool, in_turn(orders), upto)


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
