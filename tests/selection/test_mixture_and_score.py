"""Imported scores in order, missing values last; mixtures by turns, against the definition in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.selection.known import Given
from core.selection.method import parse_options
from core.selection.methods.imported_score import ScoreOptions
from core.selection.methods.mixture import MixtureOptions, parts_of
from core.selection.methods.registry import find
from core.selection.shares import by_turns


def ranked(pool, name, **options):
    method = find(name)
    return method.rank(pool, parse_options(method, options)).sample_ids.tolist()


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), order=st.sampled_from(["descending", "ascending"]))
def test_scores_rank_by_value_then_id_with_missing_ones_last(random_pool, seed, order):
    _, pool = random_pool(np.random.default_rng(seed))
    values = pool.known.score("quality")
    sign = -1 if order == "descending" else 1
    expected = sorted(pool.candidates.tolist(), key=lambda i: (np.isnan(values[i]), sign * np.nan_to_num(values[i]), i))
    assert ranked(pool, "score", column="quality", order=order) == pool.pins.tolist() + expected


def test_a_score_without_a_column_or_with_one_that_is_not_there_is_refused(build_pool):
    with pytest.raises(GamutError, match="ranks by a column of numbers; name it with the option “column”"):
        find("score").rank(build_pool([{1}]), ScoreOptions())
    with pytest.raises(GamutError, match="does not know a score 'taste'"):
        find("score").rank(build_pool([{1}], known=Given()), ScoreOptions(column="taste"))


def turns_by_definition(orders: list[list[int]], shares: list[Fraction]) -> list[int]:
    merged: list[int] = []
    turns = [0] * len(orders)
    while True:
        open_ = [k for k, order in enumerate(orders) if shares[k] > 0 and set(order) - set(merged)]
        if not open_:
            return merged
        quotient = {k: shares[k] / (2 * turns[k] + 1) for k in open_}
        best = next(k for k in open_ if quotient[k] == max(quotient.values()))
        merged.append(next(i for i in orders[best] if i not in merged))
        turns[best] += 1


@given(
    n=st.integers(1, 25),
    seed=st.integers(0, 10_000),
    shares=st.lists(st.sampled_from([0, 1, 2, 3, 7]), min_size=1, max_size=4).filter(any),
    upto=st.integers(0, 30),
)
def test_turns_equal_their_definition_and_a_longer_result_begins_with_the_shorter(n, seed, shares, upto):
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n).tolist() for _ in shares]
    parts = [Fraction(share, 10) for share in shares]
    expected = turns_by_definition(orders, parts)
    assert by_turns(orders, parts, upto=n + 5) == expected and sorted(expected) == list(range(n))
    assert by_turns(orders, parts, upto=upto) == expected[:upto]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_a_mixture_gives_each_part_its_turns_and_its_options(random_pool, seed):
    _, pool = random_pool(np.random.default_rng(seed))
    said = "sae-greedy:0.6, score(column=quality; order=ascending):0.3,random(seed=4):.1"
    orders = [
        ranked(pool, "sae-greedy"),
        ranked(pool, "score", column="quality", order="ascending"),
        ranked(pool, "random", seed=4),
    ]
    unpinned = [order[len(pool.pins) :] for order in orders]
    expected = turns_by_definition(unpinned, [Fraction(6, 10), Fraction(3, 10), Fraction(1, 10)])
    assert ranked(pool, "mixture", parts=said) == pool.pins.tolist() + expected


def test_a_mixture_of_one_part_is_that_part(random_pool):
    for seed in range(10):
        _, pool = random_pool(np.random.default_rng(seed))
        assert ranked(pool, "mixture", parts="longest:1") == ranked(pool, "longest")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("", "'' is no part of a mixture; write method:share"),
        ("longest", "'longest' is no part of a mixture"),
        ("longest:0.5,", "'' is no part of a mixture"),
        ("greedy:1", "There is no selection method “greedy”"),
        ("mixture:1", "A mixture cannot be a part of a mixture"),
        ("longest:0", "Every share of the mixture is 0"),
        ("longest:1.2.3", "'1.2.3' is no share"),
        ("random(seed):1", "The option 'seed' in a mixture has no value"),
        ("random(sed=1):1", "Method “random” has no option “sed”"),
        ("longest:0.5;random:0.5", "is no part of a mixture"),
    ],
)
def test_an_odd_mixture_is_refused_in_a_sentence(said, sentence):
    with pytest.raises(GamutError, match=sentence.replace("(", r"\(")):
        parts_of(said)


def test_the_default_mixture_can_be_read():
    assert [part.method.name for part in parts_of(MixtureOptions().parts)] == ["sae-greedy", "longest"]
