"""How scores are spread, what lengths alone would make of it, and scores by length: beside what is counted by hand."""

import numpy as np
import pytest

from core.scores.score_shape import by_length, like_lengths, spread, weighted_median
from core.store.contrast import length_bins


def test_random_rows_of_like_length_have_the_lengths_of_the_chosen():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 400, 500)
    picked = (rng.random(500) < np.where(lengths > 200, 0.4, 0.05)).astype(float)
    weights = like_lengths(lengths, picked)
    bins = length_bins(lengths)
    for each in np.unique(bins):
        assert weights[bins == each].sum() == pytest.approx(picked[bins == each].sum())
        assert np.ptp(weights[bins == each]) == 0


def test_a_score_that_is_length_alone_is_told_by_length_alone():
    lengths = np.arange(1, 1001)
    found = spread(lengths.astype(float), lengths, np.arange(800, 1000))
    assert found.pool.sum() == pytest.approx(1) and found.chosen.sum() == pytest.approx(1)
    pool, chosen, like = found.medians
    assert (pool, chosen) == (500.5, 900) and abs(like - chosen) < 150 < like - pool
    assert found.beyond == 4
    assert spread(lengths.astype(float), lengths).chosen is None


def test_a_score_apart_from_length_is_not_told_by_it():
    rng = np.random.default_rng(1)
    lengths, scores = rng.integers(5, 300, 4000), rng.normal(size=4000)
    found = spread(scores, lengths, np.argsort(-scores)[:400])
    assert found.medians[1] > 1.2 and abs(found.medians[2]) < 0.2


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [0, 3, 1, 0], [1, 0, 0, 1]])
def test_the_weighted_median_is_that_of_repeated_values(weights):
    values = np.array([4.0, 1.0, 3.0, 2.0])
    repeated = np.sort(np.repeat(values, weights))
    assert weighted_median(values, np.array(weights, float)) == repeated[(len(repeated) - 1) // 2]


def test_every_sample_is_in_the_picture_by_length_once():
    rng = np.random.default_rng(2)
    lengths, scores = rng.integers(0, 900, 3000), rng.normal(size=3000) ** 3
    found = by_length(scores, lengths)
    assert found.counts.sum() == 3000 and found.counts.shape == (48, 48)
    assert found.beyond == 12 and (np.diff(found.quartiles, axis=0) >= 0).all()
    steady = by_length(np.zeros(7), np.full(7, 3))
    assert steady.counts.sum() == 7 and steady.beyond == 0
