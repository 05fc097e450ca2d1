"""Correlations under weights against scipy on the rows written out; intervals that know which rows belong together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.scores.length_correlation import Correlations, clusters_of, estimates, explained, like_lengths, means

ROW = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(-1, 2), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=3, max_size=30))
def test_under_weights_it_is_that_of_the_rows_repeated_so_often(rows):
    x, y, groups, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = Correlations(x, y, groups)
    (pearson, slope), spearman = found.linear(weights.astype(float)), found.spearman(weights.astype(float))
    for group in range(len(pearson)):
        own = np.repeat(np.flatnonzero(groups == group), weights[groups == group])
        if len(own) < 3 or np.ptp(x[own]) == 0 or np.ptp(y[own]) == 0:
            assert np.isnan(pearson[group]) and np.isnan(spearman[group])
            continue
        assert pearson[group] == pytest.approx(stats.pearsonr(x[own], y[own]).statistic)
        assert spearman[group] == pytest.approx(stats.spearmanr(x[own], y[own]).statistic)
        assert slope[group] == pytest.approx(stats.linregress(x[own], y[own]).slope)


def test_a_partial_correlation_is_that_of_what_is_left_of_both():
    rng = np.random.default_rng(0)
    third = rng.integers(0, 4, 300)
    x, y = third * 3 + rng.normal(size=300), -third + rng.normal(size=300)
    left = [side - np.array([side[third == g].mean() for g in range(4)])[third] for side in (x, y)]
    found = Correlations(x, y, third).partial(np.ones(300))
    assert found == pytest.approx(np.corrcoef(*left)[0, 1])
    assert abs(found) < 0.15 < abs(np.corrcoef(x, y)[0, 1])


def test_what_a_group_explains_is_all_or_nothing_or_in_between():
    groups = np.repeat(np.arange(5), 40)
    rng = np.random.default_rng(1)
    assert explained(groups, groups.astype(float)) == pytest.approx(1)
    assert explained(groups, rng.normal(size=200)) == pytest.approx(0, abs=0.04)
    y = groups + rng.normal(size=200)
    f = stats.f_oneway(*(y[groups == g] for g in range(5))).statistic
    assert explained(groups, y) == pytest.approx((f - 1) / (f + 195 / 4), rel=1e-9)  # ε² by F
    assert np.isnan(explained(groups, np.ones(200)))


def test_lengths_are_grouped_from_short_to_long_and_no_remnant_is_left_alone():
    tokens = np.concatenate([np.arange(600), np.full(600, 1017), [1018, 1019]])
    groups = like_lengths(tokens)
    assert (np.diff(groups[np.argsort(tokens, kind="stable")]) >= 0).all()
    assert np.bincount(groups).min() >= 15
    assert len(set(groups[600:])) == 1
    assert like_lengths(np.array([3, 9])).tolist() == [0, 0]
    assert like_lengths(np.empty(0, np.int64)).tolist() == []


def test_intervals_are_wider_where_rows_come_in_clusters():
    rng = np.random.default_rng(2)
    task = np.repeat(np.arange(40), 50)
    y = rng.normal(size=40)[task] + 0.1 * rng.normal(size=2000)  # rows of a task are alike

    def mean(weights):
        return np.array([weights @ y / weights.sum()])

    by_row, by_task = estimates(mean, np.arange(2000))[0], estimates(mean, task)[0]
    assert by_row.value == by_task.value == pytest.approx(y.mean())
    assert by_task.high - by_task.low > 4 * (by_row.high - by_row.low)
    assert by_task.high - by_task.low == pytest.approx(4 * y.reshape(40, 50).mean(1).std() / np.sqrt(40), rel=0.25)


@pytest.mark.parametrize(("count", "rows"), [(8, 400), (60, 600), (200, 2000)])
@pytest.mark.parametrize("effect", [0.0, 0.7])
def test_the_interval_of_what_groups_explain_holds_the_truth_and_its_own_value(count, rows, effect):
    rng, held = np.random.default_rng(count), 0
    for _ in range(12):
        groups, means_of = rng.integers(0, count, rows), rng.normal(size=count)
        means_of = (means_of - means_of.mean()) / means_of.std()
        y = effect * means_of[groups] + rng.normal(size=rows)
        found = share_explained(groups, y, np.arange(rows))
        assert found.low <= found.value <= found.high
        held += found.low <= effect**2 / (1 + effect**2) <= found.high
    assert held >= 10


def test_groups_of_whole_tasks_that_are_alike_are_not_told_apart():
    rng, held = np.random.default_rng(3), 0
    task = np.repeat(np.arange(100), 20)
    for _ in range(12):
        found = share_explained(task % 20, rng.normal(size=100)[task] + rng.normal(size=2000), task)
        assert found.low <= found.value <= found.high
        held += found.low <= 0
    assert held >= 10


def test_copies_of_all_rows_leave_the_degrees_of_freedom_as_they_are():
    rng = np.random.default_rng(4)
    groups, y = rng.integers(0, 9, 90), rng.normal(size=90)
    assert explained(groups, y, np.full(90, 3.0)) == pytest.approx(explained(groups, y))


def share_explained(groups, y, clusters):
    return estimates(lambda weights: np.array([explained(groups, y, weights)]), clusters, draws=80, shares=(0,))[0]


def test_a_share_that_has_no_interval_gets_none():
    y = np.array([1.0, 2, 3, 4])
    assert share_explained(np.arange(4), y, np.arange(4)).high is None


def test_of_no_rows_nothing_is_defined():
    none = Correlations(np.empty(0), np.empty(0))
    assert np.isnan(none.linear(np.empty(0))[0]).tolist() == [True] and np.isnan(none.partial(np.empty(0)))
    assert np.isnan(none.spearman(np.empty(0))).tolist() == [True]


def test_what_few_clusters_hold_gets_no_interval():
    def figures(weights):
        return np.array([weights.sum(), weights[0] / weights[0] if weights[0] else np.nan])

    both = estimates(figures, np.arange(50))
    assert both[0].low is not None and both[1].value == 1 and both[1].low is None
    assert estimates(figures, np.zeros(5, np.int64))[0].low is None  # one cluster


def test_clusters_are_tasks_and_for_the_others_their_copies():
    same = np.array([0, 1, 0, 3, 4, 3])
    assert clusters_of(None, same).tolist() == [0, 1, 0, 2, 3, 2]
    found = clusters_of(np.array([7, 7, -1, -1, 2, -1]), same)
    assert found[0] == found[1] != found[2] and found[3] == found[5] != found[4]
    assert sorted(set(found.tolist())) == [0, 1, 2, 3]


def test_means_leave_out_what_is_not_known():
    found = means(np.array([1.0, np.nan, 3.0, 5.0]), np.array([0, 0, 0, -1]), 2, np.array([1.0, 9.0, 3.0, 1.0]))
    assert found[0] == pytest.approx(2.5) and np.isnan(found[1])
