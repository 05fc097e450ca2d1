"""neuron-overlap: the samples whose strongest neurons are those of a capability's samples.

score(y): mean over layers and the 20 strongest neurons of y of the share of the capability's samples that have it too.
Source: arXiv 2604.15706.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.target_likeness import OVERLAP
from core.selection.by_capability import CAPABILITIES, SHARES, rank_by_capabilities
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class NeuronOverlapOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)


def rank(pool: Pool, options: NeuronOverlapOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    return rank_by_capabilities(
        pool, lambda name: pool.known.likeness(name, OVERLAP), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="neuron-overlap",
    title="Neuron overlap",
    summary="The samples whose strongest neurons are those of a capability, layer by layer.",
    source="Neuron activation graphs, arXiv 2604.15706",
    notes=(
        "[paper] The 20 strongest neurons of each block; the target profile is how often its samples have each.",
        "[choice] Strongest by absolute mean over tokens; the mean weight hit is the score.",
    ),
    options=NeuronOverlapOptions,
    rank=rank,
)
