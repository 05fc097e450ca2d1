"""k-center: take the sample that is farthest from all those taken.

i* = argmax_i min_{k ∈ S} ‖x_i − x_k‖; ties: lowest sample id.
Source: Sener & Savarese, Active Learning for Convolutional Neural Networks: A Core-Set Approach, ICLR 2018
(its greedy, which Gonzalez 1985 showed to be within twice the best radius).

Exact and lazy: the distance to the nearest sample taken only falls, so a row is compared with those taken since it was
last at the top of a heap, not with all. Distances that decide are summed in float64, in one order on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.selection.heap import heapify, sink
from core.selection.method import Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along

ROUGH = 1.001  # a sum of a few thousand squares in float32 is off by less than a thousandth


@dataclass(frozen=True, kw_only=True)
class KCenterOptions:
    distance: str = option(
        "euclidean",
        "between vectors of samples; cosine: of vectors brought to length 1",
        label="Distance",
        choices=("euclidean", "cosine"),
        words=("Euclidean", "cosine"),
    )


def rank(pool: Pool, options: KCenterOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then farthest first; where neither pins nor a base are there, the candidate nearest to the mean begins."""
    vectors = np.asarray(pool.known.vectors, np.float32)
    if options.distance == "cosine":
        vectors = unit_length(vectors)
    most = pool.available if upto is None else min(upto, pool.available)
    there = np.concatenate([pool.base, pool.pins]).astype(np.int32)
    order = _farthest_first(np.ascontiguousarray(vectors), there, pool.candidates, max(0, most - len(pool.pins)))
    return ranking_along(pool, order, upto)


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, float32 (n, d); one of length 0 stays as it is."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return (vectors / np.where(norms > 0, norms, 1)[:, None]).astype(np.float32)


@njit(cache=True, nogil=True)
def _farthest_first(vectors, there, candidates, most):
    """The first `most` candidates: int32."""
    taken = np.empty(there.size + min(most, candidates.size), np.int32)
    taken[: there.size] = there
    count = there.size
    heap = candidates.copy()
    if count == 0 and taken.size:
        first = _nearest_to_mean(vectors, candidates)
        taken[0], count = candidates[first], 1
        heap = np.concatenate((candidates[:first], candidates[first + 1 :]))
    size = heap.size
    key, cost = np.full(len(vectors), np.inf), np.ones(len(vectors), np.int64)
    seen = np.zeros(len(vectors), np.int64)  # how many of those taken a row was compared with
    heapify(heap, key, cost)
    while count < taken.size:
        row = heap[0]
        if seen[row] == count:
            taken[count] = row
            count, size = count + 1, size - 1
            heap[0] = heap[size]
        else:
            key[row] = _nearest(vectors, row, taken, seen[row], count, key[row])
            seen[row] = count
        sink(heap, size, 0, key, cost)
    return taken[there.size :]


@njit(cache=True, nogil=True)
def _nearest_to_mean(vectors, candidates):
    """The place in `candidates` of the one nearest to their mean, the first of several."""
    total = np.zeros(vectors.shape[1])
    for row in candidates:
        total += vectors[row]
    best, least = 0, np.inf
    for place in range(candidates.size):
        # n ‖x − mean‖² less what all have in common
        own = vectors[candidates[place]].astype(np.float64)
        apart = np.sum(own * (candidates.size * own - 2 * total))
        if apart < least:
            best, least = place, apart
    return best


@njit(cache=True, nogil=True)
def _nearest(vectors, row, taken, first, end, least):
    """The squared distance to the nearest of taken[first:end], or `least` if none is nearer."""
    for t in range(first, end):
        if _roughly(vectors[row], vectors[taken[t]]) < least * ROUGH:
            apart = 0.0
            for d in range(vectors.shape[1]):
                step = np.float64(vectors[row, d]) - np.float64(vectors[taken[t], d])
                apart += step * step
            least = min(least, apart)
    return least


@njit(cache=True, nogil=True, fastmath=True)
def _roughly(one, other):
    """The squared distance in float32, summed in whatever order the processor likes: it only says who is far."""
    apart = np.float32(0)
    for d in range(one.size):
        step = one[d] - other[d]
        apart += step * step
    return apart


METHOD = Method(
    name="k-center",
    title="k-center",
    summary="Takes the sample that is farthest from all those taken, so that no sample is far from a chosen one.",
    source="Sener & Savarese, Active Learning for CNNs: A Core-Set Approach, ICLR 2018",
    notes=(
        "[paper] The greedy farthest-first walk: at most twice the best radius.",
        "[choice] Vectors: the mean residual at the SAE's hook, projected to at most 256 dimensions.",
        "[choice] Pins and base are taken first; without them the sample nearest to the mean begins.",
        "[choice] Ties go to the lowest sample id. Outliers come first, as they are far from everything.",
    ),
    options=KCenterOptions,
    rank=rank,
    whole_upto=10_000,
)
