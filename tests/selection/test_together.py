"""Picks of several capabilities beside each other, beside plain sets; and shares between them."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.known import Given, Grouping
from core.selection.methods import bm25, difference_of_means, embedding_similarity, mona, nait, neuron_overlap
from core.selection.together import core_of, overlaps, picks_of, transfer


def made_pool(build_pool, rng, n=40, names="abc"):
    pool = build_pool([{i % 5} for i in range(n)], pins=[3], bans=[7])
    scores = {name: rng.integers(0, 9, n).astype(float) for name in names}
    return replace(pool, known=Given(alignments=scores)), scores


def test_overlap_core_and_transfer_are_those_of_plain_sets(build_pool):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        pool, scores = made_pool(build_pool, rng)
        picks = picks_of(pool, list("abc"), rows=11)
        free = [i for i in range(40) if i != 7]
        plain = [set(sorted(free, key=lambda i, s=scores[name]: (-s[i], i))[:11]) for name in "abc"]
        assert [set(ids.tolist()) for ids in picks.ids] == plain
        assert (picks.rows, picks.n, picks.chance) == (11, 39, 11 / 39)
        assert overlaps(picks).tolist() == [[len(a & b) for b in plain] for a in plain]
        core, often = core_of(picks), Counter(i for own in plain for i in own)
        assert core.rows.tolist() == [sum(times >= m for times in often.values()) for m in (1, 2, 3)]
        assert core.expected == pytest.approx([39 * (1 - (28 / 39) ** 3), 39 * (3 * (11 / 39) ** 2 - 2 * (11 / 39) ** 3),
                                               39 * (11 / 39) ** 3])  # fmt: skip
        assert core.ids(2).tolist() == sorted((i for i in often if often[i] >= 2), key=lambda i: (-often[i], i))
        groups = Grouping(rng.integers(0, 3, 40).astype(np.int32), ("x", "y", "z"))
        found = transfer(picks, groups, free=pool.free)
        for row, own in zip(found.counts, plain, strict=True):
            assert row.tolist() == [sum(groups.codes[i] == g for i in own) for g in range(3)]
        assert found.pool.tolist() == [sum(groups.codes[i] == g for i in free) for g in range(3)]
        assert found.shares.sum(axis=1) == pytest.approx(1) and found.pool_shares.sum() == pytest.approx(1)
        assert np.all((found.low <= found.pool * 11 / 39) & (found.pool * 11 / 39 <= found.high))


def test_picks_are_refused_where_they_mean_nothing_and_are_at_most_what_there_is(build_pool):
    pool, _ = made_pool(build_pool, np.random.default_rng(0))
    assert picks_of(pool, ["a", "b"], rows=500).ids.shape == (2, 39)
    with pytest.raises(GamutError, match="takes no capabilities"):
        picks_of(pool, ["a"], method="longest", rows=3)
    with pytest.raises(GamutError, match="named twice"):
        picks_of(pool, ["a", "a"], rows=3)


@pytest.mark.parametrize("method", [nait, difference_of_means, embedding_similarity, mona, neuron_overlap, bm25])
def test_shares_are_turns_by_sainte_lague_and_every_beginning_is_kept(build_pool, random_pool, method):
    for seed in range(15):
        rng = np.random.default_rng(seed)
        _, pool = random_pool(rng)
        scores = {name: rng.integers(0, 4, pool.n_samples).astype(float) for name in "abc"}
        pool = replace(pool, known=Given(alignments=scores))
        options = replace(method.METHOD.options(), capabilities="a,b,c", shares="3, 1.5,1")
        found = method.rank(pool, options).sample_ids.tolist()
        assert found == pool.pins.tolist() + plain_shares(pool, scores, [Fraction(3), Fraction(3, 2), Fraction(1)])
        half = len(found) // 2
        assert method.rank(pool, options, upto=half).sample_ids.tolist() == found[:half]
        even = method.rank(pool, replace(options, shares="2,2,2")).sample_ids.tolist()
        assert even == method.rank(pool, replace(options, shares="")).sample_ids.tolist()


def plain_shares(pool, scores, parts):
    left = {
        name: sorted(pool.candidates.tolist(), key=lambda i, s=values: (-s[i], i)) for name, values in scores.items()
    }
    turns, merged = dict.fromkeys("abc", 0), []
    while left["a"]:
        best = max("abc", key=lambda name: (parts["abc".index(name)] / (2 * turns[name] + 1), -"abc".index(name)))
        merged.append(left[best][0])
        turns[best] += 1
        left = {name: [i for i in own if i != merged[-1]] for name, own in left.items()}
    return merged


@pytest.mark.parametrize(
    "shares", ["1", "1,2,3", "1,0", "1,-1", "1,x", "1/0,1", "1e400,1", "1e-400,1", "1e999999999,1", "nan,1", "inf,1"]
)
def test_shares_that_do_not_fit_are_one_sentence(build_pool, shares):
    pool, _ = made_pool(build_pool, np.random.default_rng(0))
    with pytest.raises(GamutError, match="one number above 0 for each of the 2 capabilities"):
        nait.rank(pool, nait.NaitOptions(capabilities="a,b", shares=shares))
