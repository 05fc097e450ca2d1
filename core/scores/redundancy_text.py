"""Near-copies by features beside near-copies by words: two ways to find what is there twice that know nothing of each other.

By words: Jaccard's index of the sets of runs of four words within a turn (`core.scores.word_grams`), found by the very same
search: all pairs up to so many samples, MinHash above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.redundancy_search import Redundancy
from core.scores.set_join import overlaps


@dataclass(frozen=True, slots=True)
class Agreement:
    """Samples (of `samples`) with a near-copy by features, by words, by both, and by both if the two were independent.

    firm: of the nearest pairs by features that reach the threshold, the share that reach it by words; found: of those by
    words, the share that reach it by features; None where there are none. only_features, only_words: some samples that
    have a near-copy by one alone, int32, those with the largest difference first.
    """

    samples: int
    by_features: int
    by_words: int
    both: int
    expected: float
    firm: float | None
    found: float | None
    only_features: np.ndarray
    only_words: np.ndarray


def agreement(
    features: FeatureSets,
    by_features: Redundancy,
    words: FeatureSets,
    by_words: Redundancy,
    *,
    at: float,
    words_at: float,
) -> Agreement:
    """How far the near-copies by features and those by words are the same."""
    for found, least in ((by_features, at), (by_words, words_at)):
        if not found.exact and least < found.floor:  # the nearest of a sample is known down to there
            raise GamutError(f"MinHash tells overlaps from {found.floor:g} on; {least:g} was asked for.")
    n = features.n_samples
    alike, said = by_features.overlap >= at, by_words.overlap >= words_at
    one, other = np.flatnonzero(alike), np.flatnonzero(said)
    in_words = overlaps(words, one, by_features.nearest[one])
    in_features = overlaps(features, other, by_words.nearest[other])
    apart = by_features.overlap - by_words.overlap
    return Agreement(
        samples=n,
        by_features=len(one),
        by_words=len(other),
        both=int((alike & said).sum()),
        expected=len(one) * len(other) / n if n else 0.0,
        firm=float((in_words >= words_at).mean()) if len(one) else None,
        found=float((in_features >= at).mean()) if len(other) else None,
        only_features=_first(alike & ~said, -apart),
        only_words=_first(said & ~alike, apart),
    )


def _first(which: np.ndarray, order: np.ndarray) -> np.ndarray:
    ids = np.flatnonzero(which).astype(np.int32)
    return ids[np.argsort(order[ids], kind="stable")]
