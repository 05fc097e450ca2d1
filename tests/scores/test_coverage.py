from __future__ import annotations

import numpy as np
import pytest

from core.scores.coverage import knee, reached, reached_at_tokens, rows_with, seeded_order, token_grid
from core.scores.curve import chance, curve_along
from core.scores.feature_sets import FeatureSets
from core.scores.yardsticks import Yardstick, by_count


def problem(seed: int) -> tuple[list[list[int]], FeatureSets]:
    rng = np.random.default_rng(seed)
    rows = [sorted(rng.choice(10, rng.integers(0, 8), replace=False).tolist()) for _ in range(20)]
    indptr = np.cumsum([0] + [len(row) for row in rows], dtype=np.int64)
    return rows, FeatureSets(indptr, np.array([j for row in rows for j in row], np.int32), 10)


def naive(rows, ids, c) -> int:
    return sum(sum(j in rows[i] for i in ids) >= c for j in range(10))


@pytest.mark.parametrize("seed", range(10))
def test_curves_on_top_of_a_base_count_its_rows_in(seed):
    rows, sets = problem(seed)
    base, order = np.split(np.random.default_rng(seed).permutation(20), [6])
    expected = [[naive(rows, [*base, *order[: k + 1]], c) for k in range(14)] for c in (1, 3)]
    assert reached(sets, order, c=(1, 3), base=base).tolist() == expected
    assert np.count_nonzero(rows_with(sets, order[:4], base=base) >= 3) == expected[1][3]
    eligible = np.ones(20, bool)
    eligible[base] = False
    (curve,) = chance(by_count(sets), tokens=np.ones(20, np.int32), eligible=eligible, seeds=[seed], base=base)
    by_chance = [i for i in seeded_order(20, seed) if i not in base][:5]
    assert curve.within(np.array([0, 5])).tolist() == [naive(rows, base, 1), naive(rows, [*base, *by_chance], 1)]


@pytest.mark.parametrize("seed", range(10))
def test_curves_equal_counting_with_python_sets(seed):
    rows, sets = problem(seed)
    order = np.random.default_rng(seed).permutation(20)[:15]
    curves = reached(sets, order, c=(1, 3, 10))
    expected = [[naive(rows, order[: k + 1], c) for k in range(15)] for c in (1, 3, 10)]
    assert curves.tolist() == expected
    assert [np.count_nonzero(rows_with(sets, order) >= c) for c in (1, 3, 10)] == [row[-1] for row in expected]


def test_an_empty_order_reaches_nothing():
    _, sets = problem(0)
    assert reached(sets, np.empty(0, np.int32)).shape == (3, 0)
    assert not rows_with(sets, np.empty(0, np.int32)).any()


def test_a_curve_on_a_token_axis_reads_the_longest_prefix_that_fits():
    # Rows of 5, 2, 4 tokens are paid for at 5, 7 and 11.
    at = reached_at_tokens(np.array([3, 4, 9]), np.array([5, 2, 4]), np.array([0, 4, 5, 6, 7, 11, 99]))
    assert at.tolist() == [0, 0, 3, 3, 4, 9, 9]


def test_the_random_band_is_the_curve_of_each_seeded_order_of_the_eligible_rows():
    rows, sets = problem(1)
    tokens = np.arange(1, 21, dtype=np.int32)
    eligible = np.arange(20) % 4 != 0
    grid = [30, 0, 60, 10_000]
    curves = chance(by_count(sets), tokens=tokens, eligible=eligible, seeds=[0, 5])
    for curve, seed in zip(curves, [0, 5], strict=True):
        order = [i for i in seeded_order(20, seed) if eligible[i]]
        for g, budget in enumerate(grid):
            k = max(k for k in range(len(order) + 1) if sum(tokens[i] for i in order[:k]) <= budget)
            assert curve.within(np.array(grid), c=3)[g] == naive(rows, order[:k], 3)


@pytest.mark.parametrize("seed", range(10))
def test_a_curve_looks_up_what_python_sets_count_by_rows_by_tokens_and_by_amount(seed):
    rows, sets = problem(seed)
    rng = np.random.default_rng(seed)
    order, tokens = rng.permutation(20)[:12].astype(np.int32), rng.integers(1, 9, 20)
    worth, counted = rng.integers(0, 5, 10).astype(np.int32), rng.random(20) < 0.7
    curve = curve_along(Yardstick(sets, int(worth.sum()), worth, counted), order, tokens=tokens)

    def naively(k: int, c: int) -> int:
        there = [i for i in order[:k] if counted[i]]
        return sum(int(worth[j]) for j in range(10) if sum(j in rows[i] for i in there) >= c)

    for c in (1, 3):
        assert [curve.after(k, c=c) for k in range(13)] == [naively(k, c) for k in range(13)]
        assert curve.after(99, c=c) == naively(12, c)
        for amount in range(int(worth.sum()) + 1):
            enough = [k for k in range(13) if naively(k, c) >= amount]
            assert curve.rows_for(amount, c=c) == (enough[0] if enough else None)
    spent = [int(tokens[order[:k]].sum()) for k in range(13)]
    for budget in range(spent[-1] + 3):
        assert curve.within(np.array([budget])) == naively(max(k for k in range(13) if spent[k] <= budget), 1)


def test_the_knee_is_the_point_farthest_above_the_chord_and_none_where_the_curve_is_not_above_it():
    tokens = np.array([1, 10, 100, 1_000])  # evenly spaced on a logarithmic axis: the chord rises by 3 a step
    assert knee(tokens, np.array([0, 7, 8, 9])) == 1  # 4 above the chord, then 2
    assert knee(tokens, np.array([0, 5, 8, 9])) == 1  # 2 above twice: the first
    assert knee(tokens, np.array([0, 1, 2, 9])) is None
    assert knee(tokens, np.array([4, 4, 4, 4])) is None
    assert knee(tokens[:2], np.array([0, 9])) is None


def test_the_grid_runs_from_about_a_row_to_everything_each_budget_once():
    tokens = np.array([10, 20, 30, 40, 1_000])
    grid = token_grid(tokens)
    assert grid[0] == 30 and grid[-1] == 1_100
    assert (np.diff(grid) > 0).all() and len(grid) <= 160
    assert token_grid(np.array([], int)).tolist() == [1]
