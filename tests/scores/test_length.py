from __future__ import annotations

import warnings

import numpy as np
import pytest

from core.scores.length import length_link


def test_a_concave_relation_has_perfect_rank_and_lower_linear_correlation():
    tokens = np.array([1, 10, 100, 1000])
    link = length_link(tokens, np.array([1, 2, 3, 4]))
    # Pearson by hand: Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²)
    x, y = tokens - tokens.mean(), np.array([-1.5, -0.5, 0.5, 1.5])
    assert link.pearson == pytest.approx((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))
    assert link.spearman == pytest.approx(1.0) and link.n == 4


def test_ties_take_average_ranks():
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
    assert length_link(np.array([1, 2, 2, 9]), np.array([1, 2, 3, 4])).spearman == pytest.approx(4.5 / np.sqrt(4.5 * 5))


@pytest.mark.parametrize("pair", [([], []), ([1, 2], [3, 4]), ([5, 5, 5], [1, 2, 3]), ([1, 2, 3], [7, 7, 7])])
def test_undefined_correlations_are_none_without_a_warning(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        link = length_link(*map(np.array, pair))
    assert (link.pearson, link.spearman) == (None, None)
