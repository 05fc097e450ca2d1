"""How much each feature counts for a method: all alike or by rarity, and only those with support or of a target."""

from __future__ import annotations

import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.pool import Pool

UNIT = 1000  # weights are whole thousandths, so that sums of them are exact and ties are ties
RARITY = ("equal", "idf", "frequency")
RARITY_LABEL = "Worth of a feature"
RARITY_WORDS = ("equal", "rare ones more (idf)", "common ones first")
RARITY_HELP = (
    "what a feature is worth: equal; idf, 1 + ln(n / rows that have it), so rare ones count more; "
    "frequency, the rows that have it, so common ones come first"
)


def rarity_weights(features: FeatureSets, rarity: str) -> np.ndarray:
    """What each feature is worth, int64 (n_features): thousandths, or plain rows for "frequency"; 0 where nobody has it."""
    rows = rows_with(features)
    if rarity == "frequency":
        return rows
    if rarity == "equal":
        return np.where(rows > 0, UNIT, 0)
    with np.errstate(divide="ignore"):
        idf = 1 + np.log(features.n_samples / rows)
    return np.where(rows > 0, np.rint(UNIT * np.where(rows > 0, idf, 0)), 0).astype(np.int64)


def rows_with(features: FeatureSets, chosen: np.ndarray | None = None) -> np.ndarray:
    """In how many rows (of those `chosen`, bool (n)) each feature is active: int64 (n_features)."""
    indices = features.indices if chosen is None else features.indices[np.repeat(chosen, features.richness)]
    return np.bincount(indices, minlength=features.n_features)


def counting(pool: Pool, *, support: int, target: str) -> np.ndarray:
    """Which features count: those of `target` (all if ""), active in at least `support` rows that repeat no other; bool."""
    keep = np.ones(pool.features.n_features, bool)
    if support > 1:
        keep &= rows_with(pool.features, pool.known.duplicate_of < 0) >= support
    if target:
        keep &= pool.known.target(target)
    return keep


def only(features: FeatureSets, keep: np.ndarray) -> FeatureSets:
    """The sets without the features that `keep`, bool (n_features), leaves out."""
    if keep.all():
        return features
    kept = keep[features.indices]
    before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
    return FeatureSets(before[features.indptr], features.indices[kept], features.n_features)


def worth(pool: Pool, column: str) -> np.ndarray:
    """A score as whole millionths (2⁻²⁰) of its largest value, int64 (n); a row without one has 0.

    Raises `GamutError` for values below 0, and where none is above it.
    """
    score = pool.known.score(column)
    known = score[~np.isnan(score)]
    if known.size and known.min() < 0:
        raise GamutError(
            f"Column {column!r} goes down to {known.min():g}; a score that multiplies gains must not be negative."
        )
    if not known.size or not 0 < known.max() < np.inf:
        raise GamutError(f"Column {column!r} holds no usable value above 0, so it cannot multiply gains.")
    return np.rint(np.nan_to_num(score, nan=0.0) / known.max() * 2**20).astype(np.int64)
