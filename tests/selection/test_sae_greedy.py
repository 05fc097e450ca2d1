from __future__ import annotations

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank
from core.selection.ranking import covered_by, covered_by_base, newly_covered


def picks(ranking):
    return list(zip(ranking.sample_ids.tolist(), ranking.gains.tolist(), ranking.rounds.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(400))
def test_every_pick_gain_and_round_equals_the_pseudo_code(seed, random_pool, naive_greedy):
    rows, pool = random_pool(np.random.default_rng(seed))
    assert picks(rank(pool, SaeGreedyOptions())) == naive_greedy(rows, pool)


def test_larger_pools_with_many_rounds_equal_the_pseudo_code(build_pool, naive_greedy):
    rng = np.random.default_rng(7)
    rows = [set(rng.zipf(1.5, rng.integers(0, 30)).clip(1, 60).tolist()) for _ in range(300)]
    small = build_pool(rows, pins=[250, 3], bans=[0, 1])
    ranking = rank(small, SaeGreedyOptions())
    assert ranking.rounds.max() > 10
    assert picks(ranking) == naive_greedy(rows, small)


@pytest.mark.parametrize("seed", range(60))
def test_stopping_early_gives_a_prefix(seed, random_pool):
    rng = np.random.default_rng(seed)
    _, pool = random_pool(rng)
    full = rank(pool, SaeGreedyOptions())
    for upto in range(pool.available + 3):
        short = rank(pool, SaeGreedyOptions(), upto=upto)
        assert picks(short) == picks(full)[:upto]
        assert short.pinned == min(len(pool.pins), upto)


def test_a_tie_goes_to_the_lowest_id_even_when_it_was_richer_before(build_pool):
    # Row 3 is taken first (gain 4). Then rows 0 (dropped from level 3 to 2) and 1, 2 (always 2) tie at 2.
    small = build_pool([{0, 4, 5}, {6, 7}, {8, 9}, {0, 1, 2, 3}])
    assert picks(rank(small, SaeGreedyOptions())) == [(3, 4, 1), (0, 2, 1), (1, 2, 1), (2, 2, 1)]


def test_duplicates_of_one_row_take_a_round_each(build_pool):
    small = build_pool([{1, 2}] * 3)
    assert picks(rank(small, SaeGreedyOptions())) == [(0, 2, 1), (1, 2, 2), (2, 2, 3)]


def test_pins_seed_the_covered_set_and_empty_rows_end_the_last_round(build_pool):
    # Pin 2 covers {0, 1}: row 1 adds only {2}; row 0 adds nothing and waits for round 2; 3 and 4 are empty.
    small = build_pool([{0}, {0, 1, 2}, {0, 1}, set(), set()], pins=[2])
    assert picks(rank(small, SaeGreedyOptions())) == [(2, 2, 1), (1, 1, 1), (0, 1, 2), (3, 0, 2), (4, 0, 2)]


def test_pins_that_cover_everything_leave_round_1_to_themselves(build_pool):
    small = build_pool([{0}, {1}, {0, 1}], pins=[2])
    assert picks(rank(small, SaeGreedyOptions())) == [(2, 2, 1), (0, 1, 2), (1, 1, 2)]


def test_what_the_base_covers_is_covered_before_the_first_pick_and_wanted_again_in_round_2(build_pool):
    # Base row 0 covers {0, 1}: row 1 adds only {2}, row 2 nothing until round 2. The base itself is never chosen.
    small = build_pool([{0, 1}, {0, 1, 2}, {0, 1}], base=[0])
    assert picks(rank(small, SaeGreedyOptions())) == [(1, 1, 1), (2, 2, 2)]
    assert small.available == 2
    assert newly_covered(small.features, rank(small, SaeGreedyOptions()), 0).tolist() == [2]
    assert covered_by_base(small.features, rank(small, SaeGreedyOptions()), 1) == 2


def test_a_pin_that_the_base_holds_is_refused_by_name(build_pool):
    with pytest.raises(GamutError, match="Sample 1 is pinned, but the base holds it"):
        build_pool([{0}, {1}], pins=[1], base=[1])


def test_pools_without_anything_to_rank(build_pool):
    assert picks(rank(build_pool([]), SaeGreedyOptions())) == []
    assert picks(rank(build_pool([set(), set()]), SaeGreedyOptions())) == [(0, 0, 1), (1, 0, 1)]
    assert picks(rank(build_pool([{1}], eligible=[False]), SaeGreedyOptions())) == []
    assert picks(rank(build_pool([{1}], eligible=[False], pins=[0]), SaeGreedyOptions())) == [(0, 1, 1)]


@pytest.mark.parametrize("seed", range(60))
def test_newly_covered_is_what_the_pick_added_to_its_round(seed, random_pool):
    rows, pool = random_pool(np.random.default_rng(seed))
    ranking = rank(pool, SaeGreedyOptions())
    covered, number = set().union(*(rows[i] for i in pool.base)), 1
    for position, (i, gain, round_) in enumerate(picks(ranking)):
        if round_ != number:
            covered, number = set(), round_
        new = newly_covered(pool.features, ranking, position).tolist()
        assert new == sorted(rows[i] - covered) and len(new) == gain
        covered |= rows[i]


@pytest.mark.parametrize("seed", range(60))
def test_covered_by_credits_each_feature_to_the_first_chosen_sample_that_has_it(seed, random_pool):
    rng = np.random.default_rng(seed)
    rows, pool = random_pool(rng)
    ranking = rank(pool, SaeGreedyOptions())
    upto = int(rng.integers(0, len(ranking) + 1))
    chosen = ranking.sample_ids[:upto].tolist()
    known = set().union(*(rows[i] for i in pool.base))
    for left_out in set(range(len(rows))) - set(chosen):
        wanted = rows[left_out] - known
        first = [next(i for i in chosen if j in rows[i]) for j in wanted if any(j in rows[i] for i in chosen)]
        expected = [(i, first.count(i)) for i in chosen if i in first]
        assert covered_by(pool.features, ranking, upto=upto, sample_id=left_out) == expected
        assert covered_by_base(pool.features, ranking, left_out) == len(rows[left_out] & known)
