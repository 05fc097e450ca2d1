"""The features that tell groups of samples apart: for each group, those surely commoner in it than in all other samples.

By `core.scores.enrichment`: at equal length, copies counted once, the largest excess over what the others' odds explain
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.enrichment import Enrichment, enrichment
from core.scores.feature_sets import FeatureSets

FEWEST = 20  # samples of a group that is worth telling of
EACH = 6


@dataclass(frozen=True, slots=True)
class Telling:
    """A feature of a group: the shares of samples it is active in, inside and outside, and its log-odds ratio's limits."""

    feature_id: int
    inside: float
    outside: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Group:
    """A group of samples, each content once, and the features that tell it; `found` of them are surely commoner in it."""

    name: str
    samples: int
    others: int
    found: int
    telling: tuple[Telling, ...]


def telling(
    features: FeatureSets, *, codes: np.ndarray, names: Sequence[str], tokens: np.ndarray, same: np.ndarray,
    each: int = EACH, fewest: int = FEWEST,
) -> list[Group]:  # fmt: skip
    """The groups of `fewest` samples or more, the largest first, each with up to `each` features; ties to the lowest id.

    codes: int (n_samples), a sample's place in `names`, −1 for none. tokens, same: as `enrichment` takes them.
    """
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    shown = [int(code) for code in np.argsort(-sizes, kind="stable") if sizes[code] >= fewest]
    found = []
    for code in shown:
        try:
            made = enrichment(features, a=codes == code, b=(codes != code) & (codes >= 0), tokens=tokens, same=same)
        except GamutError:
            continue  # every sample is in it
        found.append(_group(names[code], made, each))
    return found


def _group(name: str, made: Enrichment, each: int) -> Group:
    return Group(
        name, made.n_a, made.n_b, len(made.common_in_a()),
        tuple(
            Telling(
                int(f), made.active_a[f] / made.n_a, made.active_b[f] / made.n_b, float(made.adjusted.low[f]),
                float(made.adjusted.high[f]),
            )
            for f in made.telling("a", each)
        ),
    )  # fmt: skip
