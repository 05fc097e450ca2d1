"""The quality of directions: beside plain numpy, and what tells a direction of a set from one of any text."""

import numpy as np
import pytest

from core.scores.capability_quality import DRAWS, FIGURES, at_a_glance, beside, measure, quality_words


def test_every_figure_is_that_of_plain_numpy_on_the_same_draws():
    rng = np.random.default_rng(5)
    change, mean = rng.normal(size=(2, 2, 70, 9)) * np.linspace(3, 1, 9)
    found = measure(change, mean, seed=3)
    assert found.sizes.tolist() == [16, 35] and found.by_size.shape == (3, 2, DRAWS, 2) and found.layers == 2
    draws = np.random.default_rng(3)
    for at, size in enumerate(found.sizes):
        for draw in range(DRAWS):
            order = draws.permutation(70)
            halves = [order[:size], order[size : 2 * size]]
            for layer in range(2):
                (v, e1, m1), (w, e2, m2) = (plain(change[layer][ids], mean[layer][ids]) for ids in halves)
                expected = [(e1 + e2) / 2, (m1 + m2) / 2, abs(v @ w)]
                assert found.by_size[:, at, draw, layer] == pytest.approx(expected, abs=1e-9)
    for layer in range(2):
        _, explained, margin = plain(change[layer], mean[layer])
        stability = found.by_size[2, 1, :, layer].mean()
        assert found.own[:, layer] == pytest.approx([explained, margin, stability])
    sizes, middle, low, high = found.curve("stability")
    over_layers = found.by_size[FIGURES.index("stability")].mean(axis=2)
    assert sizes.tolist() == [16, 35] and np.allclose(middle, np.median(over_layers, axis=1))
    assert np.allclose(low, over_layers.min(axis=1)) and np.allclose(high, over_layers.max(axis=1))


def plain(change, mean):
    _, singular, right = np.linalg.svd(change - change.mean(axis=0), full_matrices=False)
    middle = mean.mean(axis=0)
    return right[0], singular[0] ** 2 / (singular**2).sum(), abs(middle @ right[0]) / np.linalg.norm(middle)


def test_a_shared_direction_stands_out_from_random_sets_and_noise_does_not():
    rng = np.random.default_rng(0)
    along = rng.normal(size=30) / 5
    noise = rng.normal(size=(6, 1, 100, 30))
    shared = noise[0] + 4 * rng.normal(size=(1, 100, 1)) * along
    random = [measure(each, each) for each in noise[1:]]
    sure, unsure = (beside(measure(each, each), random) for each in (shared, noise[0]))
    assert sure.random.shape == (3, 5, 1) and all(
        glance.beyond for glance in at_a_glance(sure) if glance.name != "margin"
    )
    assert sure.figure("stability")[0] > 0.9 > 0.6 > unsure.figure("stability")[0]
    assert "more than any of 5 random sets" in quality_words(sure)
    assert sure.random_by_size.shape == (3, 2, 5, 1)
    assert np.allclose(sure.random_by_size[:, :, 2], random[2].by_size.mean(axis=2))
    lowest, highest = sure.random_curve("stability")
    assert (lowest <= highest).all() and sure.curve("stability")[1][-1] > highest[-1]
    assert random[0].random_curve("stability") is None
    low, high = random[0].own[2].min(), max(each.own[2].max() for each in random)
    assert at_a_glance(sure)[2].high == pytest.approx(high) and at_a_glance(sure)[2].low <= low
    assert "no random samples" in quality_words(random[0]) and at_a_glance(random[0])[0].beyond is None


def test_the_same_seed_gives_the_same_draws():
    rows = np.random.default_rng(1).normal(size=(1, 20, 6))
    one, two, other = (measure(rows, rows, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one.by_size, two.by_size) and not np.array_equal(one.by_size, other.by_size)
    assert one.sizes.tolist() == [10]


def test_a_random_set_of_fewer_samples_still_stands_beside_at_half_of_all():
    rng = np.random.default_rng(2)
    own, fewer = (measure(rows, rows) for rows in (rng.normal(size=(1, n, 8)) for n in (34, 31)))
    assert own.sizes.tolist() == [16, 17] and fewer.sizes.tolist() == [15]
    found = beside(own, [fewer]).random_by_size
    assert np.allclose(found[:, 1, 0], fewer.by_size.mean(axis=2)[:, -1])


def test_equal_random_sets_count_once_in_the_words():
    rows, other = np.random.default_rng(5).normal(size=(2, 1, 40, 8))
    same = beside(measure(rows, rows), [measure(other, other)] * 5)
    assert same.random_sets == 1
    assert "the one random set" in quality_words(same) and "random sets" not in quality_words(same)
