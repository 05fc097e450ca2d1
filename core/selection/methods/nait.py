"""nait: the samples whose neurons point furthest along the directions of one or several capabilities.

score_C(y) = Σ_l A_l(y) · v_l, best first; several capabilities take turns, each its best sample not taken yet.
Source: NAIT, arXiv 2603.13201.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.alignment import POOLINGS, AlignmentSettings
from core.scores.capability import SITES
from core.selection.by_capability import (
    CAPABILITIES,
    LAYER_Z,
    LENGTH_Z,
    POOLING_WORDS,
    SHARES,
    SITE_WORDS,
    rank_by_capabilities,
)
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class NaitOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)
    site: str = option(
        "mlp", "mlp: neurons; residual: the stream after each block", label="Read at", choices=SITES, words=SITE_WORDS
    )
    pooling: str = option(
        "mean", "of a sample's tokens: their mean, the last, or the last less the first (delta)", label="Tokens read",
        choices=POOLINGS, words=POOLING_WORDS,
    )  # fmt: skip
    layer_z: bool = option(False, LAYER_Z, label="Put every layer on one scale")
    length_z: bool = option(False, LENGTH_Z, label="Compare only samples of like length")


def rank(pool: Pool, options: NaitOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns or have shares."""
    settings = AlignmentSettings(
        site=options.site, pooling=options.pooling, layer_z=options.layer_z, length_z=options.length_z
    )
    return rank_by_capabilities(
        pool, lambda name: pool.known.alignment(name, settings), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="nait",
    title="NAIT",
    summary="The samples whose neurons point furthest along the directions learned from a few samples of a capability.",
    source="Neuron-Aware Data Selection in Instruction Tuning, arXiv 2603.13201",
    notes=(
        "[paper] Directions: first principal component of the change from the first to the last token, layer by layer; score: "
        "sum over layers of the projections.",
        "[choice] Neurons are MLP activations after the non-linearity, averaged over a sample's tokens without position 0; the "
        "paper's own tensor is not known.",
        "[choice] Signs are those of the token means, position 0 left out.",
        "[choice] Several capabilities take turns, skipping what is taken; with shares their turns are Sainte-Laguë's.",
        "[choice] Measured on 53,219 mixed rows with the bundled model, directions from 300 samples each; AUROC for finding rows "
        "of the kind, beside embedding similarity: maths 0.86 and 0.92, code 0.75 and 1.00, German 0.99 and 1.00, Spanish 0.99 "
        "and 1.00, Chinese 1.00 and 1.00, reasoning 0.33 and 0.60. No better than the simple controls on any of the six.",
        "[choice] Finding rows of one's own kind is a floor, not evidence that training on them helps; in the tests of arXiv "
        "2602.14696 only gradient similarity predicted results consistently.",
    ),
    options=NaitOptions,
    rank=rank,
)
