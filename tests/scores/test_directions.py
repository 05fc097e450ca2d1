"""Directions of a capability, beside a plain singular value decomposition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores.directions import FEWEST, learn_directions, principal


def by_svd(rows):
    centred = rows - rows.mean(axis=0)
    _, singular, right = np.linalg.svd(centred, full_matrices=False)
    return right[0], singular[0] ** 2 / (singular**2).sum()


@pytest.mark.parametrize(("n", "d"), [(300, 400), (400, 150)])
def test_the_component_of_many_rows_is_that_of_a_singular_value_decomposition_too(n, d):
    """Above `DENSE` only the first component is computed."""
    test_the_principal_component_is_that_of_a_singular_value_decomposition_wide_or_tall.hypothesis.inner_test(7, n, d)


@given(st.integers(0, 10_000), st.integers(4, 40), st.integers(2, 60))
def test_the_principal_component_is_that_of_a_singular_value_decomposition_wide_or_tall(seed, n, d):
    rows = np.random.default_rng(seed).normal(size=(n, d)) * np.linspace(3, 1, d)
    vector, share = principal(rows)
    expected, expected_share = by_svd(rows)
    assert abs(vector @ expected) == pytest.approx(1, abs=1e-6)
    assert share == pytest.approx(expected_share, rel=1e-9)
    assert np.linalg.norm(vector) == pytest.approx(1) and vector[np.argmax(np.abs(vector))] > 0


def test_rows_that_do_not_differ_have_no_direction():
    vector, share = principal(np.full((5, 3), 7.0))
    assert not vector.any() and share == 0
    found = learn_directions(np.full((1, 5, 3), 7.0), np.ones((1, 5, 3)))
    assert not found.vectors.any() and found.explained == 0 and found.margin == 0


def test_directions_point_to_where_the_token_means_lie_and_tell_when_the_changes_would_not():
    rng = np.random.default_rng(3)
    change = rng.normal(size=(2, 30, 8)) * np.array([6, 1, 1, 1, 1, 1, 1, 1]) - 2  # the mean change points back …
    mean = np.abs(rng.normal(size=(2, 30, 8))) + 1  # … the token means forward
    found = learn_directions(change, mean)
    for layer in range(2):
        middle = mean[layer].mean(axis=0)
        expected, share = by_svd(change[layer])
        assert abs(found.vectors[layer] @ expected) == pytest.approx(1, abs=1e-5)
        assert middle @ found.vectors[layer] > 0
        assert found.margin[layer] == pytest.approx(abs(middle @ expected) / np.linalg.norm(middle), rel=1e-5)
        assert found.explained[layer] == pytest.approx(share)
        assert found.flips[layer] == (change[layer].mean(axis=0) @ found.vectors[layer] < 0)
    assert found.flips.all()


def test_too_few_samples_are_refused():
    rows = np.ones((1, FEWEST - 1, 6))
    with pytest.raises(ValueError):
        learn_directions(rows, rows)
