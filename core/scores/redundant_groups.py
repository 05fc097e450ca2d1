"""Groups of samples that say much the same, and who of each may stay: a proposal, which others become bans of.

A group is a connected component: everybody in it overlaps by `at` or more with somebody in it, not with everybody. So by
default a sample is only let go where it overlaps by `at` or more with one that stays; a chain keeps more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numba import njit

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.links import groups_of
from core.scores.redundancy_search import Redundancy
from core.scores.set_bits import bits_of, both_in_bits, words_of
from core.scores.set_join import common, overlaps
from core.scores.set_marks import differ, marks_of

LONGEST, FIRST, RICHEST = "longest", "first", "richest"
PREFERENCES = {
    LONGEST: "the longest (tokens)",
    FIRST: "the first in the file",
    RICHEST: "the richest (features)",
}
REPEATS = 0.7  # overlap at θ = 0 from which one sample is said to repeat another, unless one says otherwise
MOST_INSIDE = 1_000  # members of a group up to which all its pairs are counted out
STAYS, GOES, OUT = 0, 1, 2
MANY = 50  # members of a group from which on its sets are packed before they are held against each other
AS_LISTS, AS_BITS, BY_MARKS = 0, 1, 2  # the last: lists, of those whose marks leave it in reach


@dataclass(frozen=True, eq=False)
class Proposal:
    """The groups at a threshold, the largest first, ties to the lowest sample, and what is to become of their samples.

    groups: int32 arrays, ascending. state: int8 (n), STAYS, GOES, or OUT for one banned for other reasons, which neither
    stays nor is counted. instead: int32 (n), who stays in place of a sample that goes, −1 for all others; shared, union:
    int32 (n), what these two have in common and together, 0 for all others.
    """

    at: float
    groups: tuple[np.ndarray, ...]
    state: np.ndarray
    instead: np.ndarray
    shared: np.ndarray
    union: np.ndarray

    @property
    def goes(self) -> np.ndarray:
        """The samples that are proposed to be banned: int32, ascending."""
        return np.flatnonzero(self.state == GOES).astype(np.int32)

    @property
    def overlap(self) -> np.ndarray:
        """Of each sample that goes with the one that stays instead: float64 (n)."""
        return self.shared / np.maximum(1, self.union)


def check_at(found: Redundancy, at: float) -> float:
    """A threshold that can be looked up; raises `GamutError` for any other."""
    if not found.floor <= at <= 1 or abs(at * 100 - round(at * 100)) > 1e-9:
        raise GamutError(
            f"The threshold {at:g} cannot be looked up; give whole hundredths from {found.floor:g} to 1, as 0.8."
        )
    return round(at * 100) / 100


def groups_at(found: Redundancy, at: float) -> tuple[np.ndarray, ...]:
    """The groups of two samples or more, the largest first, ties to the lowest sample; int32 each, ascending."""
    links = found.links.reaching(check_at(found, at))
    lowest = groups_of(links, len(found.nearest))
    linked = np.unique(np.concatenate([links.a, links.b]))
    order = linked[np.argsort(lowest[linked], kind="stable")]
    starts = np.flatnonzero(np.diff(lowest[order], prepend=-1))
    groups = np.split(order.astype(np.int32), starts[1:]) if len(order) else []
    return tuple(sorted(groups, key=lambda group: (-len(group), group[0])))


def in_order(features: FeatureSets, tokens: np.ndarray, *, keep: str) -> np.ndarray:
    """Every sample's place in the order in which it is kept rather than another: int64 (n); ties to the lowest id."""
    if keep not in PREFERENCES:
        raise GamutError(f"There is no rule {keep!r} for whom to keep; use one of {', '.join(PREFERENCES)}.")
    better = {LONGEST: tokens, RICHEST: features.richness, FIRST: np.zeros(features.n_samples, np.int32)}[keep]
    places = np.empty(features.n_samples, np.int64)
    places[np.argsort(-better.astype(np.int64), kind="stable")] = np.arange(features.n_samples)
    return places


def propose(
    found: Redundancy, features: FeatureSets, *, at: float, places: np.ndarray, firm: np.ndarray, out: np.ndarray,
    one_each: bool = False,
) -> Proposal:  # fmt: skip
    """Who of each group stays: the firm ones, and by `places` (lowest first) who is not yet stood for by one that stays.

    firm: bool (n), pinned or trained on already, never let go; out: bool (n), banned for other reasons. one_each: let all
    but one of a group go, however little they have in common with it.
    """
    groups = groups_at(found, at)
    ratio = Fraction(str(float(at)))
    n = features.n_samples
    state, instead = np.zeros(n, np.int8), np.full(n, -1, np.int32)
    shared, union = np.zeros(n, np.int32), np.zeros(n, np.int32)
    state[out & ~firm] = OUT
    for group in groups:
        there = group[state[group] != OUT]
        order = there[np.lexsort((places[there], ~firm[there]))]
        _settle(
            features.indptr, features.indices, *_packed(features, order), order, int(firm[there].sum()),
            ratio.numerator, ratio.denominator, one_each, state, instead, shared, union,
        )  # fmt: skip
    return Proposal(at, groups, state, instead, shared, union)


def _packed(features: FeatureSets, order: np.ndarray) -> tuple[int, np.ndarray]:
    """How the sets of a group are held against each other, and for that in order: uint64 (members, words)."""
    if len(order) < MANY:
        return AS_LISTS, np.empty((0, 0), np.uint64)
    indptr = np.concatenate([[0], np.cumsum(features.richness[order], dtype=np.int64)])
    ids = np.concatenate([features.row(sample) for sample in order.tolist()])
    words = words_of(features.n_features)
    return (
        (AS_BITS, bits_of(indptr, ids, words)) if words * len(order) <= len(ids) else (BY_MARKS, marks_of(indptr, ids))
    )


@njit(cache=True, nogil=True)
def _settle(indptr, indices, how, packed, order, firm, p, q, one_each, state, instead, shared, union):
    """One group, in order: who overlaps by p/q with one that stays goes, for the one it has most in common with."""
    stays = np.empty(order.size, np.int64)
    count = 0
    for k in range(order.size):
        row, best, either, who = order[k], np.int64(0), np.int64(1), np.int32(-1)
        size = indptr[row + 1] - indptr[row]
        least, of = (
            (np.int64(0), np.int64(1)) if one_each else (np.int64(p), np.int64(q))
        )  # what an overlap has to reach
        for at in stays[: count if k >= firm else 0]:
            other = order[at]
            both = size + indptr[other + 1] - indptr[other]
            wanted = max(np.int64(1), -(-least * both // (least + of)))
            if min(size, both - size) < wanted or (how == BY_MARKS and differ(packed, k, at, both - 2 * wanted)):
                continue
            if how == AS_BITS:
                mine = both_in_bits(packed, k, at)
            else:
                mine = common(indices, indptr[row], indptr[row + 1], indptr[other], indptr[other + 1], wanted)
            more = mine * either - best * (both - mine)
            if mine >= wanted and (more > 0 or (more == 0 and other < who)):
                best, either, who = np.int64(mine), both - mine, other
                least, of = best, either
        if one_each and who < 0 and count and k >= firm:  # nothing in common with anybody who stays: a chain's far end
            who = order[stays[0]]
            either = size + indptr[who + 1] - indptr[who]
        if who >= 0:
            state[row], instead[row], shared[row], union[row] = GOES, who, best, either
        else:
            stays[count] = k
            count += 1


def smallest_inside(features: FeatureSets, group: np.ndarray) -> float | None:
    """The smallest overlap of any two of a group; None above MOST_INSIDE members, where it is not counted out."""
    if len(group) > MOST_INSIDE:
        return None
    one, other = np.triu_indices(len(group), 1)
    return float(overlaps(features, group[one], group[other]).min())
