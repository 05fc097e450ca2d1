"""Neighbours of a feature and of a sample, each against the definition spelled out over Python sets."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.coactivation import coactive
from core.scores.feature_sets import FeatureSets
from core.scores.nearest import nearest

FEATURES = 7
pools = st.lists(st.sets(st.integers(0, FEATURES - 1)), min_size=1, max_size=12)


def sets_of(pool: list[set[int]]) -> FeatureSets:
    indptr = np.cumsum([0, *(len(row) for row in pool)], dtype=np.int64)
    return FeatureSets(indptr, np.array([f for row in pool for f in sorted(row)], np.int32), FEATURES)


@settings(max_examples=150, deadline=None)
@given(pools, st.integers(0, FEATURES - 1), st.integers(1, 3))
def test_co_activation_is_what_counting_by_hand_gives_ties_to_the_lowest_feature(pool, feature, together):
    own = [row for row in pool if feature in row]
    expected = []
    for other in range(FEATURES):
        both, held = sum(other in row for row in own), sum(other in row for row in pool)
        if other != feature and both >= together:
            lift = both * len(pool) / (len(own) * held)
            expected.append((-lift * max(0, 1 - 1.96 / math.sqrt(both)), other, both, held, lift))
    found = coactive(sets_of(pool), feature, together=together)
    assert [(n.feature_id, n.together, n.samples) for n in found] == [e[1:4] for e in sorted(expected)]
    assert [n.lift for n in found] == pytest.approx([e[4] for e in sorted(expected)])


@settings(max_examples=150, deadline=None)
@given(pools, st.data())
def test_nearest_samples_are_those_of_comparing_all_pairs_ties_to_the_lowest_sample(pool, data):
    at = data.draw(st.integers(0, len(pool) - 1))
    weight = [math.log(len(pool) / max(1, sum(f in row for row in pool))) for f in range(FEATURES)]
    expected = {}
    for other, row in enumerate(pool):
        shared, union = pool[at] & row, pool[at] | row
        if other != at and shared:
            mass = sum(weight[f] for f in sorted(union))
            like = sum(weight[f] for f in sorted(shared)) / mass if mass else 0.0
            expected[other] = (like, len(shared), len(shared) / len(union))
    found = nearest(sets_of(pool), at, limit=100)
    assert {n.sample_id: (pytest.approx(n.likeness), n.shared, n.jaccard) for n in found} == expected
    keys = [(-n.likeness, n.sample_id) for n in found]
    assert keys == sorted(keys)
    assert nearest(sets_of(pool), at, limit=2) == found[:2]


def test_a_copy_is_nearest_of_all_and_a_common_feature_counts_for_nothing():
    pool = [{0, 1, 2}, {0, 3}, {0, 1, 2}, {0, 1, 4}]
    found = nearest(sets_of(pool), 0)
    assert (found[0].sample_id, found[0].likeness, found[0].jaccard) == (2, 1.0, 1.0)
    assert (found[-1].sample_id, found[-1].likeness, found[-1].shared) == (1, 0.0, 1)


def test_an_unknown_feature_or_sample_is_a_sentence():
    with pytest.raises(GamutError, match="There is no feature 7; this SAE has features 0 to 6"):
        coactive(sets_of([{0}]), 7)
    with pytest.raises(GamutError, match="There is no sample 1; there are samples 0 to 0"):
        nearest(sets_of([{0}]), 1)
