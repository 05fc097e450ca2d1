"""difference-of-means: the samples that lie furthest from the pool's mean towards a capability's.

score(y) = Σ_l A_l(y) · u_l, u_l the unit vector from the pool's mean to the capability's at layer l.
Source: the simplest probe there is; a control that NAIT must beat to be worth its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.alignment import DIFFERENCE, AlignmentSettings
from core.scores.capability import SITES
from core.selection.by_capability import CAPABILITIES, LAYER_Z, LENGTH_Z, SHARES, SITE_WORDS, rank_by_capabilities
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking


@dataclass(frozen=True, kw_only=True)
class DifferenceOfMeansOptions:
    capabilities: str = option("", CAPABILITIES, label="Capabilities", names=CAPABILITY)
    shares: str = option("", SHARES, label="Shares of the capabilities", names=CAPABILITY_SHARES)
    site: str = option(
        "mlp", "mlp: neurons; residual: the stream after each block", label="Read at", choices=SITES, words=SITE_WORDS
    )
    layer_z: bool = option(False, LAYER_Z, label="Put every layer on one scale")
    length_z: bool = option(False, LENGTH_Z, label="Compare only samples of like length")


def rank(pool: Pool, options: DifferenceOfMeansOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns or have shares."""
    settings = AlignmentSettings(rule=DIFFERENCE, site=options.site, layer_z=options.layer_z, length_z=options.length_z)
    return rank_by_capabilities(
        pool, lambda name: pool.known.alignment(name, settings), capabilities=options.capabilities, shares=options.shares,
        method=METHOD.name, upto=upto,
    )  # fmt: skip


METHOD = Method(
    name="difference-of-means",
    title="Difference of means",
    summary="The samples that lie furthest from the pool's mean towards the mean of a capability's samples.",
    source="Control for NAIT (arXiv 2603.13201)",
    notes=(
        "[choice] The difference has unit length at every layer; layers are summed.",
        "[choice] On 53,219 mixed rows with the bundled model it found code as NAIT did not (AUROC 1.00 against 0.75), maths no "
        "better (0.84 and 0.86), languages as well, and reasoning not at all (0.43 and 0.33).",
    ),
    options=DifferenceOfMeansOptions,
    rank=rank,
)
