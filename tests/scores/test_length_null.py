"""What length alone predicts, against the plain sums and against samples made by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.length_null import by_samples, by_tokens

LENGTHS = st.lists(st.integers(0, 200), min_size=1, max_size=30).map(np.array)


@settings(deadline=None)
@given(LENGTHS, st.data())
def test_the_curve_is_the_sum_over_features(lengths, data):
    total = max(1, int(lengths.sum()))
    active = np.array(data.draw(st.lists(st.integers(0, total), min_size=1, max_size=8)))
    null = by_tokens(active, lengths)
    p = active / total
    assert null.lengths.tolist() == sorted(set(lengths.tolist()))
    for at, length in enumerate(null.lengths.tolist()):
        silent = (1 - p) ** length
        assert null.expected[at] == pytest.approx((1 - silent).sum(), abs=1e-9)
        assert null.variance[at] == pytest.approx((silent * (1 - silent)).sum(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(LENGTHS, st.data())
def test_each_feature_is_expected_in_as_many_samples_as_hold_it(lengths, data):
    able = int((lengths > 0).sum())
    held = data.draw(st.integers(0, able))
    null = by_samples(np.array([held]), lengths)
    assert null.at(lengths).sum() == pytest.approx(held, rel=1e-6, abs=1e-6)


def test_r_is_what_samples_made_by_chance_show():
    rng = np.random.default_rng(0)
    lengths, p = rng.integers(5, 120, 4000), rng.beta(0.5, 40, 60)
    made = np.array([(rng.random(60) < 1 - (1 - p) ** length).sum() for length in lengths])
    null = by_tokens(np.round(p * lengths.sum()).astype(int), lengths)
    assert null.r == pytest.approx(np.corrcoef(lengths, made)[0, 1], abs=0.03)
    assert null.curve_r > null.r  # chance only blurs
    assert np.corrcoef(lengths, null.at(lengths))[0, 1] == pytest.approx(null.curve_r)


def test_part_of_the_samples_is_told_by_their_own_lengths():
    lengths = np.array([5, 5, 9, 20, 40, 40])
    null = by_tokens(np.array([30, 3, 1]), lengths)
    some = null.among(lengths[2:])
    assert some.lengths.tolist() == [9, 20, 40] and some.samples.tolist() == [1, 1, 2]
    assert some.expected.tolist() == null.expected[1:].tolist()


def test_equal_lengths_have_no_r():
    assert by_tokens(np.array([3]), np.array([7, 7, 7])).r is None
