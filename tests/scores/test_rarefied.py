"""Rarefied richness against its definition, and against drawing tokens by hand."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.rarefied import first_size, rarefied

SAMPLE = st.integers(0, 40).flatmap(
    lambda length: st.tuples(st.just(length), st.lists(st.integers(1, max(1, length)), max_size=8))
)


def packed(samples):
    lengths = np.array([length for length, _ in samples])
    counts = [[c for c in own if c <= length] for length, own in samples]
    indptr = np.concatenate([[0], np.cumsum([len(own) for own in counts])]).astype(np.int64)
    return lengths, counts, indptr, np.array([c for own in counts for c in own], np.int32)


@settings(deadline=None)
@given(st.lists(SAMPLE, min_size=1, max_size=6), st.lists(st.integers(1, 30), min_size=1, max_size=3))
def test_it_is_the_sum_of_chances_in_exact_arithmetic(samples, sizes):
    lengths, counts, indptr, flat = packed(samples)
    found = rarefied(lengths, indptr, flat, tuple(sizes))
    for at, (length, own) in enumerate(zip(lengths.tolist(), counts, strict=True)):
        for s, n in enumerate(sizes):
            if n > length:
                assert np.isnan(found[at, s])
            else:
                exact = sum(1 - comb(length - c, n) / comb(length, n) for c in own)
                assert found[at, s] == pytest.approx(exact, rel=1e-5, abs=1e-5)


def test_it_is_the_mean_over_every_way_to_draw_tokens():
    active = [{0, 1, 2}, {2}, {1, 4}, set(range(6))]  # the tokens, of six, at which each feature is active
    draws = list(combinations(range(6), 3))
    by_hand = np.mean([sum(bool(own & set(drawn)) for own in active) for drawn in draws])
    counts = np.array([len(own) for own in active], np.int32)
    assert rarefied(np.array([6]), np.array([0, 4]), counts, (3,))[0, 0] == pytest.approx(by_hand, rel=1e-6)


def test_all_tokens_show_all_features():
    counts = np.array([1, 2, 5, 5], np.int32)
    assert rarefied(np.array([5]), np.array([0, 4]), counts, (5,))[0, 0] == pytest.approx(4)


def test_a_feature_active_at_more_tokens_than_there_are_is_refused():
    with pytest.raises(ValueError, match="more tokens"):
        rarefied(np.array([3]), np.array([0, 1]), np.array([4]), (2,))


def test_the_size_offered_first_is_one_that_most_samples_reach():
    assert first_size(np.array([10, 70, 70, 70])) == 64  # three of four
    assert first_size(np.array([10, 10, 70, 70])) == 16  # none is reached by three: the smallest
    assert first_size(np.empty(0, np.int64)) == 16
