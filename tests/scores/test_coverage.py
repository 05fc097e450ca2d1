from __future__ import annotations

import numpy as np
import pytest

from core.scores.coverage import random_band, reached, reached_at, reached_at_tokens, seeded_order
from core.scores.feature_sets import FeatureSets


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
    assert reached_at(sets, order[:4], c=3, base=base) == expected[1][3]
    eligible = np.ones(20, bool)
    eligible[base] = False
    band = random_band(sets, np.ones(20, np.int32), eligible, seeds=[seed], grid_tokens=np.array([0, 5]), base=base)
    by_chance = [i for i in seeded_order(20, seed) if i not in base][:5]
    assert band.tolist() == [[naive(rows, base, 1), naive(rows, [*base, *by_chance], 1)]]


@pytest.mark.parametrize("seed", range(10))
def test_curves_equal_counting_with_python_sets(seed):
    rows, sets = problem(seed)
    order = np.random.default_rng(seed).permutation(20)[:15]
    curves = reached(sets, order, c=(1, 3, 10))
    expected = [[naive(rows, order[: k + 1], c) for k in range(15)] for c in (1, 3, 10)]
    assert curves.tolist() == expected
    assert [reached_at(sets, order, c=c) for c in (1, 3, 10)] == [row[-1] for row in expected]


def test_an_empty_order_reaches_nothing():
    _, sets = problem(0)
    assert reached(sets, np.empty(0, np.int32)).shape == (3, 0)
    assert reached_at(sets, np.empty(0, np.int32)) == 0


def test_a_curve_on_a_token_axis_reads_the_longest_prefix_that_fits():
    # Rows of 5, 2, 4 tokens are paid for at 5, 7 and 11.
    at = reached_at_tokens(np.array([3, 4, 9]), np.array([5, 2, 4]), np.array([0, 4, 5, 6, 7, 11, 99]))
    assert at.tolist() == [0, 0, 3, 3, 4, 9, 9]


def test_the_random_band_is_the_curve_of_each_seeded_order_of_the_eligible_rows():
    rows, sets = problem(1)
    tokens = np.arange(1, 21, dtype=np.int32)
    eligible = np.arange(20) % 4 != 0
    grid = [30, 0, 60, 10_000]
    band = random_band(sets, tokens, eligible, seeds=[0, 5], grid_tokens=np.array(grid), c=2)
    for s, seed in enumerate([0, 5]):
        order = [i for i in seeded_order(20, seed) if eligible[i]]
        for g, budget in enumerate(grid):
            k = max(k for k in range(len(order) + 1) if sum(tokens[i] for i in order[:k]) <= budget)
            assert band[s, g] == naive(rows, order[:k], 2)
