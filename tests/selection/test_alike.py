"""The index of near-duplicates equals a comparison of every pair, at every cap, copies and near-copies among the rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.feature_sets import FeatureSets
from core.selection.alike import alike, hold, likeness
from tests.selection.naive_constraints import too_alike


def sets(rows: list[set[int]], n_features: int) -> FeatureSets:
    indptr = np.cumsum([0] + [len(row) for row in rows]).astype(np.int64)
    return FeatureSets(indptr, np.array([j for row in rows for j in sorted(row)], np.int32), n_features)


def near_copies(rng: np.random.Generator, n: int, n_features: int, size: int) -> list[set[int]]:
    """Rows of which most are others with a few features changed: many pairs lie about the cap."""
    rows = [set(rng.choice(n_features, size, replace=False).tolist())]
    while len(rows) < n:
        copy = set(rows[rng.integers(len(rows))])
        for _ in range(int(rng.integers(0, max(2, size // 3)))):
            copy.symmetric_difference_update({int(rng.integers(n_features))})
        rows.append(copy)
    return rows


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 100_000),
    shape=st.sampled_from([(30, 12, 5), (40, 400, 60), (25, 3000, 150)]),
    cap=st.sampled_from([0, 0.1, 0.25, 0.29, 1 / 3, 0.5, 0.7, 0.8, 0.9, 1]),
)
def test_a_row_passes_exactly_when_no_row_held_is_too_much_alike(seed, shape, cap):
    rng = np.random.default_rng(seed)
    rows = near_copies(rng, *shape)
    index = likeness(sets(rows, shape[1]), cap)
    held: list[int] = []
    for row in range(len(rows)):
        who = [other for other in held if too_alike(rows[row], rows[other], cap)]
        found = alike(index, row)
        assert (found >= 0) == bool(who) and (found < 0 or found in who)
        if found < 0:
            hold(index, row)
            held.append(row)


def test_no_cap_lets_everybody_pass():
    index = likeness(sets([{1, 2}, {1, 2}], 3), None)
    hold(index, 0)
    assert alike(index, 1) == -1
