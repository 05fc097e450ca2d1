"""Coverers against the same in Python sets."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.coverers import Covered, Shared, coverers, nearest_pick, stands_for
from core.selection.left_out import ORDERS, left_out
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank


def by_hand(rows: list[set[int]], base: list[int], chosen: list[int], sample_id: int, named: int) -> Covered:
    """The greedy cover of a row straight from its definition."""
    known = set().union(*(rows[i] for i in base))
    wanted = (rows[sample_id] - known) & set().union(*(rows[i] for i in chosen))
    lacking = len(rows[sample_id] - known) - len(wanted)
    by = []
    while wanted and len(by) < named:
        best = max(range(len(chosen)), key=lambda k: (len(rows[chosen[k]] & wanted), -k))
        by.append((chosen[best], len(rows[chosen[best]] & wanted)))
        wanted -= rows[chosen[best]]
    return Covered(
        sample_id, len(rows[sample_id]), tuple(by), len(wanted), len(rows[sample_id] & known), lacking
    )  # fmt: skip


@pytest.mark.parametrize("named", [1, 2, 8])
def test_coverers_equal_a_greedy_cover_in_python_sets(random_pool, named):
    for seed in range(60):
        rows, pool = random_pool(np.random.default_rng(seed))
        full = rank(pool, SaeGreedyOptions())
        chosen = full.head(len(full) // 3)
        left = full.sample_ids[len(chosen) :].tolist()
        expected = [by_hand(rows, pool.base.tolist(), chosen.sample_ids.tolist(), i, named) for i in left]
        found = coverers(pool.features, chosen, left, named=named)
        assert found == expected
        for covered in found:
            parts = sum(count for _, count in covered.by) + covered.further + covered.by_base + covered.lacking
            assert parts == covered.features


def test_a_copy_is_covered_by_the_one_pick_that_it_copies_not_by_whoever_came_first(build_pool):
    # 0 comes first and shares two features with the copy 2; 1 has all four.
    pool = build_pool([{1, 2, 5, 6, 7, 8}, {1, 2, 3, 4}, {1, 2, 3, 4}])
    chosen = rank(pool, SaeGreedyOptions()).head(2)
    assert chosen.sample_ids.tolist() == [0, 1]
    (covered,) = coverers(pool.features, chosen, [2])
    assert covered.by == ((1, 4),) and not covered.lacking


def test_a_pick_stands_for_the_left_out_rows_that_it_has_most_of(random_pool):
    for seed in range(40):
        rows, pool = random_pool(np.random.default_rng(seed))
        n = len(rows)
        pick, among = seed % n, [i for i in range(n) if i != seed % n]
        shared = {i: len(rows[i] & rows[pick]) for i in among}
        near = [i for i in among if rows[i] and shared[i] / len(rows[i]) > 0.5]
        expected = sorted(near, key=lambda i: (-shared[i], -shared[i] / len(rows[i]), i))
        found = stands_for(pool.features, pick, np.array(among, int))
        assert found == [Shared(i, shared[i], len(rows[i])) for i in expected]


def jaccard(a: set[int], b: set[int]) -> float:
    return len(a & b) / len(a | b) if a & b else 0.0


def test_the_nearest_pick_is_the_one_most_alike(random_pool):
    for seed in range(60):
        rows, pool = random_pool(np.random.default_rng(seed))
        chosen = rank(pool, SaeGreedyOptions()).head(1 + len(rows) // 4)
        picks, alike = nearest_pick(pool.features, chosen, np.arange(len(rows)))
        order = chosen.sample_ids.tolist()
        for i in range(len(rows)):
            most = max((jaccard(rows[i], rows[p]) for p in order), default=0.0)
            first = next((p for p in order if most and jaccard(rows[i], rows[p]) == most), -1)
            assert (picks[i], alike[i]) == (first, most)


def test_what_is_left_out_is_everything_that_could_be_chosen_in_the_order_asked_for(random_pool):
    for seed in range(60):
        rows, pool = random_pool(np.random.default_rng(seed))
        ranking = rank(pool, SaeGreedyOptions())
        chosen = ranking.head(max(len(ranking) // 2, ranking.pinned))
        expected = set(ranking.sample_ids[len(chosen) :].tolist())
        found = {order: left_out(pool, ranking, chosen, order=order).tolist() for order in ORDERS}
        for ids in found.values():
            assert len(ids) == len(expected) and set(ids) == expected
        assert found["next"] == ranking.sample_ids[len(chosen) :].tolist()
        assert found["richest"] == sorted(expected, key=lambda i: (-len(rows[i]), i))
        alike = dict(zip(range(len(rows)), nearest_pick(pool.features, chosen, np.arange(len(rows)))[1], strict=True))
        assert found["nearest"] == sorted(expected, key=lambda i: (-alike[i], i))
        short = left_out(pool, chosen, chosen, order="next").tolist()  # a ranking that goes no further
        assert short == sorted(expected)
    with pytest.raises(GamutError, match="no order 'best'"):
        left_out(pool, ranking, chosen, order="best")
