"""Who stands for whom: the few chosen samples that cover a left-out one, and the left-out ones that a pick covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from core.scores.feature_sets import FeatureSets
from core.selection.ranking import Ranking, gains_along

NAMED = 8  # chosen samples named for one that is left out


@dataclass(frozen=True, slots=True)
class Covered:
    """How a selection covers the `features` of a sample that it leaves out.

    by: (chosen sample, features), the one that shares most first, each next one by what is then still uncovered, ties
    to the earlier pick; further: features that only more chosen samples than these cover. by_base: what the base has
    and therefore nobody is credited with; lacking: what neither has. by + further + by_base + lacking = features.
    """

    sample_id: int
    features: int
    by: tuple[tuple[int, int], ...]
    further: int
    by_base: int
    lacking: int


def coverers(features: FeatureSets, chosen: Ranking, ids: Sequence[int], *, named: int = NAMED) -> list[Covered]:
    """Who covers the samples `ids`, in the order given; `chosen`: the selection. At most `named` coverers each.

    A greedy set cover of every sample by the selection: one pass over the selection's features a coverer.
    """
    in_base = gains_along(features, chosen.base)[1]
    in_any = gains_along(features, chosen.sample_ids)[1]
    order = np.ascontiguousarray(chosen.sample_ids, np.int32)
    found = []
    for sample_id in ids:
        row = features.row(sample_id)
        known = int(in_base[row].sum())
        within = in_any[row] & ~in_base[row]
        places, counts = _cover_row(features.indptr, features.indices, order, row[within], features.n_features, named)
        by = tuple((int(order[place]), int(count)) for place, count in zip(places, counts, strict=True))
        reached = int(within.sum())
        further = reached - sum(count for _, count in by)
        found.append(Covered(int(sample_id), len(row), by, further, known, len(row) - known - reached))
    return found


@dataclass(frozen=True, slots=True)
class Shared:
    """How many of a sample's `features` another one has too."""

    sample_id: int
    shared: int
    features: int


def stands_for(features: FeatureSets, sample_id: int, among: np.ndarray) -> list[Shared]:
    """The samples of `among` more than half of whose features a pick has, those that share most features first.

    Ties: the larger share, then the lower id.
    """
    has = np.zeros(features.n_features, np.bool_)
    has[features.row(sample_id)] = True
    among = np.asarray(among, np.int64)
    shared, size = features.hits(has)[among], features.richness[among]
    near = np.flatnonzero(2 * shared > size)
    best = near[np.lexsort((among[near], size[near], -shared[near]))]
    return [Shared(int(among[place]), int(shared[place]), int(size[place])) for place in best]


def nearest_pick(features: FeatureSets, chosen: Ranking, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pick that is most like each sample of `ids`: int32, −1 for none, and how like, float64.

    Likeness is Jaccard's index of the feature sets, |F(i) ∩ F(p)| / |F(i) ∪ F(p)|; 0 where nothing is shared. Ties to
    the earlier pick. A share of F(i) alone would call every short sample the copy of a long one.
    """
    order = np.asarray(chosen.sample_ids, np.int64)
    owned = [features.row(sample_id) for sample_id in order]
    held = np.concatenate([np.empty(0, np.int32), *owned])
    sizes = np.array([len(row) for row in owned], np.int64)
    place = np.repeat(np.arange(len(order), dtype=np.int32), sizes)
    by_feature = np.argsort(held, kind="stable")
    start = np.searchsorted(held[by_feature], np.arange(features.n_features + 1))
    ids = np.ascontiguousarray(ids, np.int64)
    best, alike = _nearest(features.indptr, features.indices, start, place[by_feature], ids, sizes)
    picks = np.full(len(ids), -1, np.int32)
    picks[best >= 0] = order[best[best >= 0]]
    return picks, alike


@njit(cache=True, nogil=True)
def _nearest(indptr, indices, start, holder, ids, sizes):
    """The place most like each of `ids` (−1: none shares anything), and how like; holder: places by feature."""
    best, alike = np.full(ids.size, -1, np.int64), np.zeros(ids.size)
    shared, touched = np.zeros(sizes.size, np.int64), np.empty(sizes.size, np.int64)
    for k in range(ids.size):
        size, met = indptr[ids[k] + 1] - indptr[ids[k]], 0
        for e in range(indptr[ids[k]], indptr[ids[k] + 1]):
            for o in range(start[indices[e]], start[indices[e] + 1]):
                if not shared[holder[o]]:
                    touched[met] = holder[o]
                    met += 1
                shared[holder[o]] += 1
        for place in touched[:met]:
            like = shared[place] / (size + sizes[place] - shared[place])
            if like > alike[k] or (like == alike[k] and place < best[k]):
                best[k], alike[k] = place, like
            shared[place] = 0
    return best, alike


@njit(cache=True, nogil=True)
def _cover_row(indptr, indices, order, row, n_features, named):
    """Places in `order` and counts of a greedy cover of the features `row` by the rows of `order`."""
    wanted = np.zeros(n_features, np.bool_)
    wanted[row] = True
    left = row.size
    places, counts = np.empty(named, np.int64), np.empty(named, np.int64)
    size = 0
    while left and size < named:
        best, most = -1, 0
        for k in range(order.size):
            if indptr[order[k] + 1] - indptr[order[k]] <= most:
                continue  # it cannot have more
            count = 0
            for e in range(indptr[order[k]], indptr[order[k] + 1]):
                count += wanted[indices[e]]
            if count > most:
                best, most = k, count
        places[size], counts[size] = best, most
        size += 1
        left -= most
        for e in range(indptr[order[best]], indptr[order[best] + 1]):
            wanted[indices[e]] = False
    return places[:size], counts[:size]
