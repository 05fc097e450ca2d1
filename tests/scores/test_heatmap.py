"""The layer × neuron picture: every cell beside the neurons it stands for, for small models by hand and for a large one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores.heatmap import (
    COLUMNS,
    Window,
    arranged,
    cells_of,
    clipped,
    colour_limit,
    ranks,
    strongest_of,
    whole_window,
)


def few_values(rng, shape):
    """Values with many ties, some of them unknown."""
    values = rng.integers(-3, 4, shape).astype(float)
    return np.where(rng.random(shape) < 0.15, np.nan, values)


@given(
    seed=st.integers(0, 10_000), layers=st.integers(1, 4), neurons=st.integers(1, 40), columns=st.integers(1, 12),
    order=st.sampled_from(["position", "value"]), cell=st.sampled_from(["strongest", "mean"]),
)  # fmt: skip
def test_every_cell_says_what_its_neurons_say(seed, layers, neurons, columns, order, cell):
    rng = np.random.default_rng(seed)
    values, other = few_values(rng, (layers, neurons)), rng.normal(size=(layers, neurons))
    low = int(rng.integers(0, neurons))
    high = int(rng.integers(low, neurons)) + 1
    window = Window(layers=(0, layers), places=(low, high), order=order, cell=cell)
    for shown in (None, other):
        found = cells_of(values, window, columns=columns, shown=shown)
        source = values if shown is None else shown
        assert len(found.first) <= columns and found.first[0] == low and found.last[-1] == high - 1
        for row in range(layers):
            line = list(range(neurons))
            if order == "value":
                line.sort(key=lambda j: (-values[row, j] if not np.isnan(values[row, j]) else np.inf, j))
            for column, (first, last) in enumerate(zip(found.first, found.last, strict=True)):
                own = line[first : last + 1]
                assert len(own) == found.size or column == len(found.first) - 1
                sizes = [-1.0 if np.isnan(source[row, j]) else abs(source[row, j]) for j in own]
                best = own[int(np.argmax(sizes))]
                assert found.neurons[row, column] == best
                known = [source[row, j] for j in own if not np.isnan(source[row, j])]
                wanted = np.mean(known) if known and cell == "mean" and found.size > 1 else source[row, best]
                np.testing.assert_allclose(found.values[row, column], wanted, rtol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_ranks_and_the_strongest_are_a_sort_by_size_with_ties_to_the_lowest(seed):
    values = few_values(np.random.default_rng(seed), (3, 7))
    order = sorted(
        ((layer, j) for layer in range(3) for j in range(7) if not np.isnan(values[layer, j])),
        key=lambda at: (-abs(values[at]), at),
    )
    assert strongest_of(values, 5) == order[:5]
    found = ranks(values)
    assert [found[at] for at in order] == list(range(1, len(order) + 1))
    assert (found[np.isnan(values)] == 0).all()


def test_a_model_of_32_layers_of_14336_neurons_is_never_drawn_neuron_by_neuron_until_zoomed():
    values = np.random.default_rng(0).standard_t(2, (32, 14_336))
    whole = cells_of(values, whole_window(values))
    assert whole.values.shape == (32, COLUMNS) and whole.size == 56
    assert np.array_equal(np.abs(whole.values), np.abs(values).reshape(32, 256, 56).max(axis=2))
    near = cells_of(values, Window(layers=(3, 5), places=(14_200, 14_336)))
    assert near.size == 1 and np.array_equal(near.values, values[3:5, 14_200:])
    assert np.array_equal(arranged(values[:1], "value")[0], np.argsort(-values[0], kind="stable"))


def test_a_small_model_is_binned_by_three_and_its_last_cell_is_short():
    values = np.arange(6 * 688, dtype=float).reshape(6, 688)
    found = cells_of(values, whole_window(values, cell="mean"))
    assert found.size == 3 and found.values.shape == (6, 230) and (found.first[-1], found.last[-1]) == (687, 687)
    assert found.values[0, :2].tolist() == [1.0, 4.0] and found.values[0, -1] == 687


def test_colours_leave_out_a_few_massive_neurons_and_are_the_same_for_both_sides():
    one, other = np.linspace(0, 1, 1000).reshape(10, 100), np.full((10, 100), 0.5)
    one[0, 0] = 5000.0
    assert colour_limit(one, other) == colour_limit(other, one) <= 1.0
    assert colour_limit(np.zeros((2, 2))) == 1.0
    assert colour_limit(np.array([[0.0, np.nan, 0.0, 3.0]])) == 3.0


@pytest.mark.parametrize("asked", [(5, 9), (3, 2), (-4, 0)])
def test_a_window_outside_the_model_is_the_whole_of_it(asked):
    found = clipped(Window(layers=asked, places=(0, 99)), (3, 50))
    assert found.layers == (0, 3) and found.places == (0, 50)
