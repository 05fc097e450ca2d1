"""Made-up feature sets in the shape of the paper's: 131,072 features, about 300 active in a row, popularity by Zipf's law."""

from __future__ import annotations

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.selection.known import NOTHING, Known
from core.selection.pool import Pool

FEATURES, PER_ROW, EXPONENT = 131_072, 300, 1.2


def generate(
    rows: int, *, n_features: int = FEATURES, per_row: int = PER_ROW, exponent: float = EXPONENT, seed: int = 0
) -> FeatureSets:
    """Sets of features drawn with probabilities 1 / rank^exponent, repeats within a row dropped, `per_row` left on average."""
    popularity = 1 / np.arange(1, n_features + 1) ** exponent
    popularity /= popularity.sum()
    draws = per_row
    while (1 - (1 - popularity) ** draws).sum() < per_row:  # how many different ones so many draws give
        draws += 1
    share, other = _alias(popularity)
    # Half a dozen standard deviations of room, so that the buffer of all rows is made once.
    indices = np.empty(int(rows * per_row + 6 * per_row * np.sqrt(rows) + draws), np.int32)
    indptr = np.zeros(rows + 1, np.int64)
    _draw(share, other, draws, seed, indptr, indices)
    return FeatureSets(indptr, indices[: indptr[-1]], n_features)


def pool_of(features: FeatureSets, *, known: Known = NOTHING) -> Pool:
    """Everybody may be chosen; tokens and answers as long as drawn with a seed: 20 to 400 tokens."""
    n = features.n_samples
    tokens = np.random.default_rng(2).integers(20, 400, n).astype(np.int32)
    return Pool(
        features=features, scored_tokens=tokens, response_tokens=tokens // 2, conversation_tokens=tokens,
        eligible=np.ones(n, bool), known=known,
    )  # fmt: skip


def _alias(chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's tables: a place drawn evenly is kept with chance `share`, else it is `other`."""
    share, other = chances * len(chances), np.arange(len(chances))
    small, large = list(np.flatnonzero(share < 1)), list(np.flatnonzero(share >= 1))
    while small and large:
        one, giver = small.pop(), large[-1]
        other[one] = giver
        share[giver] -= 1 - share[one]
        if share[giver] < 1:
            small.append(large.pop())
    return share, other


@njit(cache=True, nogil=True)
def _draw(share, other, draws, seed, indptr, indices):
    np.random.seed(seed)
    last_row = np.full(share.size, -1, np.int64)
    for row in range(indptr.size - 1):
        end = indptr[row]
        for _ in range(draws):
            place = np.random.randint(0, share.size)
            if np.random.random() >= share[place]:
                place = other[place]
            if last_row[place] != row:
                last_row[place] = row
                indices[end] = place
                end += 1
        indices[indptr[row] : end].sort()
        indptr[row + 1] = end
