"""Stability against the same done by hand, and what the other settings of a selection are."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.constraints import Constraints
from core.selection.known import NO_VALUE, Given, Grouping
from core.selection.quotas import CAP, FLOOR, Quota
from core.selection.specification import RankingSpec, pool_of, rank_by, select_by
from core.selection.stability import Variant, stability, under_variants, variants
from core.store.analyses import open_analysis
from core.store.datasets import Dataset

RICHEST = RankingSpec(analysis="x", method="richest")


def test_frequencies_equal_a_selection_by_hand_from_each_part(random_pool):
    for seed in range(25):
        rows, pool = random_pool(np.random.default_rng(seed))
        if len(pool.candidates) < 3:
            continue
        pins, free = pool.pins.tolist(), pool.candidates.tolist()
        budget = Budget(rows=len(pins) + len(free) // 2)
        said = stability(pool, RICHEST, budget, runs=7, share=0.8, seed=seed)
        stay = int(0.8 * len(free) + 0.5)
        rows_left = len(pins) + int((budget.rows - len(pins)) * stay / len(free) + 0.5)
        present, chosen = np.zeros(len(rows), int), np.zeros(len(rows), int)
        best = sorted(free, key=lambda i: (-len(rows[i]), i))
        whole, kept = pins + best[: budget.rows - len(pins)], []
        for run in range(7):
            random = np.random.Generator(np.random.PCG64([seed, run]))
            there = {*random.permutation(pool.candidates)[:stay].tolist(), *pins}
            again = pins + [i for i in best if i in there][: rows_left - len(pins)]
            present[list(there)] += 1
            chosen[again] += 1
            mine = [i for i in whole if i in there and i not in pins]
            kept.append(np.mean([i in again for i in mine]) if mine else 1.0)
        assert said.present.tolist() == present.tolist() and said.chosen.tolist() == chosen.tolist()
        assert said.kept == pytest.approx(kept)
        frequency = said.frequency
        assert all(np.isnan(frequency[i]) if not present[i] else frequency[i] == chosen[i] / present[i] for i in free)


def test_a_score_order_is_stable_and_a_random_one_is_so_too_as_its_order_does_not_hang_on_the_pool(build_pool):
    pool = build_pool([set(range(size)) for size in range(40)])
    said = stability(pool, RICHEST, Budget(percent=25), runs=10)
    assert said.kept.mean() > 0.85 and said.expected == pytest.approx(0.25)
    picks = rank_by(pool, RICHEST).sample_ids[:5]  # the richest are chosen whenever they are there
    assert np.array_equal(said.chosen[picks], said.present[picks])


def test_progress_is_told_and_odd_wishes_are_refused(build_pool):
    told = []
    pool = build_pool([{1}, {2}, {3}])
    stability(pool, RICHEST, Budget(rows=1), runs=3, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    for runs, share in ((0, 0.8), (3, 1.0), (3, 0.0)):
        with pytest.raises(GamutError, match="1 run or more"):
            stability(pool, RICHEST, Budget(rows=1), runs=runs, share=share)


def test_variants_are_the_other_settings_without_its_own():
    words = [word for word, _ in variants(RankingSpec(analysis="x", method="sae-greedy"))]
    assert "automatic quantile" not in words and "tokens of the conversation" not in words
    assert "tokens of the response" in words and not any("seed" in word for word in words)
    seeded = RankingSpec(analysis="x", method="random", options={"seed": 3}, activity=Activity(quantile=0.9))
    found = dict(variants(seeded))
    assert found["seed 0"].options == {} and found["seed 1"].options == {"seed": 1}
    assert "seed 3" not in found and "quantile 0.9 of each feature" not in found and "automatic quantile" in found


def test_each_variant_is_the_selection_under_its_own_setting(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    spec = RankingSpec(analysis=analysis.id, method="sae-greedy", pins=(5,))
    own = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=8)).sample_ids
    for found in under_variants(analysis, dataset, spec, Budget(rows=8)):
        assert isinstance(found, Variant)
        other = select_by(pool_of(analysis, dataset, found.spec), found.spec, Budget(rows=8))
        assert (found.rows, found.tokens) == (8, other.tokens)
        assert found.overlap.shared == len({*own.tolist()} & {*other.sample_ids.tolist()}) >= 1


def quota(kind: str, amount: int, value: str | None = None) -> Quota:
    return Quota(kind=kind, column="source", value=value, amount=amount)


def grouped(build_pool, sizes: dict[str, int], **more):
    codes = np.repeat(np.arange(len(sizes)), list(sizes.values())).astype(np.int32)
    known = Given(groupings={"source": Grouping(codes, tuple(sizes))})
    return codes, build_pool([set(range(1 + i % 60)) for i in range(len(codes))], known=known, **more)


def within(*quotas: Quota) -> RankingSpec:
    return RankingSpec(analysis="x", method="richest", constraints=Constraints(quotas=quotas))


def test_caps_and_floors_shrink_with_the_pool_so_that_what_can_be_chosen_once_can_be_chosen_again(build_pool):
    sizes = {"web": 20, "book": 10, NO_VALUE: 3, "rare": 1}
    _, pool = grouped(build_pool, sizes, pins=[2, 25])
    for spec, rows in (
        (within(quota(FLOOR, 10, "book"), quota(FLOOR, 1, "rare")), 15),  # all there are: fewer in most parts
        (within(quota(FLOOR, 1)), 5),
        (within(quota(CAP, 3)), 10),  # all that the caps leave
        (within(quota(CAP, 1, "web"), quota(FLOOR, 1, "web"), quota(CAP, 10)), 12),
    ):
        said = stability(pool, spec, Budget(rows=rows), runs=20)
        assert said.runs == 20 and 0 < said.kept.mean() <= 1
    parts = stability(pool, within(quota(CAP, 10, "web")), Budget(rows=12), runs=20, share=0.5)
    assert parts.chosen[:20].sum() <= 20 * 6  # 1 pin and half of the other 9, rounded up


def test_pins_count_in_neither_figure_as_they_are_chosen_whatever_the_part(build_pool):
    pool = build_pool([set(range(size)) for size in range(40)], pins=[0, 1, 2, 3])
    alone = stability(pool, RICHEST, Budget(rows=4), runs=5)
    assert alone.expected == 0
    said = stability(pool, RICHEST, Budget(rows=13), runs=20)
    assert said.expected == pytest.approx(0.25, abs=0.02)
    bare = stability(build_pool([set(range(size)) for size in range(36)]), RICHEST, Budget(rows=9), runs=20)
    assert said.kept == pytest.approx(bare.kept)  # the same 36 places are drawn, without the pins
