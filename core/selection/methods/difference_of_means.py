"""difference-of-means: the samples that lie furthest from the pool's mean towards a capability's.

score(y) = Σ_l A_l(y) · u_l, u_l the unit vector from the pool's mean to the capability's at layer l.
Source: the simplest probe there is; a control that NAIT must beat to be worth its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.alignment import DIFFERENCE, AlignmentSettings
from core.scores.capability import SITES
from core.selection.method import Method, option
from core.selection.methods.nait import CAPABILITIES, named_orders
from core.selection.pool import Pool
from core.selection.ranking import Ranking, in_turn, ranking_along


@dataclass(frozen=True, kw_only=True)
class DifferenceOfMeansOptions:
    capabilities: str = option("", CAPABILITIES)
    site: str = option("mlp", "mlp: neurons; residual: the stream after each block", choices=SITES)
    layer_z: bool = option(False, "every layer on one scale, so that late layers do not decide alone")
    length_z: bool = option(False, "compare a sample with others of like length only")


def rank(pool: Pool, options: DifferenceOfMeansOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by score, ties to the lowest sample id; several capabilities take turns."""
    settings = AlignmentSettings(rule=DIFFERENCE, site=options.site, layer_z=options.layer_z, length_z=options.length_z)
    orders = named_orders(pool, options.capabilities, settings, method=METHOD.name)
    return ranking_along(pool, in_turn(orders), upto)


METHOD = Method(
    name="difference-of-means",
    title="Difference of means",
    summary="The samples that lie furthest from the pool's mean towards the mean of a capability's samples.",
    source="Control for NAIT (arXiv 2603.13201)",
    notes=(
        "[choice] The difference has unit length at every layer; layers are summed.",
        "[choice] In our pilot it found rows of a capability's own kind at least as well as NAIT.",
    ),
    options=DifferenceOfMeansOptions,
    rank=rank,
)
