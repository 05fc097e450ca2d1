"""Where a feature fires: in which part of a sample, in whose words, in which groups of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.datasets.sample import ROLES
from core.store.analyses import Analysis
from core.store.bins import POSITION_BINS, position_bins
from core.store.features import histogram_of


@dataclass(frozen=True, eq=False)
class ScoredTokens:
    """All scored tokens of an analysis, int64 each: by position bin (POSITION_BINS) and by role (len(ROLES))."""

    position: np.ndarray
    role: np.ndarray


@dataclass(frozen=True, eq=False)
class Where:
    """A feature's active tokens, int64, and its share of the scored tokens there, float64 (NaN where there are none).

    By position bin and by role, as `ScoredTokens`.
    """

    position: np.ndarray
    position_share: np.ndarray
    role: np.ndarray
    role_share: np.ndarray


def scored_tokens(analysis: Analysis) -> ScoredTokens:
    """What a feature's counts are shares of: the tokens of the roles' own words, the first of a sample left out."""
    column = analysis.cursor().sql("SELECT roles FROM tokens ORDER BY sample_id").to_arrow_table()["roles"]
    lists = column.combine_chunks()
    lengths = lists.value_lengths().to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    roles = lists.flatten().to_numpy()
    place = np.arange(len(roles)) - np.repeat(starts, lengths)
    scored = (roles < len(ROLES)) & (place > 0)
    return ScoredTokens(
        np.bincount(position_bins(place[scored]), minlength=POSITION_BINS),
        np.bincount(roles[scored], minlength=len(ROLES)),
    )


def where_it_fires(analysis: Analysis, feature_id: int, everything: ScoredTokens) -> Where:
    """A feature's active tokens beside all scored tokens."""
    found = histogram_of(analysis, feature_id)
    role = np.zeros(len(ROLES), np.int64)
    role[: found.role.shape[1]] = found.role[0]
    return Where(found.position[0], _share(found.position[0], everything.position), role, _share(role, everything.role))


def samples_of(analysis: Analysis, feature_id: int) -> np.ndarray:
    """The samples that a feature is active in, int32, ascending."""
    query = "SELECT DISTINCT sample_id FROM activations_by_feature WHERE feature_id = ? ORDER BY sample_id"
    return np.asarray(analysis.cursor().execute(query, [feature_id]).fetchnumpy()["sample_id"], np.int32)


def _share(some: np.ndarray, everything: np.ndarray) -> np.ndarray:
    return np.divide(some, everything, out=np.full(len(some), np.nan), where=everything > 0)
