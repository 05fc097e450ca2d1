from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.feature_sets import AUTO_SHARE, AUTO_STEPS, Activity, feature_sets, thresholds


def table(seed: int, n: int = 25, m: int = 12) -> dict:
    """A long table with ties (strengths in quarters), dead features and empty samples."""
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, m)) < rng.random(m) ** 2, rng.integers(1, 9, (n, m)) / 4, 0).astype(np.float32)
    dense[rng.random(n) < 0.2] = 0
    sample, feature = np.nonzero(dense)
    return {
        "sample": sample.astype(np.int32),
        "feature": feature.astype(np.int32),
        "strength": dense[sample, feature],
        "n_samples": n,
        "n_features": m,
    }


def naive_active(data: dict, quantile: float) -> set[tuple[int, int]]:
    """Active at or above the feature's own quantile, one feature at a time, by NumPy's method "higher"."""
    active = set()
    for j in range(data["n_features"]):
        mine = data["feature"] == j
        if mine.any():
            at_least = np.quantile(data["strength"][mine].astype(np.float64), quantile, method="higher")
            active |= {(int(i), j) for i in data["sample"][mine & (data["strength"] >= at_least)]}
    return active


def pairs(sets) -> set[tuple[int, int]]:
    return {(i, int(j)) for i in range(sets.n_samples) for j in sets.row(i)}


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), step=st.integers(0, 64))
def test_a_quantile_keeps_what_numpy_keeps_per_feature(seed, step):
    data = table(seed)
    quantile = step / 64  # exact in floats, so NumPy's own rounding of q·(m − 1) cannot differ from ours
    cut, used = thresholds(Activity(quantile=quantile), **data)
    assert used == quantile and cut.dtype == np.float32
    assert pairs(feature_sets(cut, **data)) == naive_active(data, quantile)


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), quantile=st.none() | st.floats(0, 1))
def test_no_live_feature_is_ever_lost(seed, quantile):
    data = table(seed)
    cut, _ = thresholds(Activity(quantile=quantile), **data)
    sets = feature_sets(cut, **data)
    assert set(sets.indices.tolist()) == set(data["feature"].tolist())
    assert sets.live == len(set(data["feature"].tolist()))
    assert (cut >= 0).all() and np.isfinite(cut).all()


def test_a_feature_with_one_sample_stays_active_in_it_and_ties_stay_together():
    data = {
        "sample": np.array([0, 0, 1, 2], np.int32),
        "feature": np.array([0, 1, 1, 1], np.int32),
        "strength": np.array([0.5, 2, 2, 1], np.float32),
        "n_samples": 3,
        "n_features": 3,
    }
    cut, _ = thresholds(Activity(quantile=1.0), **data)
    # Feature 0 has one strength, feature 1 two equal maxima, feature 2 none: its threshold is 0.
    assert cut.tolist() == [
        np.nextafter(np.float32(0.5), np.float32(0)),
        np.nextafter(np.float32(2), np.float32(0)),
        0,
    ]
    assert pairs(feature_sets(cut, **data)) == {(0, 0), (0, 1), (1, 1)}


def test_a_decimal_quantile_means_what_was_typed():
    n = 101  # q·(m − 1) = 7 exactly, so strengths 8 … 101 (places 7 … 100) stay
    data = {
        "sample": np.arange(n, dtype=np.int32),
        "feature": np.zeros(n, np.int32),
        "strength": np.arange(1, n + 1, dtype=np.float32),
        "n_samples": n,
        "n_features": 1,
    }
    cut, _ = thresholds(Activity(quantile=0.07), **data)
    assert len(feature_sets(cut, **data).indices) == 94


def test_quantile_0_keeps_every_activation_even_the_smallest_number():
    tiny = np.nextafter(np.float32(0), np.float32(1))
    data = {
        "sample": np.array([0, 1], np.int32),
        "feature": np.array([0, 0], np.int32),
        "strength": np.array([tiny, 3], np.float32),
        "n_samples": 2,
        "n_features": 1,
    }
    cut, _ = thresholds(Activity(quantile=0.0), **data)
    assert pairs(feature_sets(cut, **data)) == {(0, 0), (1, 0)}


@pytest.mark.parametrize("seed", range(5))
def test_the_automatic_quantile_is_the_step_nearest_the_wanted_median(seed):
    data = table(seed, n=80, m=300)
    cut, used = thresholds(Activity(), **data)
    present = np.unique(data["sample"])
    target = AUTO_SHARE * len(np.unique(data["feature"]))

    def median_at(quantile: float) -> float:
        sets = feature_sets(thresholds(Activity(quantile=quantile), **data)[0], **data)
        return float(np.median(sets.richness[present]))

    distances = [abs(median_at(step / AUTO_STEPS) - target) for step in range(0, AUTO_STEPS + 1, 10)]
    assert abs(median_at(used) - target) <= min(distances)
    assert np.array_equal(cut, thresholds(Activity(quantile=used), **data)[0])


def test_sparse_sets_are_left_whole_by_the_automatic_quantile():
    # Two of 300 live features a sample is 0.7 %: already under 1.5 %, so nothing is cut.
    n = 150
    data = {
        "sample": np.repeat(np.arange(n, dtype=np.int32), 2),
        "feature": np.arange(2 * n, dtype=np.int32),
        "strength": np.ones(2 * n, np.float32),
        "n_samples": n,
        "n_features": 2 * n,
    }
    assert thresholds(Activity(), **data)[1] == 0.0


def test_raw_mode_is_one_threshold_strictly_above_it():
    data = table(1)
    cut, used = thresholds(Activity(mode="raw", theta=1.0), **data)
    assert used is None and (cut == 1).all()
    above = data["strength"] > 1
    expected = set(zip(data["sample"][above].tolist(), data["feature"][above].tolist(), strict=True))
    assert pairs(feature_sets(cut, **data)) == expected


def test_strengths_that_are_not_above_0_are_no_activations():
    data = table(2)
    data["strength"] = np.where(np.arange(len(data["strength"])) % 3 == 0, np.float32(0), data["strength"])
    data["strength"][:2] = np.nan, -1
    cut, _ = thresholds(Activity(quantile=0.0), **data)
    sets = feature_sets(cut, **data)
    assert len(sets.indices) == np.count_nonzero(data["strength"] > 0)


def test_empty_tables_have_thresholds_of_0_and_empty_sets():
    none = np.empty(0, np.int32)
    data = {
        "sample": none,
        "feature": none,
        "strength": np.empty(0, np.float32),
        "n_samples": 2,
        "n_features": 3,
    }
    cut, used = thresholds(Activity(), **data)
    assert cut.tolist() == [0, 0, 0] and used == 0.0
    sets = feature_sets(cut, **data)
    assert sets.richness.tolist() == [0, 0] and sets.live == 0 and sets.n_samples == 2


def test_rows_are_ascending_and_typed():
    data = table(3)
    sets = feature_sets(thresholds(Activity(quantile=0.5), **data)[0], **data)
    assert sets.indptr.dtype == np.int64 and sets.indices.dtype == np.int32 and sets.richness.dtype == np.int32
    assert all((np.diff(sets.row(i)) > 0).all() for i in range(sets.n_samples))


@pytest.mark.parametrize("order", [[1, 0], [0, 0]])
def test_an_unsorted_or_repeated_entry_is_a_defect(order):
    data = {
        "sample": np.zeros(2, np.int32),
        "feature": np.array(order, np.int32),
        "strength": np.ones(2, np.float32),
        "n_samples": 1,
        "n_features": 2,
    }
    with pytest.raises(ValueError, match="sorted by sample, then feature"):
        feature_sets(np.zeros(2, np.float32), **data)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mode": "top"}, "mode is “top”; allowed are “quantile” and “raw”"),
        ({"quantile": 1.5}, "quantile is 1.5; give a number from 0 to 1"),
        ({"theta": -1}, "threshold is -1; give 0 or a larger number"),
        ({"theta": float("nan")}, "threshold is nan; give 0 or a larger number"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, sentence):
    with pytest.raises(GamutError, match=sentence):
        Activity(**wrong)
