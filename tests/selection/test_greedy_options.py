from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.known import Given
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank

OPTIONS = (
    {"per_token": True},
    {"wanted": 2},
    {"wanted": 3, "per_token": True},
    {"support": 2},
    {"rarity": "idf"},
    {"rarity": "frequency", "wanted": 2},
    {"weight": "quality"},
    {"weight": "quality", "per_token": True, "rarity": "idf"},
    {"target": "half"},
    {"target": "half", "support": 2, "per_token": True},
    {"one_pass": True},
    {"one_pass": True, "per_token": True, "wanted": 2},
)


def values(rows, pool, options):
    """What a row is worth as a fraction, given how many rows of the round have each feature."""
    n, m = pool.n_samples, pool.features.n_features
    firsts = [i for i in range(n) if pool.known.duplicate_of[i] < 0]
    counts = [j for j in range(m) if sum(j in rows[i] for i in firsts) >= options.support]
    counts = {j for j in counts if not options.target or pool.known.target(options.target)[j]}
    having = [sum(j in row for row in rows) for j in range(m)]
    idf = [round(1000 * (1 + np.log(n / had))) if had else 0 for had in having]
    weight = {"equal": [1] * m, "frequency": having, "idf": idf}[options.rarity]
    score = [1] * n
    if options.weight:
        quality = np.nan_to_num(pool.known.score("quality"))
        score = [round(float(q / quality.max()) * 2**20) for q in quality]

    def value(i, have):
        gain = sum(weight[j] for j in rows[i] & counts if have[j] < options.wanted)
        return Fraction(gain * score[i], max(1, int(pool.conversation_tokens[i])) if options.per_token else 1)

    return value


def brute_force(rows, pool, options):
    """(id, round) pick by pick: the formula, with a scan of everybody for every pick."""
    value, nothing = values(rows, pool, options), [0] * pool.features.n_features
    order, number, have = [(i, 1) for i in pool.pins.tolist()], 1, list(nothing)

    def count(i):
        for j in rows[i]:
            have[j] += 1

    for i in (*pool.base.tolist(), *pool.pins.tolist()):
        count(i)
    left = pool.candidates.tolist()
    useless = [i for i in left if value(i, nothing) == 0]
    left = [i for i in left if i not in useless]
    while left:
        took = False
        if options.one_pass:
            for i in sorted(left, key=lambda i: (-value(i, nothing), i)):
                if value(i, have) > 0:
                    order.append((i, number))
                    count(i)
        else:
            while (
                left and (best := max(left, key=lambda i: (value(i, have), -i))) is not None and value(best, have) > 0
            ):
                order.append((best, number))
                count(best)
                left.remove(best)
                took = True
        left = [i for i in left if (i, number) not in order]
        if left:
            number, have[:] = number + 1, nothing
        assert took or options.one_pass or number == 2
    last = order[-1][1] if len(order) > len(pool.pins) else 1
    return order + [(i, last) for i in useless]


@pytest.mark.parametrize("given", OPTIONS, ids=str)
def test_every_option_equals_its_brute_force_ties_included(given, random_pool):
    options = SaeGreedyOptions(**given)
    for seed in range(60):
        rows, pool = random_pool(np.random.default_rng(seed))
        found = rank(pool, options)
        picks = list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True))
        assert picks == brute_force(rows, pool, options), seed


@pytest.mark.parametrize("given", OPTIONS, ids=str)
def test_stopping_early_gives_a_prefix_under_every_option(given, random_pool):
    options = SaeGreedyOptions(**given)
    for seed in range(12):
        _, pool = random_pool(np.random.default_rng(seed))
        full = rank(pool, options)
        for upto in range(0, pool.available + 2, 3):
            short = rank(pool, options, upto=upto)
            for name in ("sample_ids", "gains", "rounds"):
                assert getattr(short, name).tolist() == getattr(full, name)[:upto].tolist()


def test_fractions_are_compared_exactly_where_floats_cannot_tell_them_apart(build_pool):
    # 3 features in 2^53 + 1 tokens is worse than 1 in a third of 2^53; here with numbers that int32 holds:
    # 715,827,883 / 2,147,483,647 > 1 / 3 by 1 part in 6 milliards; one row has 1 feature in 3 tokens.
    tokens = [2_147_483_646, 2_147_483_645, 2_147_483_647]
    pool = build_pool([{1, 2, 3}, {4, 5, 6}, {7, 8, 9}], tokens=tokens)
    assert rank(pool, SaeGreedyOptions(per_token=True)).sample_ids.tolist() == [1, 0, 2]


def test_equal_gain_per_token_is_a_tie_and_goes_to_the_lowest_id(build_pool):
    # 1/3 and 2/6 and 3/9 are the same: in id order, whatever a float makes of them.
    pool = build_pool([{1, 2, 3}, {4}, {5, 6}], tokens=[9, 3, 6])
    assert rank(pool, SaeGreedyOptions(per_token=True)).sample_ids.tolist() == [0, 1, 2]


def test_a_feature_wanted_twice_is_covered_by_the_second_row_that_has_it(build_pool):
    pool = build_pool([{1, 2}, {1, 2}, {1, 2}, {3}])
    found = rank(pool, SaeGreedyOptions(wanted=2))
    assert found.sample_ids.tolist() == [0, 1, 3, 2] and found.rounds.tolist() == [1, 1, 1, 2]
    assert found.gains.tolist() == [2, 0, 1, 2]  # new features of the round, as for every method


def test_support_counts_a_feature_only_where_rows_that_repeat_no_other_have_it(build_pool):
    known = Given(given_duplicate_of=np.array([-1, 0, -1, -1], np.int32))
    pool = build_pool([{1, 2, 3}, {1, 2, 3}, {4, 5}, {4, 5}], known=known)  # 1, 2 and 3 stand in one text only
    assert rank(pool, SaeGreedyOptions()).sample_ids.tolist() == [0, 2, 1, 3]
    assert rank(pool, SaeGreedyOptions(support=2)).sample_ids.tolist() == [2, 3, 0, 1]


def test_a_score_below_zero_or_without_values_cannot_multiply(build_pool):
    known = Given(scores={"bad": np.array([1.0, -1.0]), "none": np.array([np.nan, np.nan]), "zero": np.zeros(2)})
    pool = build_pool([{1}, {2}], known=known)
    with pytest.raises(GamutError, match="Column 'bad' goes down to -1; a score that multiplies gains must not be"):
        rank(pool, SaeGreedyOptions(weight="bad"))
    for column in ("none", "zero"):
        with pytest.raises(GamutError, match="holds no usable value above 0"):
            rank(pool, SaeGreedyOptions(weight=column))


def test_larger_pools_under_all_options_at_once_equal_the_brute_force(build_pool):
    rng = np.random.default_rng(3)
    rows = [set(rng.zipf(1.4, rng.integers(0, 25)).clip(1, 60).tolist()) for _ in range(150)]
    known = Given(
        scores={"quality": rng.integers(0, 3, 150).astype(float)}, given_duplicate_of=np.full(150, -1, np.int32)
    )
    pool = build_pool(rows, tokens=rng.integers(1, 9, 150), pins=[5], base=[7, 9], known=known)
    options = SaeGreedyOptions(per_token=True, wanted=2, rarity="idf", weight="quality", support=2)
    found = rank(pool, options)
    assert list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True)) == brute_force(rows, pool, options)
    assert found.rounds.max() > 5 and all(one <= other for one, other in pairwise(found.rounds.tolist()))
