"""The sentence on a selection: random rows needed, against a loop over sets."""

import numpy as np

from core.scores.answer import Answer, answer
from core.scores.coverage import NOBODY, seeded_order
from core.scores.curve import SEEDS, chance, curve_along
from core.scores.feature_sets import FeatureSets
from core.scores.yardsticks import by_count


def random_sets(seed: int, n: int = 40, m: int = 60) -> FeatureSets:
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.choice(m, size=rng.integers(0, 8), replace=False)) for _ in range(n)]
    return FeatureSets(
        np.concatenate([[0], np.cumsum([len(r) for r in rows])]), np.concatenate(rows).astype(np.int32), m
    )


def said_of(features: FeatureSets, ids, *, tokens, eligible, base=NOBODY) -> Answer:
    """The answer on the first half of an order, as the screen asks for it."""
    yardstick = by_count(features)
    beside = chance(yardstick, tokens=tokens, eligible=eligible, base=base)
    rest = np.setdiff1d(np.flatnonzero(eligible), ids)
    mine = curve_along(yardstick, np.concatenate([ids, rest]).astype(np.int32), tokens=tokens, base=base)
    return answer(mine, beside, rows=len(ids), live=yardstick.total)


def naive_rows(features: FeatureSets, order, got: int) -> int | None:
    seen: set[int] = set()
    for place, row in enumerate(order, start=1):
        seen |= set(features.row(row).tolist())
        if len(seen) >= got:
            return place
    return None


def test_random_rows_equal_a_naive_count():
    for seed in range(20):
        features = random_sets(seed)
        rng = np.random.default_rng(seed + 100)
        eligible = rng.random(40) < 0.9
        ids = rng.permutation(np.flatnonzero(eligible))[:8].astype(np.int32)
        tokens = rng.integers(1, 50, size=40)
        said = said_of(features, ids, tokens=tokens, eligible=eligible)
        got = len({f for row in ids for f in features.row(row).tolist()})
        needed = [naive_rows(features, [r for r in seeded_order(40, s) if eligible[r]], got) for s in SEEDS]
        assert (said.reached, said.rows, said.tokens) == (got, 8, tokens[ids].sum())
        assert said.random_rows == (int(np.median(needed)) if None not in needed else None)


def test_what_chance_never_reaches_is_none():
    features = FeatureSets(np.array([0, 1, 2, 3]), np.array([0, 1, 2], np.int32), 3)
    tokens = np.ones(3, int)
    said = said_of(features, np.array([0, 1, 2], np.int32), tokens=tokens, eligible=np.array([True, True, False]))
    assert said.random_rows is None and said.at_random == 2 and said.reached == said.live == 3


def test_an_empty_selection_reaches_nothing():
    features, tokens = random_sets(1), np.ones(40, int)
    said = said_of(features, np.empty(0, np.int32), tokens=tokens, eligible=np.ones(40, bool))
    assert (said.rows, said.tokens, said.reached, said.random_rows, said.at_random) == (0, 0, 0, 0, 0)


def test_beside_a_base_both_sides_start_from_what_it_reaches():
    # The base has 0 … 4; each other row adds one feature of its own: k random rows add k, whatever the order.
    rows = [[0, 1, 2, 3, 4]] + [[i % 5, 5 + i] for i in range(20)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    features = FeatureSets(indptr, np.concatenate(rows).astype(np.int32), 25)
    tokens, eligible, base = np.full(21, 3), np.arange(21) > 0, np.array([0], np.int32)
    said = said_of(features, np.array([4, 9, 1], np.int32), tokens=tokens, eligible=eligible, base=base)
    assert (said.before, said.reached, said.random_rows, said.random_tokens, said.at_random) == (5, 8, 3, 9, 8)
