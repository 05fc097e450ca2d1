"""What lies inside an outline on the map: how many samples and tokens, which groups, and which features at equal length.

A map is drawn from the same features that are then compared inside and outside of an outline: what this says describes
the place, it is no evidence that the samples there belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.errors import GamutError
from core.scores.enrichment import Enrichment, enrichment, same_by_duplicates
from core.scores.feature_sets import FeatureSets
from core.scores.layout import Layout
from core.scores.outline import Outline
from core.selection.known import Grouping
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.sample_groups import DRAWN, SampleGroup, save_group

DESCRIPTION = (
    "Description, not evidence: the map was drawn from these same features, so some of them have to stand out in any "
    "neighbourhood."
)


@dataclass(frozen=True, eq=False)
class Share:
    """A group inside an outline beside the pool: samples of it inside and in all."""

    name: str
    inside: int
    pool: int


@dataclass(frozen=True, eq=False)
class Inside:
    """Who is inside, bool (n), and the tokens of their conversations and of all."""

    members: np.ndarray
    tokens: int
    all_tokens: int

    @property
    def ids(self) -> np.ndarray:
        return np.flatnonzero(self.members)

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.members))


def inside_of(members: np.ndarray, *, tokens: np.ndarray) -> Inside:
    """Count the samples `members`, bool (n); tokens: int (n), of whole conversations."""
    spent = tokens.astype(np.int64)
    return Inside(members, int(spent[members].sum()), int(spent.sum()))


def features_inside(
    features: FeatureSets, members: np.ndarray, *, tokens: np.ndarray, duplicate_of: np.ndarray
) -> Enrichment:
    """Every feature inside (A) against the rest of the pool (B), at equal length; tokens: int (n), scored ones."""
    if members.all():
        raise GamutError("The outline holds every sample, so there is no rest to compare with; draw a smaller one.")
    return enrichment(features, a=members, b=~members, tokens=tokens, same=same_by_duplicates(duplicate_of))


def save_outlined(analysis: Analysis, dataset: Dataset, layout: Layout, outline: Outline, name: str) -> SampleGroup:
    """Keep the samples inside an outline on the map as a named group of the data set."""
    ids = np.flatnonzero(outline.inside(layout.x, layout.y)).tolist()
    made_from = f"{DRAWN} of analysis {analysis.name} (seed {layout.settings.seed}): {outline.text()}"
    return save_group(dataset.workspace, name, dataset=dataset, ids=ids, made_from=made_from)


def shares_inside(groups: Grouping, members: np.ndarray) -> list[Share]:
    """The groups by their samples inside, most first, ties in their own order; those without any at the end."""
    pool = np.bincount(groups.codes, minlength=len(groups.names))
    inside = np.bincount(groups.codes[members], minlength=len(groups.names))
    order = np.argsort(-inside, kind="stable")
    return [Share(groups.names[at], int(inside[at]), int(pool[at])) for at in order.tolist() if pool[at]]


def from_the_middle(x: np.ndarray, y: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The samples inside, those nearest to their common middle on the map first: int64; ties to the lowest id."""
    ids = np.flatnonzero(members)
    across = x[ids].astype(np.float64) - x[ids].mean(dtype=np.float64)
    up = y[ids].astype(np.float64) - y[ids].mean(dtype=np.float64)
    return ids[np.argsort(across**2 + up**2, kind="stable")]
