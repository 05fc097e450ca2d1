"""random: a uniform order from a seed, the yardstick for every other method.

order = the permutation of all n ids by PCG64(seed), then filtered.
Source: none needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.coverage import seeded_order
from core.selection.method import Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along


@dataclass(frozen=True, kw_only=True)
class RandomOptions:
    seed: int = option(0, "The same seed gives the same order, on any machine.", label="Seed", low=0)


def rank(pool: Pool, options: RandomOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates in the seed's order: a ban removes a row and moves no other."""
    order = seeded_order(pool.n_samples, options.seed)
    candidate = np.zeros(pool.n_samples, bool)
    candidate[pool.candidates] = True
    return ranking_along(pool, order[candidate[order]], upto)


METHOD = Method(
    name="random",
    title="Random",
    summary="A uniform random order from a seed: what every other method has to beat.",
    source="–",
    notes=("[choice] NumPy's PCG64 permutation of all samples, filtered afterwards: bans reshuffle nothing.",),
    options=RandomOptions,
    rank=rank,
    group="main",
)
