"""Means of groups and what chance gives, beside loops over strata, permutations and samples in plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores.neuron_means import (
    LayerTally,
    apart_groups,
    in_spreads,
    means_of_groups,
    neuron_means,
    one_group,
    two_groups,
)


def made_groups(rng, n, strata):
    """Everybody's code, at least one of A and one of B in the first stratum, and the sizes of the strata."""
    code = rng.integers(-1, 2 * strata, n)
    code[:2] = 0, 1
    return code, np.bincount(code[code >= 0], minlength=2 * strata).reshape(-1, 2)


def stratified(rows, code, sizes):
    """The difference of two groups by a loop over strata, weighted by a·b/(a + b)."""
    total, weight = np.zeros(rows.shape[1]), 0.0
    for stratum, (n_a, n_b) in enumerate(sizes):
        if n_a and n_b:
            own = n_a * n_b / (n_a + n_b)
            total += own * (rows[code == 2 * stratum].mean(axis=0) - rows[code == 2 * stratum + 1].mean(axis=0))
            weight += own
    return total / weight


@given(seed=st.integers(0, 10_000), n=st.integers(4, 30), strata=st.integers(1, 4))
def test_a_difference_is_that_of_a_loop_over_strata_and_turns_its_sign_with_the_sides(seed, n, strata):
    rng = np.random.default_rng(seed)
    code, sizes = made_groups(rng, n, strata)
    rows = rng.normal(size=(n, 5)) + 100.0
    found = two_groups(code, sizes, draws=2)
    np.testing.assert_allclose((found.a - found.b) @ rows, stratified(rows, code, sizes), atol=1e-11)
    assert found.a.sum() == pytest.approx(1) and found.b.sum() == pytest.approx(1)
    turned = two_groups(np.where(code >= 0, code ^ 1, -1), sizes[:, ::-1], draws=0)
    np.testing.assert_allclose((turned.a - turned.b) @ rows, -((found.a - found.b) @ rows), atol=1e-11)
    alone = [sum(int(own[side]) for own in sizes if not own[1 - side]) for side in (0, 1)]
    assert list(found.alone) == alone


@given(seed=st.integers(0, 10_000), n=st.integers(4, 30), strata=st.integers(1, 3))
def test_random_groups_have_the_sizes_and_the_lengths_of_the_real_ones(seed, n, strata):
    code, sizes = made_groups(np.random.default_rng(seed), n, strata)
    found = two_groups(code, sizes, draws=5)
    real = (found.a - found.b).astype(np.float32)
    for draw in found.chance:
        assert (draw[code < 0] == 0).all()
        for stratum in range(strata):
            own = code // 2 == stratum
            assert sorted(draw[own]) == sorted(real[own])
    if n > 8 and (sizes[0] > 2).all():
        assert not all(np.array_equal(draw, real) for draw in found.chance)


@pytest.mark.parametrize("pieces", [[40], [7, 13, 20]])
def test_means_spread_and_chance_equal_plain_numpy_in_any_order_and_a_massive_neuron_loses_no_digits(pieces):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(2, 40, 6)).astype(np.float16)
    rows[:, :, 2] = 3000 + rng.normal(size=(2, 40)).astype(np.float16)
    rows[:, :, 5] = 1.5  # a neuron that never varies
    code, sizes = made_groups(rng, 40, 2)
    weights = two_groups(code, sizes, draws=9)
    found = means_of_groups(lambda layer: np.split(rows[layer], np.cumsum(pieces)[:-1]), 2, weights, compared=True)
    wide = rows.astype(np.float64)
    np.testing.assert_allclose(found.whole, wide.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.spread, wide.std(axis=1), rtol=1e-9, atol=1e-12)
    for layer in range(2):
        np.testing.assert_allclose(found.a[layer] - found.b[layer], stratified(wide[layer], code, sizes), atol=1e-9)
        apart = np.abs(
            in_spreads(
                weights.chance.astype(np.float64) @ (wide[layer] - wide[layer].mean(axis=0)), found.spread[layer]
            )
        )
        np.testing.assert_allclose(found.chance.largest[:, layer], apart.max(axis=1), rtol=1e-3)
        np.testing.assert_allclose(found.chance.typical[:, layer], np.sqrt((apart**2).mean(axis=1)), rtol=1e-3)
    assert (in_spreads(found.a - found.b, found.spread)[:, 5] == 0).all()
    order = rng.permutation(40)
    tallies = [LayerTally(weights, 6) for _ in range(2)]
    for layer, tally in enumerate(tallies):
        for part in np.array_split(order, 3):
            tally.add(part, rows[layer, part])
    again = neuron_means(tallies, compared=True)
    np.testing.assert_allclose(again.a, found.a, rtol=1e-12)
    np.testing.assert_allclose(again.chance.largest, found.chance.largest, rtol=1e-3)


def test_the_limit_is_rarely_passed_where_nothing_differs_and_always_where_a_neuron_is_planted():
    rng = np.random.default_rng(0)
    code = np.repeat([0, 1], 50)
    sizes = np.array([[50, 50]])
    passed = 0
    for trial in range(40):
        rows = rng.normal(size=(1, 100, 30))
        found = means_of_groups(
            lambda _layer, own=rows: [own[0]], 1, two_groups(code, sizes, seed=trial), compared=True
        )
        passed += (np.abs(in_spreads(found.a - found.b, found.spread)) > found.chance.limit).any()
    assert passed <= 6  # 2 expected of 40 at 5 %
    rows[0, :50, 7] += 1.5
    found = means_of_groups(lambda _layer: [rows[0]], 1, two_groups(code, sizes), compared=True)
    assert np.flatnonzero(np.abs(in_spreads(found.a - found.b, found.spread))[0] > found.chance.limit).tolist() == [7]


def test_beside_a_capability_random_groups_are_as_many_samples_as_either_side_has():
    b = np.zeros(30, bool)
    b[:10] = True
    found = apart_groups(None, b, n=30, n_a=12, n_b=10, draws=4)
    assert not found.a.any() and found.b.sum() == pytest.approx(1)
    for draw in found.chance:
        assert (draw > 0).sum() == 12 and (draw < 0).sum() == 10 and draw.sum() == pytest.approx(0, abs=1e-6)
    more = apart_groups(None, b, n=30, n_a=500, n_b=10, draws=1)
    assert (more.chance[0] != 0).sum() == 30


def test_a_group_by_itself_is_its_mean():
    a = np.array([True, False, True])
    assert one_group(a).a.tolist() == [0.5, 0.0, 0.5] and len(one_group(a).chance) == 0
