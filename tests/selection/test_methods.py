from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.selection.method import Method, option, parse_options
from core.selection.methods import longest, random_order, richest
from core.selection.methods.registry import METHODS, find
from core.selection.ranking import covered_by, newly_covered

SEED = "Option “seed” of method “random” is “{}”; it must be a whole number, at least 0."


def order(method, pool, **options):
    return method.rank(pool, method.METHOD.options(**options)).sample_ids.tolist()


def test_longest_orders_by_response_tokens_and_breaks_ties_by_id(build_pool):
    assert order(longest, build_pool([set()] * 5, response=[3, 9, 3, 0, 9], pins=[3])) == [3, 1, 4, 0, 2]


def test_richest_orders_by_active_features_and_breaks_ties_by_id(build_pool):
    assert order(richest, build_pool([{1}, {1, 2}, set(), {3, 4}, {5}], bans=[0])) == [1, 3, 4, 2]


def test_methods_without_rounds_count_gains_along_the_final_order(build_pool):
    ranking = richest.rank(build_pool([{1, 2}, {1, 2, 3}, {9}, set()], pins=[2]), richest.RichestOptions())
    assert ranking.sample_ids.tolist() == [2, 1, 0, 3]
    assert ranking.gains.tolist() == [1, 3, 0, 0]
    assert ranking.rounds.tolist() == [1, 1, 1, 1] and ranking.pinned == 1


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 60),
    seed=st.integers(0, 2**32),
    banned=st.sets(st.integers(0, 59)),
    pinned=st.sets(st.integers(0, 59), max_size=4),
)
def test_bans_and_pins_do_not_reshuffle_the_rest_of_a_random_order(build_pool, n, seed, banned, pinned):
    pinned = [i for i in pinned if i < n]
    banned = [i for i in banned if i < n and i not in pinned]
    everyone = order(random_order, build_pool([set()] * n), seed=seed)
    kept = order(random_order, build_pool([set()] * n, bans=banned, pins=pinned), seed=seed)
    assert kept == pinned + [i for i in everyone if i not in banned and i not in pinned]
    assert sorted(everyone) == list(range(n))


def test_a_random_order_is_pinned_to_its_seed(build_pool):
    # NumPy promises this stream for PCG64; if a version breaks it, published selections no longer reproduce.
    expected = np.random.Generator(np.random.PCG64(3)).permutation(8).tolist()
    assert order(random_order, build_pool([set()] * 8), seed=3) == expected
    assert order(random_order, build_pool([set()] * 8), seed=3) != order(random_order, build_pool([set()] * 8), seed=4)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_ranks_everyone_once_pins_first_and_prefixes_agree(name, random_pool, options_for):
    for seed in range(20):
        _, pool = random_pool(np.random.default_rng(seed))
        method = find(name)
        full = method.rank(pool, options_for(method))
        assert sorted(full.sample_ids) == sorted([*pool.pins, *pool.candidates])
        assert full.sample_ids[: full.pinned].tolist() == pool.pins.tolist()
        for array in (full.sample_ids, full.gains, full.rounds):
            assert array.dtype == np.int32
        short = method.rank(pool, options_for(method), upto=5)
        assert short.sample_ids.tolist() == full.sample_ids[:5].tolist() == full.head(5).sample_ids.tolist()
        assert short.gains.tolist() == full.gains[:5].tolist()


def test_the_registry_knows_each_method_by_its_own_name():
    assert list(METHODS) == [
        "sae-greedy", "sae-simscale", "longest", "random", "feature-coverage", "k-center", "repr-filter", "richest",
        "nait", "difference-of-means", "embedding-similarity", "mona", "neuron-overlap", "bm25", "score",
        "mixture",
    ]  # fmt: skip

    for name, method in METHODS.items():
        assert method.name == name and method.title and method.summary.endswith(".") and method.prefix
        assert method.options() == parse_options(method, {})
        assert all(note.startswith(("[paper] ", "[choice] ")) for note in method.notes)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(GamutError, match="no selection method “greedy”; the methods are: sae-greedy, sae-simscale"):
        find("greedy")


def test_options_are_read_from_text():
    assert parse_options(find("random"), {"seed": " 7 "}) == random_order.RandomOptions(seed=7)
    assert parse_options(find("random"), {"seed": 7}) == random_order.RandomOptions(seed=7)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("random", {"sed": "1"}, "Method “random” has no option “sed”; its options are: seed."),
        ("longest", {"seed": "1"}, "Method “longest” has no option “seed”; it has no options."),
        ("random", {"seed": "x"}, SEED.format("x")),
        ("random", {"seed": "-1"}, SEED.format("-1")),
        ("random", {"seed": "1.5"}, SEED.format("1.5")),
    ],
)
def test_bad_options_are_refused_in_a_sentence(name, options, sentence):
    with pytest.raises(GamutError) as refused:
        parse_options(find(name), options)
    assert str(refused.value) == sentence


def test_every_kind_of_option_is_read_and_refused():
    from dataclasses import dataclass

    @dataclass(frozen=True, kw_only=True)
    class Options:
        tau: float = option(0.8, "similarity", label="Threshold", low=0, high=1)
        sim: str = option("pool", "which", label="Similarity", choices=("pool", "jaccard"))
        strict: bool = option(False, "stop", label="Strict")
        note: str = option("", "free", label="Note")

    method = Method(name="m", title="M", summary="s.", source="", options=Options, rank=longest.rank)
    given = {"tau": "0.5", "sim": "jaccard", "strict": "True", "note": "x"}
    assert parse_options(method, given) == Options(tau=0.5, sim="jaccard", strict=True, note="x")
    assert (
        parse_options(method, {"strict": "1"}).strict and not parse_options(method, {"strict": "0"}).strict
    )  # as links say
    for bad, allowed in [
        ({"tau": "nan"}, "a number, at least 0, at most 1"),
        ({"tau": "1.1"}, "a number, at least 0, at most 1"),
        ({"sim": "cosine"}, "one of pool, jaccard"),
        ({"strict": "maybe"}, "true or false"),
    ]:
        with pytest.raises(GamutError, match=f"it must be {allowed}."):
            parse_options(method, bad)


def test_a_sample_both_pinned_and_banned_is_named(build_pool):
    with pytest.raises(GamutError, match="Sample 1 is both pinned and banned"):
        build_pool([set()] * 3, pins=[2, 1], bans=[0, 1])


def test_pins_and_bans_outside_the_pool_or_twice_are_named(build_pool):
    with pytest.raises(GamutError, match="The pins name sample 3, which does not exist; ids run from 0 to 2"):
        build_pool([set()] * 3, pins=[3])
    with pytest.raises(GamutError, match="The bans name sample -1, .* the pool is empty"):
        build_pool([], bans=[-1])
    with pytest.raises(GamutError, match="Sample 2 is pinned more than once"):
        build_pool([set()] * 3, pins=[2, 2])
    with pytest.raises(GamutError, match="sample 10, 11, 12, 13, 14 and 2 more"):
        build_pool([set()] * 3, bans=range(10, 17))


def test_arrays_of_another_length_are_a_defect(build_pool):
    with pytest.raises(ValueError, match="conversation_tokens has 2 rows, the feature sets have 3"):
        build_pool([set()] * 3, tokens=[1, 2])


def test_questions_that_make_no_sense_are_refused(build_pool):
    small = build_pool([{1}, {1, 2}])
    ranking = richest.rank(small, richest.RichestOptions())
    with pytest.raises(GamutError, match="Place 2 was asked for; this ranking has places 0 to 1"):
        newly_covered(small.features, ranking, 2)
    with pytest.raises(GamutError, match="Sample 1 is in the selection, at place 0"):
        covered_by(small.features, ranking, upto=1, sample_id=1)
    assert covered_by(small.features, ranking, upto=1, sample_id=0) == [(1, 1)]


def test_every_option_has_a_label_of_plain_words_and_words_for_each_choice():
    found = [(name, field) for name, method in METHODS.items() for field in dataclasses.fields(method.options)]
    assert len(found) > 20
    for name, field in found:
        said = field.metadata
        assert said["label"][0].isupper() and "_" not in said["label"] and said["help"], (name, field.name)
        assert len(said["words"]) == len(set(said["words"])) == len(said["choices"]), (name, field.name)
        assert not any("_" in word for word in said["words"]), (name, field.name)
