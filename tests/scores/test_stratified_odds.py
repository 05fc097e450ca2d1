"""Stratified odds: equal to statsmodels and SciPy, to brute force where tables are sparse, and sensible at the ends."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.contingency_tables import StratifiedTable

from core.scores.stratified_odds import EXACT_BELOW, TAIL, false_discovery, odds_of


def tables_of(active: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """The 2 × 2 tables of a feature as others take them: rows A, B; columns active, silent."""
    return [np.array([[a, n_a - a], [c, n_b - c]]) for (a, c), (n_a, n_b) in zip(active, sizes, strict=True)]


def brute_distribution(active: np.ndarray, sizes: np.ndarray, psi: float = 1.0) -> dict[int, float]:
    """The chance of every number of active samples in A, all margins and the odds ratio given, by enumeration."""
    spans = [range(max(0, a + c - n_b), min(a + c, n_a) + 1) for (a, c), (n_a, n_b) in zip(active, sizes, strict=True)]
    weights: dict[int, float] = {}
    for places in product(*spans):
        weight = 1.0
        for x, (a, c), (n_a, n_b) in zip(places, active, sizes, strict=True):
            weight *= comb(n_a, x) * comb(n_b, a + c - x) * psi**x
        weights[sum(places)] = weights.get(sum(places), 0.0) + weight
    total = sum(weights.values())
    return {x: weight / total for x, weight in weights.items()}


def random_tables(seed: int, *, features: int, strata: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, most, (strata, 2))
    return rng.binomial(sizes, rng.random((features, 1, 1)), (features, strata, 2)), sizes


def test_ratio_interval_and_test_equal_statsmodels_on_tables_of_any_shape():
    active, sizes = random_tables(0, features=60, strata=7, most=400)
    sizes[0] = (0, 50)  # a stratum without A
    active[:, 0, 0] = 0
    active[:, 0, 1] = np.minimum(active[:, 0, 1], 50)
    found = odds_of(active, sizes)
    compared = 0
    for feature in range(60):
        peer = StratifiedTable([table for table in tables_of(active[feature], sizes) if table.sum(axis=1).all()])
        variance = sum(t.sum(1)[0] * t.sum(1)[1] * t.sum(0)[0] * t.sum(0)[1] / t.sum() ** 2 / (t.sum() - 1)
                       for t in tables_of(active[feature], sizes) if t.sum() > 1)  # fmt: skip
        assert found.log_odds[feature] == pytest.approx(peer.logodds_pooled, rel=1e-9)
        low, high = peer.logodds_pooled_confint()
        assert (found.low[feature], found.high[feature]) == pytest.approx((low, high), rel=1e-9)
        if variance >= EXACT_BELOW:
            compared += 1
            assert found.p[feature] == pytest.approx(peer.test_null_odds(correction=False).pvalue, rel=1e-9, abs=1e-300)
    assert compared > 30


def test_the_published_admissions_of_berkeley_come_out_as_published():
    """Men admitted and not, women admitted and not, in six departments (Bickel and others 1975).

    R prints for mantelhaen.test(UCBAdmissions, correct = FALSE): X² 1.5246 (with correction 1.4269), common ratio 0.9047 and
    interval 0.7719 to 1.0603.
    """
    men = [(512, 313), (353, 207), (120, 205), (138, 279), (53, 138), (22, 351)]
    women = [(89, 19), (17, 8), (202, 391), (131, 244), (94, 299), (24, 317)]
    active = np.array([[(m[0], w[0]) for m, w in zip(men, women, strict=True)]])
    sizes = np.array([(sum(m), sum(w)) for m, w in zip(men, women, strict=True)])
    found = odds_of(active, sizes)
    assert np.exp([found.log_odds[0], found.low[0], found.high[0]]) == pytest.approx([0.9047, 0.7719, 1.0603], abs=6e-5)
    assert found.p[0] == pytest.approx(stats.chi2.sf(1.5246, 1), abs=2e-5)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_sparse_tables_get_the_exact_p_of_enumeration(seed):
    active, sizes = random_tables(seed, features=4, strata=3, most=7)
    found = odds_of(active, sizes)
    for feature in range(4):
        chances = brute_distribution(active[feature], sizes)
        seen = chances[int(active[feature, :, 0].sum())]
        assert found.p[feature] == pytest.approx(sum(c for c in chances.values() if c <= seen * (1 + 1e-7)), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_one_sparse_stratum_is_fishers_exact_test(n_a, n_b, data):
    a, c = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    found = odds_of(np.array([[[a, c]]]), np.array([[n_a, n_b]]))
    assert found.p[0] == pytest.approx(stats.fisher_exact([[a, n_a - a], [c, n_b - c]]).pvalue, rel=1e-9)


@pytest.mark.parametrize("turned", [False, True])
def test_a_feature_seen_on_one_side_alone_has_the_exact_limit_and_no_other(turned):
    active = np.array([[[3, 0], [2, 0], [4, 0]]])
    sizes = np.array([[9, 12], [6, 20], [10, 8]])
    if turned:
        active, sizes = active[:, :, ::-1], sizes[:, ::-1]
    found = odds_of(active, sizes)
    at_the_end = 0 if turned else 9

    def at(wanted: float) -> float:
        return brentq(lambda x: brute_distribution(active[0], sizes, np.exp(x))[at_the_end] - wanted, -20, 20)

    near, far = (found.high[0], found.low[0]) if turned else (found.low[0], found.high[0])
    assert found.log_odds[0] == pytest.approx(at(0.5), abs=1e-6)
    assert near == pytest.approx(at(TAIL), abs=1e-6)
    assert np.isinf(far)


def test_a_feature_active_in_every_sample_of_a_and_in_few_of_b_is_at_the_end_too():
    found = odds_of(np.array([[[8, 3], [9, 1]]]), np.array([[8, 12], [9, 20]]))
    assert found.low[0] > 0
    assert np.isposinf(found.high[0])


def test_what_no_stratum_can_tell_has_no_ratio_and_p_one():
    """Never active; active everywhere; active only where B has nobody."""
    active = np.array([[[0, 0], [0, 0]], [[5, 6], [4, 0]], [[0, 0], [3, 0]]])
    found = odds_of(active, np.array([[5, 6], [4, 0]]))
    assert np.isnan([found.log_odds, found.low, found.high]).all()
    assert (found.p == 1).all() and (found.q == 1).all()


def test_turning_the_sides_turns_the_signs():
    active, sizes = random_tables(5, features=50, strata=4, most=12)
    one, other = odds_of(active, sizes), odds_of(active[:, :, ::-1], sizes[:, ::-1])
    np.testing.assert_allclose(one.log_odds, -other.log_odds, atol=1e-8)
    np.testing.assert_allclose(one.low, -other.high, atol=1e-8)
    np.testing.assert_allclose(one.p, other.p, rtol=1e-9)


def test_a_chance_beyond_all_measure_stays_a_number_between_0_and_1():
    active = np.array([[[40, 0]], [[0, 40]], [[30_000, 0]], [[20, 1]]])
    found = odds_of(active, np.array([[30_000, 50_000]]))
    assert ((found.p >= 0) & (found.p <= 1)).all()
    assert np.isfinite(found.log_odds).all()
    assert found.low[0] > 0 > found.high[1]
    assert found.low[2] > 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1e-9, 0.001, 0.01, 0.01, 0.04, 0.2, 0.5, 1.0]), max_size=40))
def test_q_is_scipys_with_ties(p):
    found = false_discovery(np.array(p))
    if p:
        np.testing.assert_allclose(found, stats.false_discovery_control(p), rtol=1e-12)
    assert len(found) == len(p)
