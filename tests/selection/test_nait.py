"""nait: best score first, several capabilities in turn."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.known import Given
from core.selection.methods import nait


def rank(pool, scores, capabilities, upto=None):
    known = Given(alignments={name: np.array(values, float) for name, values in scores.items()})
    return nait.rank(replace(pool, known=known), nait.NaitOptions(capabilities=capabilities), upto=upto)


def test_the_best_score_comes_first_and_ties_go_to_the_lowest_id(build_pool):
    pool = build_pool([{0}, {1}, {2}, {3}, {4}], pins=[2], bans=[4])
    found = rank(pool, {"maths": [1, 3, 0, 3, 9]}, "maths")
    assert found.sample_ids.tolist() == [2, 1, 3, 0] and found.pinned == 1


def test_capabilities_take_turns_and_skip_what_is_taken(build_pool):
    pool = build_pool([{0}, {1}, {2}, {3}])
    scores = {"maths": [4, 3, 2, 1], "code": [4, 1, 2, 3], "idle": [0, 0, 0, 0]}
    assert rank(pool, scores, "maths, code").sample_ids.tolist() == [0, 3, 1, 2]
    assert rank(pool, scores, "maths,code,maths,idle").sample_ids.tolist() == [0, 3, 1, 2]
    assert rank(pool, scores, "idle").sample_ids.tolist() == [0, 1, 2, 3]


def test_merging_is_that_of_a_plain_loop_and_every_beginning_is_kept(build_pool, random_pool):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, pool = random_pool(rng)
        scores = {name: rng.integers(0, 4, pool.n_samples) for name in "abc"}
        left = {
            name: sorted(pool.candidates.tolist(), key=lambda i, s=values: (-s[i], i))
            for name, values in scores.items()
        }
        expected = pool.pins.tolist()
        while any(left.values()):
            for name in "abc":
                left[name] = [i for i in left[name] if i not in expected]
                expected += left[name][:1]
        assert rank(pool, scores, "a,b,c").sample_ids.tolist() == expected
        half = len(expected) // 2
        assert rank(pool, scores, "a,b,c", upto=half).sample_ids.tolist() == expected[:half]


def test_without_a_capability_it_says_what_to_do(build_pool):
    with pytest.raises(GamutError, match="learn one with `capability learn`"):
        rank(build_pool([{0}]), {}, "")
    with pytest.raises(GamutError, match="does not know a capability 'no'"):
        rank(build_pool([{0}]), {}, "no")
