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
    assert not found.vectors.any() and found.explained == 0 and found.margin == 0 and found.stability == 0


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


def test_a_shared_direction_is_stable_and_noise_is_not():
    rng = np.random.default_rng(0)
    along = rng.normal(size=50)
    along /= np.linalg.norm(along)
    noise = rng.normal(size=(300, 50))
    shared = noise + 12 * rng.normal(size=(300, 1)) * along
    sure, unsure = (learn_directions(rows[None], rows[None]) for rows in (shared, noise))
    assert sure.stability[0] > 0.98 > 0.6 > unsure.stability[0]
    assert sure.sizes.tolist() == unsure.sizes.tolist() == [16, 64, 256]
    assert sure.agreement.shape == (3, 1) and sure.agreement.min() > 0.9 > unsure.agreement[0, 0]
    assert abs(sure.vectors[0] @ along) > 0.99


def test_the_same_seed_gives_the_same_halves_and_too_few_are_refused():
    rows = np.random.default_rng(1).normal(size=(1, 20, 6))
    one, two, other = (learn_directions(rows, rows, seed=seed) for seed in (4, 4, 5))
    assert one.stability == two.stability != other.stability
    with pytest.raises(ValueError):
        learn_directions(rows[:, : FEWEST - 1], rows[:, : FEWEST - 1])
