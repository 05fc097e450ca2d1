"""Redundancy against brute force, ties included."""

from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.feature_sets import Activity, FeatureSets
from core.scores.links import groups_of
from core.scores.redundancy import kept_redundancy, redundancy_of
from core.scores.redundancy_search import redundancy
from core.selection.specification import active_sets
from core.store.analyses import open_analysis


def sets_of(rows: list[set[int]], n_features: int = 40) -> FeatureSets:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    indices = np.array([feature for row in rows for feature in sorted(row)], np.int32)
    return FeatureSets(indptr, indices, n_features)


def overlap(one: set[int], other: set[int]) -> Fraction:
    return Fraction(len(one & other), max(1, len(one | other)))


def nearest(rows: list[set[int]], sample: int) -> tuple[int, Fraction]:
    others = [(-overlap(rows[sample], rows[k]), k) for k in range(len(rows)) if k != sample]
    most, who = min(others, default=(Fraction(0), -1))
    return (who, -most) if most else (-1, Fraction(0))


def groups(rows: list[set[int]], at: Fraction) -> set[frozenset[int]]:
    """Connected components of two or more, by merging until nothing merges."""
    found = [{k} for k in range(len(rows))]
    for a, b in combinations(range(len(rows)), 2):
        if rows[a] and overlap(rows[a], rows[b]) >= at:
            one = next(group for group in found if a in group)
            other = next(group for group in found if b in group)
            if one is not other:
                found.remove(other)
                one |= other
    return {frozenset(group) for group in found if len(group) > 1}


def looked_up(found, n: int, at: float) -> set[frozenset[int]]:
    lowest = groups_of(found.links.reaching(at), n)
    together = [frozenset(np.flatnonzero(lowest == one).tolist()) for one in np.unique(lowest)]
    return {group for group in together if len(group) > 1}


rows_of = st.lists(st.sets(st.integers(0, 11), max_size=8), min_size=1, max_size=24)


@settings(max_examples=60, deadline=None)
@given(rows_of, st.booleans())
def test_nearest_pairs_and_groups_equal_brute_force_ties_included(rows, by_bits):
    found = redundancy(sets_of(rows), by_bits=by_bits)
    for sample in range(len(rows)):
        who, most = nearest(rows, sample)
        assert (found.nearest[sample], Fraction(int(found.shared[sample]), max(1, int(found.union[sample])))) == (
            who,
            most,
        )
    for at in (0.6, 0.75, 0.8, 1.0):
        exact = Fraction(str(at))
        assert looked_up(found, len(rows), at) == groups(rows, exact)
        pairs = sum(bool(a) and overlap(a, b) >= exact for a, b in combinations(rows, 2))
        assert found.pairs_at(at) == pairs


@settings(max_examples=20, deadline=None)
@given(rows_of)
def test_minhash_finds_nothing_that_is_not_there_and_the_same_copies(rows):
    found, truth = redundancy(sets_of(rows), exact=False), redundancy(sets_of(rows))
    assert (found.overlap <= truth.overlap).all()
    assert looked_up(found, len(rows), 1.0) == looked_up(truth, len(rows), 1.0)


def test_redundancy_is_computed_once_and_kept_with_its_analysis(made):
    analysis = open_analysis(made, "made")
    features = active_sets(analysis, span="conversation", activity=Activity()).features
    assert kept_redundancy(analysis, features) is None
    found = redundancy_of(analysis, features)
    kept = kept_redundancy(analysis, features)
    for name in ("nearest", "shared", "union", "pairs"):
        assert np.array_equal(getattr(kept, name), getattr(found, name))
    assert np.array_equal(kept.links.a, found.links.a) and len(kept.links.a)
    assert kept.exact and kept.floor == found.floor
