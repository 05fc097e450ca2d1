"""What sets two groups of samples apart at equal length: counts by hand, length alone calls nothing, copies count once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.enrichment import Enrichment, enrichment, joined, same_by_duplicates, sides_of, strata_of
from core.scores.feature_sets import FeatureSets


def sets_of(active: np.ndarray) -> FeatureSets:
    """Feature sets from a table: bool (n_samples, n_features)."""
    indptr = np.concatenate([[0], np.cumsum(active.sum(axis=1))]).astype(np.int64)
    return FeatureSets(indptr, np.nonzero(active)[1].astype(np.int32), active.shape[1])


def compared(active: np.ndarray, a, b=None, *, tokens=None, same=None) -> Enrichment:
    n = len(active)
    a = np.asarray(a, bool)
    return enrichment(
        sets_of(active), a=a, b=~a if b is None else np.asarray(b, bool),
        tokens=np.full(n, 10) if tokens is None else tokens, same=np.arange(n) if same is None else same,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_counts_are_those_of_counting_by_hand(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 60))
    active, tokens, same = rng.random((n, 5)) < 0.4, rng.integers(1, 9, n), rng.integers(0, n, n)
    a, b = rng.random(n) < 0.5, rng.random(n) < 0.6
    a[:2], b[:2], same[:2] = [True, False], [False, True], [n, n + 1]
    found = compared(active, a, b, tokens=tokens, same=same)
    seen: tuple[set, set] = (set(), set())
    counts = np.zeros((5, 2), int)
    for sample in range(n):
        if a[sample] != b[sample] and same[sample] not in seen[int(b[sample])]:
            seen[int(b[sample])].add(same[sample])
            counts[:, int(b[sample])] += active[sample]
    np.testing.assert_array_equal(found.active_a, counts[:, 0])
    np.testing.assert_array_equal(found.active_b, counts[:, 1])
    assert (found.n_a, found.n_b) == (len(seen[0]), len(seen[1]))
    assert found.sides.both == (a & b).sum()
    assert found.n_a + found.sides.repeats_a == (a & ~b).sum()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_strata_are_of_like_length_share_no_length_and_hold_everybody_once(seed, lengths):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 400))
    tokens, a = rng.integers(1, lengths + 1, n), np.arange(n) % 2 == 0
    code, strata = strata_of(sides_of(a, ~a, np.arange(n)), tokens)
    place = code // 2
    np.testing.assert_array_equal(code % 2 == 0, a)
    assert strata.sizes.sum() == n
    assert len(strata.low) <= 10  # under 600 samples: deciles
    for k in range(len(strata.low)):
        inside = tokens[place == k]
        assert (inside.min(), inside.max()) == (strata.low[k], strata.high[k])
    assert (strata.low[1:] > strata.high[:-1]).all()


def test_a_feature_of_one_side_is_found_and_one_of_both_is_not():
    rng = np.random.default_rng(1)
    a = np.arange(400) < 150
    active = np.stack([a & (rng.random(400) < 0.3), ~a & (rng.random(400) < 0.3), rng.random(400) < 0.3], axis=1)
    found = compared(active, a, tokens=rng.integers(5, 90, 400))
    assert found.common_in_a().tolist() == [0]
    assert found.common_in_b().tolist() == [1]
    assert np.isinf(found.adjusted.high[0]) and found.adjusted.low[0] > 0


def test_what_depends_on_length_alone_is_hardly_ever_called_different_though_the_plain_test_calls_most():
    rng = np.random.default_rng(7)
    n, features = 6000, 400
    tokens = np.maximum(5, rng.lognormal(4.5, 1, n)).astype(int)
    rates = np.exp(rng.uniform(np.log(1e-5), np.log(3e-2), features))
    active = rng.random((n, features)) < 1 - (1 - rates) ** tokens[:, None]
    a = rng.random(n) < np.minimum(1, tokens / tokens.mean() * 0.2)  # long samples are drawn more often
    found = compared(active, a, tokens=tokens)
    adjusted = len(found.common_in_a()) + len(found.common_in_b())
    plain = len(found.common_in_a(found.plain)) + len(found.common_in_b(found.plain))
    assert adjusted <= 0.05 * features
    assert plain > 0.8 * features


def test_a_copy_counts_once_a_side_and_all_copies_leave_one():
    active = np.array([[True], [True], [True], [False], [False], [True]])
    a = [True, True, True, False, False, False]
    found = compared(active, a, same=same_by_duplicates(np.array([-1, 0, 0, -1, 3, 0])))
    assert (found.n_a, found.n_b) == (1, 2)
    assert (found.sides.repeats_a, found.sides.repeats_b) == (2, 1)
    assert (found.active_a[0], found.active_b[0]) == (1, 1)  # the copy of A's sample that B holds counts for B


def test_samples_of_both_sets_count_in_neither():
    found = compared(np.ones((6, 2), bool), [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1])
    assert (found.n_a, found.n_b, found.sides.both) == (2, 3, 1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_part_of_a_set_is_compared_with_the_rest_of_it(turned):
    part, whole = np.array([1, 1, 0, 0, 0], bool), np.ones(5, bool)
    found = compared(np.ones((5, 2), bool), *((whole, part) if turned else (part, whole)))
    assert (found.n_a, found.n_b) == ((3, 2) if turned else (2, 3))
    assert (found.sides.both, found.sides.part) == (2, "b" if turned else "a")


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([0, 0, 0], [1, 1, 1], "Set A holds no sample"),
        ([1, 1, 0], [0, 0, 0], "Set B holds no sample"),
        ([1, 1, 1], [1, 1, 1], "Set A holds the same samples as the other"),
    ],
)
def test_sets_that_cannot_be_compared_are_one_sentence(a, b, words):
    with pytest.raises(GamutError, match=words):
        compared(np.ones((3, 2), bool), a, b)


def test_samples_whose_length_the_other_set_has_not_are_counted():
    tokens = np.array([1, 2, 3, 4, 50, 60, 70, 80, 90, 100])
    found = compared(np.ones((10, 1), bool), np.arange(10) < 4, tokens=tokens)
    assert found.strata.alone == (4, 6)
    assert np.isnan(found.adjusted.log_odds[0])


def test_two_analyses_are_compared_as_one_and_only_with_the_same_features():
    rng = np.random.default_rng(3)
    one, other = rng.random((30, 6)) < 0.5, rng.random((20, 6)) < 0.5
    both = joined(sets_of(one), sets_of(other))
    whole = sets_of(np.concatenate([one, other]))
    np.testing.assert_array_equal(both.indptr, whole.indptr)
    np.testing.assert_array_equal(both.indices, whole.indices)
    with pytest.raises(GamutError, match="6 features, the other 7"):
        joined(sets_of(one), sets_of(np.ones((2, 7), bool)))


def test_features_are_told_surest_first_ties_to_the_lowest_id():
    a = np.arange(200) < 100
    strong, weak = a & (np.arange(200) % 2 == 0), a & (np.arange(200) % 8 == 0)
    found = compared(np.stack([weak, strong, np.zeros(200, bool), strong], axis=1), a)
    assert found.common_in_a().tolist() == [1, 3, 0]
    assert not len(found.common_in_b())


def test_what_tells_most_of_a_set_is_neither_sure_but_rare_nor_common_but_hardly_different():
    number = np.arange(4000)
    a = number < 2000
    rare = a & (number % 40 == 0)  # in 2.5 % of A and nowhere else
    broad = (a & (number % 2 == 0)) | (~a & (number % 10 == 0))  # in 50 % against 10 %
    alike = (a & (number % 10 < 7)) | (~a & (number % 10 < 6))  # in 70 % against 60 %
    found = compared(np.stack([rare, alike, broad, broad], axis=1), a)
    assert found.common_in_a().tolist() == [0, 2, 3, 1]
    assert found.telling("a", 9).tolist() == [2, 3, 1, 0]
    assert found.telling("a", 1).tolist() == [2]
    low = found.adjusted.low
    excess = found.rate_a * (1 - np.exp(-low))
    assert (np.diff(excess[[2, 3, 1, 0]]) <= 0).all()
    turned = compared(np.stack([rare, alike, broad, broad], axis=1), ~a)
    assert turned.telling("b", 9).tolist() == [2, 3, 1, 0]
    assert not len(found.telling("b", 5))


def test_common_in_b_and_rare_in_a_means_surely_so_many_times_the_odds_in_so_many_of_b():
    rng = np.random.default_rng(2)
    a = np.arange(4000) < 2000
    rates = [(0.02, 0.3), (0.25, 0.3), (0.0, 0.004), (0.3, 0.02), (0.1, 0.16)]
    active = np.stack([rng.random(4000) < np.where(a, in_a, in_b) for in_a, in_b in rates], axis=1)
    found = compared(active, a)
    assert found.lacking_in_a().tolist() == [0]
    assert found.lacking_in_a(times=1.0, share=0.0).tolist() == [0, 1, 2, 4]
    assert found.lacking_in_a(times=1.2).tolist() == [0, 4]
