"""How much two samples overlap that have nothing to do with each other: small sets of features are soon alike.

Two yardsticks. Random pairs: drawn from the data, matched in size with a sample and its nearest, and in no group together.
Dealt anew: every sample keeps its size and every feature falls about as often as it does, but on whom is left to chance; for
some samples so made the nearest among all is found. Features that go together raise the first; the second alone stands for
as many comparisons as the largest overlap of a sample does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.distinct_sets import distinct_sets
from core.scores.feature_sets import FeatureSets
from core.scores.links import groups_of
from core.scores.redundancy import features_hash
from core.scores.redundancy_search import Redundancy
from core.scores.set_join import by_feature, nearest_of, overlaps
from core.store.analyses import Analysis
from core.store.derived import kept_table

DRAWS = 20_000  # random pairs
DEALT = 1_000  # samples dealt anew whose nearest is found
WINDOW = 0.01  # of all samples by size: how far a match may be from the size sought
SEED = 0
BINS = 8  # of equally many pairs, by the size of the sample
RARE = 0.999


@dataclass(frozen=True, eq=False)
class Null:
    """size, overlap: int32 and float64 (pairs), of random pairs: features of the first one, and Jaccard's index.

    dealt_size, dealt: the same of samples dealt anew and their largest overlap.
    """

    size: np.ndarray
    overlap: np.ndarray
    dealt_size: np.ndarray
    dealt: np.ndarray

    def reaching(self, at: float) -> float:
        """The share of the random pairs that overlap by `at` or more; 0 where there are none."""
        return float((self.overlap >= at).mean()) if len(self.overlap) else 0.0

    def dealt_reaching(self, at: float) -> float:
        """The share of the samples dealt anew whose largest overlap is `at` or more."""
        return float((self.dealt >= at).mean()) if len(self.dealt) else 0.0

    def by_size(self, *, share: float = RARE) -> list[tuple[float, float, float]]:
        """For bins of equally many random pairs: median size, the quantile `share` of their overlap, median of `dealt` there.

        The last is NaN where nobody of such a size was dealt.
        """
        found = []
        for own in np.array_split(np.argsort(self.size, kind="stable"), min(BINS, max(1, len(self.size) // 100))):
            if len(own):
                low, high = self.size[own[0]], self.size[own[-1]]
                dealt = self.dealt[(self.dealt_size >= low) & (self.dealt_size <= high)]
                middle = float(np.median(dealt)) if len(dealt) else float("nan")
                found.append((float(np.median(self.size[own])), float(np.quantile(self.overlap[own], share)), middle))
        return found


def null_of(analysis: Analysis, features: FeatureSets, found: Redundancy) -> Null:
    """The null of an analysis' samples by these feature sets: drawn once, then kept with the analysis."""

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        null = draw_null(features, found)
        n = max(len(null.size), len(null.dealt))
        columns = {"size": null.size, "overlap": null.overlap, "dealt_size": null.dealt_size, "dealt": null.dealt}
        padded = {name: np.concatenate([own, np.full(n - len(own), -1, own.dtype)]) for name, own in columns.items()}
        return {"pairs": len(null.size), "dealt": len(null.dealt)}, padded

    about, columns = kept_table(analysis, f"redundancy-null-{features_hash(features)}", make)
    pairs, dealt = about["pairs"], about["dealt"]
    return Null(
        columns["size"][:pairs], columns["overlap"][:pairs], columns["dealt_size"][:dealt], columns["dealt"][:dealt]
    )


def draw_null(features: FeatureSets, found: Redundancy, *, seed: int = SEED) -> Null:
    """Random pairs and samples dealt anew, drawn by PCG64(seed)."""
    random = np.random.Generator(np.random.PCG64(seed))
    size, overlap = _random_pairs(features, found, random)
    dealt_size, dealt = _dealt(features, random)
    return Null(size, overlap, dealt_size, dealt)


def _random_pairs(
    features: FeatureSets, found: Redundancy, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    by_size = np.argsort(features.richness, kind="stable")
    by_size = by_size[features.richness[by_size] > 0]
    able = np.flatnonzero(found.nearest >= 0)
    if len(by_size) < 2 or not len(able):
        return np.empty(0, np.int32), np.empty(0)
    like = random.choice(able, min(DRAWS, 4 * len(able)))
    rank = np.zeros(features.n_samples, np.int64)
    rank[by_size] = np.arange(len(by_size))
    window = max(8, round(WINDOW * len(by_size)))

    def matched(samples: np.ndarray) -> np.ndarray:
        near = rank[samples] + random.integers(-window, window + 1, len(samples))
        return by_size[np.clip(near, 0, len(by_size) - 1)]

    one, other = matched(like), matched(found.nearest[like])
    group = groups_of(found.links, features.n_samples)
    unrelated = group[one] != group[other]
    one, other = one[unrelated], other[unrelated]
    return features.richness[one], overlaps(features, one, other)


def _dealt(features: FeatureSets, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    dealt = deal(features, random)
    sets = distinct_sets(dealt)
    start, holder = by_feature(sets.indptr, sets.ids, sets.n_features)
    there = np.flatnonzero(sets.of >= 0)
    asked = np.sort(random.permutation(there)[:DEALT])
    rows = sets.of[asked]
    nearest, shared = nearest_of(sets, start, holder, rows)
    size = sets.size[rows]
    union = np.maximum(1, size + np.where(nearest >= 0, sets.size[nearest], 0) - shared)
    return size, np.where(sets.times[rows] > 1, 1.0, shared / union)


def deal(features: FeatureSets, random: np.random.Generator) -> FeatureSets:
    """The same sizes with features drawn as often as they are active, none twice in a sample."""
    entries = random.permutation(features.indices)
    spare = random.integers(0, max(1, len(entries)), max(64, len(entries)))
    return FeatureSets(
        features.indptr, _distinct(features.indptr, entries, spare, features.n_features), features.n_features
    )


@njit(cache=True, nogil=True)
def _distinct(indptr, entries, spare, n_features):
    """Draw again what a sample has twice; after many draws in vain, the lowest feature that it has not."""
    last = np.full(n_features, -1, np.int64)
    used = 0
    out = entries.copy()
    for row in range(indptr.size - 1):
        for e in range(indptr[row], indptr[row + 1]):
            tries = 0
            while last[out[e]] == row:
                out[e] = entries[spare[used % spare.size]]
                used += 1
                tries += 1
                if tries > 1000:
                    out[e] = np.argmin(last == row)
            last[out[e]] = row
        out[indptr[row] : indptr[row + 1]].sort()
    return out
