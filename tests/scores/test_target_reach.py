"""What a selection reaches of a target: counted by hand, beside random rows of as many tokens."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.coverage import seeded_order
from core.scores.feature_sets import FeatureSets
from core.scores.target_reach import target_reach


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_reach_is_that_of_counting_by_hand(seed, c):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 25))
    active = rng.random((n, 12)) < 0.15
    features = FeatureSets(np.cumsum([0, *active.sum(axis=1)]), np.nonzero(active)[1].astype(np.int32), 12)
    wanted, free, tokens = rng.random(12) < 0.5, rng.random(n) < 0.8, rng.integers(1, 9, n)
    order = rng.permutation(n).astype(np.int32)
    ids, base = order[: n // 2], order[n - 1 :]
    found = target_reach(features, ids, wanted=wanted, tokens=tokens, free=free, base=base, c=c, seeds=(7,))

    def reached(rows) -> int:
        return sum(sum(active[i, f] for i in (*rows, *base)) >= c for f in np.flatnonzero(wanted))

    chance, spent = [], 0
    for i in (i for i in seeded_order(n, 7) if free[i]):
        spent += tokens[i]
        if spent > tokens[ids].sum():
            break
        chance.append(i)
    assert (found.wanted, found.there) == (wanted.sum(), ((active.sum(axis=0) >= c) & wanted).sum())
    assert (found.reached, found.at_random) == (reached(ids), reached(chance))
