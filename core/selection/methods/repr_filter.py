"""repr-filter: walk by a score and keep each sample that is not too near, in direction, to one kept already.

Order by score, descending; keep i if max_{k kept} cos(x_i, x_k) ≤ s; at the end of a pass nothing counts as kept and a
new round walks what is left.
Source: Liu et al., What Makes Good Data for Alignment? (Deita), ICLR 2024, its Repr Filter.

Matrix products in float32 tell who is near; where they are too close to s to be sure, a sum in float64 decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numba import njit

from core.selection.method import SCORE, Method, option
from core.selection.methods.k_center import unit_length
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_in_rounds

BLOCK, KEPT = 256, 8192  # rows compared at once with so many kept ones
UNSURE = 5e-5  # how far a cosine from a float32 product may be off


@dataclass(frozen=True, kw_only=True)
class ReprFilterOptions:
    score: str = option(
        "", "walk by this column of numbers, descending; without one, by response tokens", label="Walk by", names=SCORE
    )
    similarity: float = option(
        0.9, "a sample is kept up to this cosine with the nearest kept one", label="Largest cosine", low=0, high=1
    )
    centred: bool = option(
        False, "take the mean vector off first: then directions spread, and more samples are kept",
        label="Take the mean vector off first",
    )  # fmt: skip


def rank(pool: Pool, options: ReprFilterOptions, *, upto: int | None = None) -> Ranking:
    """Pins (kept in round 1, as the base is), then samples as they pass, round by round; those without a score walk last."""
    vectors = np.asarray(pool.known.vectors, np.float32)
    if options.centred:
        vectors = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    near = _Near(vectors, options.similarity)
    walk = _walk(pool, options.score)
    stop = pool.available if upto is None else min(upto, pool.available)
    most = max(0, stop - len(pool.pins))
    ids, rounds = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    kept, number, done = np.concatenate([pool.base, pool.pins]).astype(np.int32), 1, 0
    while len(walk) and done < most:
        passed = near.walk(walk, kept, most - done)
        ids.append(walk[passed])
        rounds.append(np.full(len(ids[-1]), number, np.int32))
        done += len(ids[-1])
        walk, kept, number = walk[~passed], kept[:0], number + 1
    return ranking_in_rounds(pool, np.concatenate(ids), np.concatenate(rounds), upto)


def _walk(pool: Pool, column: str) -> np.ndarray:
    score = pool.known.score(column) if column else pool.response_tokens.astype(np.float64)
    return pool.candidates[np.argsort(-score[pool.candidates], kind="stable")]  # NaN, no score, comes last


class _Near:
    """Who has a cosine above `limit` with whom; a vector of length 0 is near nobody."""

    def __init__(self, vectors: np.ndarray, limit: float) -> None:
        self._vectors, self._limit, self._unit = vectors, limit, unit_length(vectors)
        as_typed = Fraction(str(float(limit)))
        self._exact = float(as_typed.numerator), float(as_typed.denominator)

    def walk(self, walk: np.ndarray, kept: np.ndarray, most: int) -> np.ndarray:
        """Which rows of `walk` are kept, bool, at most `most`, when those of `kept` are already."""
        passed = np.zeros(len(walk), bool)
        all_kept = np.concatenate([kept, np.empty(min(most, len(walk)), np.int32)])
        count, last = len(kept), len(kept) + most
        for first in range(0, len(walk), BLOCK):
            block = walk[first : first + BLOCK]
            free = np.ones(len(block), bool)
            for begin in range(0, count, KEPT):
                free[free] = ~self._pairs(block[free], all_kept[begin : min(begin + KEPT, count)]).any(axis=1)
            among = np.flatnonzero(free)
            near = self._pairs(block[among], block[among])
            blocked = np.zeros(len(among), bool)
            for k, place in enumerate(among):
                if count == last:
                    return passed
                if not blocked[k]:
                    passed[first + place] = True
                    all_kept[count], count = block[place], count + 1
                    blocked |= near[k]
        return passed

    def _pairs(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Whether the cosine is above the limit: bool (rows, others)."""
        cosines = self._unit[rows] @ self._unit[others].T
        above = cosines > self._limit
        unsure = np.abs(cosines - self._limit) <= UNSURE
        a, b = np.nonzero(unsure)
        above[a, b] = _above(self._vectors, rows[a], others[b], *self._exact)
        return above


@njit(cache=True, nogil=True)
def _above(vectors, one, other, p, q):
    """Whether cos(one[k], other[k]) > p/q for every pair k, from sums in float64 in the order of dimensions."""
    found = np.empty(one.size, np.bool_)
    for k in range(one.size):
        dot, square, other_square = 0.0, 0.0, 0.0
        for d in range(vectors.shape[1]):
            x, y = np.float64(vectors[one[k], d]), np.float64(vectors[other[k], d])
            dot, square, other_square = dot + x * y, square + x * x, other_square + y * y
        found[k] = dot > 0 and (q * dot) ** 2 > p * p * square * other_square  # squared: no root to round
    return found


METHOD = Method(
    name="repr-filter",
    title="Representation filter",
    summary="Walks by a score, by default the length of the response, and skips what is nearly the same as a sample kept.",
    source="Liu et al., What Makes Good Data for Alignment? (Deita), ICLR 2024",
    notes=(
        "[paper] Walk by a score; keep a sample whose cosine to the nearest kept one is at most 0.9.",
        "[choice] Score: response tokens, or any column of numbers; the paper's is complexity times quality, scored by models.",
        "[choice] Vectors: the mean residual at the SAE's hook, projected to at most 256 dimensions; the paper takes a "
        "language model's own embedding.",
        "[choice] What a pass skips is walked again in rounds, with nothing kept; the paper stops when the budget is met.",
        "[choice] Ties go to the lowest sample id; samples without a score walk last.",
    ),
    options=ReprFilterOptions,
    rank=rank,
)
