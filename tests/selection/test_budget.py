from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.trainer_rows import Counted
from core.selection.budget import Budget, about_rows, counted_words, needed, size
from core.selection.known import Given
from core.selection.methods.longest import LongestOptions
from core.selection.methods.registry import METHODS, find
from core.selection.ranking import largest_first
from core.selection.select import cut, select


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "names none; give exactly one of rows, percent, tokens and trained tokens"),
        ({"rows": 1, "tokens": 2}, "names rows 1, tokens 2; give exactly one"),
        ({"rows": 0}, "is 0 rows; give a whole number from 1"),
        ({"rows": 1.5}, "is 1.5 rows; give a whole number from 1"),
        ({"tokens": -5}, "is -5 tokens; give a whole number from 1"),
        ({"percent": 0}, "is 0 percent; give a number above 0 and up to 100"),
        ({"percent": 100.5}, "is 100.5 percent; give a number above 0"),
        ({"percent": float("nan")}, "is nan percent; give a number above 0"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(wrong, sentence):
    with pytest.raises(GamutError, match=sentence):
        Budget(**wrong)


@pytest.mark.parametrize(
    ("n", "percent", "rows"),
    [
        (52_002, 10, 5_200),  # 5200.2 + 0.5
        (10, 25, 3),  # 2.5 rounds up
        (10, 24.9, 2),
        (3_000, 1.15, 35),  # 34.5 exactly; floats say 34.499… and lose a row
        (3, 100, 3),
        (3, 0.1, 0),
    ],
)
def test_percent_is_rounded_half_up_as_typed(build_pool, n, percent, rows):
    assert needed(Budget(percent=percent), build_pool([set()] * n)) == rows


def test_percent_counts_what_bans_leave_and_pins_count(build_pool):
    pool = build_pool([set()] * 10, bans=[0, 1], eligible=[True] * 8 + [False] * 2, pins=[9])
    # Left: 2 … 7 and the pin 9, seven samples; half of them: floor(3.5 + 0.5) = 4.
    chosen = select(pool, method="longest", budget=Budget(percent=50))
    assert chosen.sample_ids.tolist() == [9, 2, 3, 4]


def test_more_rows_than_available_is_refused_with_the_number(build_pool):
    pool = build_pool([set()] * 10, bans=[0])
    with pytest.raises(GamutError, match="The budget is 10 rows, but 9 samples are available.*ask for 9 or fewer"):
        select(pool, method="longest", budget=Budget(rows=10))
    assert len(select(pool, method="longest", budget=Budget(rows=9)).sample_ids) == 9


def test_pins_beyond_the_budget_are_refused_in_its_unit(build_pool):
    pool = build_pool([set()] * 4, tokens=[5, 6, 1, 1], pins=[0, 1])
    with pytest.raises(GamutError, match="pinned samples alone take 2 rows, but the budget is 1"):
        select(pool, method="longest", budget=Budget(rows=1))
    with pytest.raises(
        GamutError, match="pinned samples alone take 11 tokens, but the budget is 10; raise .* 11 tokens"
    ):
        select(pool, method="longest", budget=Budget(tokens=10))
    assert select(pool, method="longest", budget=Budget(tokens=11)).sample_ids.tolist() == [0, 1]


def test_a_token_budget_stops_at_the_first_row_that_does_not_fit(build_pool):
    pool = build_pool([set()] * 4, response=[9, 8, 7, 6], tokens=[3, 10, 1, 1])
    # 3 fits; 3 + 10 > 5 ends the prefix although the rows behind it are short.
    chosen = select(pool, method="longest", budget=Budget(tokens=5))
    assert chosen.sample_ids.tolist() == [0] and chosen.tokens == 3


def test_a_token_budget_does_not_overflow_32_bits(build_pool):
    pool = build_pool([set()] * 3, tokens=[2**31 - 1] * 3)
    assert select(pool, method="longest", budget=Budget(tokens=2**40)).tokens == 3 * (2**31 - 1)


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), limit=st.integers(1, 300), skip=st.booleans(), by=st.sampled_from([None, "trl"]))
def test_a_budget_of_trained_tokens_takes_the_rows_whose_trained_tokens_fit(random_pool, seed, limit, skip, by):
    random = np.random.default_rng(seed)
    _, pool = random_pool(random)
    given_trained = random.integers(0, 30, pool.n_samples).astype(np.int32)
    pool = replace(pool, known=Given(trained={"trl": given_trained}))
    tokens = pool.response_tokens if by is None else given_trained
    counted = None if by is None else Counted(trainer=by)
    limit += int(tokens[pool.pins].sum())
    budget = Budget(trained_tokens=limit, counted=counted, skip_to_fit=skip)
    wanted, left = [], limit
    for sample in find("longest").rank(pool, LongestOptions()).sample_ids.tolist():
        if tokens[sample] <= left:
            left -= int(tokens[sample])
            wanted.append(sample)
        elif not skip:
            break
    chosen = select(pool, method="longest", budget=budget)
    assert chosen.sample_ids.tolist() == wanted
    assert chosen.tokens == pool.conversation_tokens[wanted].sum()  # still told of whole conversations


def test_a_budget_of_trained_tokens_says_how_it_counts_and_comes_back_from_a_file():
    by = Counted(trainer="llama-factory", template="llama-factory:qwen", cutoff=512, key="0123456789abcdef")
    budget = Budget(trained_tokens=900, counted=by, skip_to_fit=True)
    assert Budget(**json.loads(json.dumps(budget.as_dict()))) == budget and hash(budget)
    assert budget.unit == "trained_tokens" and budget.limit == 900 and budget.limited(5).trained_tokens == 5
    assert counted_words(budget.as_dict()) == (
        "as llama-factory leaves them at 512 tokens, by the tokenizer bundled and the template llama-factory:qwen"
    )
    assert "of the answers" in counted_words(Budget(trained_tokens=900).as_dict())
    for wrong, words in (
        (lambda: Budget(rows=3, counted=by), "goes with a budget of trained tokens"),
        (lambda: Counted(trainer="unsloth"), "There is no trainer 'unsloth'; there are trl"),
        (lambda: Counted(trainer="trl", template="axolotl:chatml"), "one of axolotl; it says nothing of what trl"),
        (lambda: Counted(trainer="trl", cutoff=0), "The cutoff is 0 tokens"),
    ):
        with pytest.raises(GamutError, match=words):
            wrong()


def test_a_pool_that_does_not_know_what_a_trainer_trains_on_says_so(build_pool):
    with pytest.raises(GamutError, match="does not know what trl trains on"):
        select(
            build_pool([set()] * 3), method="longest", budget=Budget(trained_tokens=9, counted=Counted(trainer="trl"))
        )


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    budget=st.integers(1, 300),
    more=st.integers(0, 200),
    name=st.sampled_from([*METHODS]),
)
def test_a_larger_budget_only_adds_and_never_overspends(random_pool, options_for, seed, budget, more, name):
    _, pool = random_pool(np.random.default_rng(seed))
    options = options_for(find(name))
    pinned = int(pool.conversation_tokens[pool.pins].sum())
    small = select(pool, method=name, options=options, budget=Budget(tokens=pinned + budget))
    large = select(pool, method=name, options=options, budget=Budget(tokens=pinned + budget + more))
    assert large.sample_ids[: len(small.sample_ids)].tolist() == small.sample_ids.tolist()
    assert small.tokens == pool.conversation_tokens[small.sample_ids].sum() <= pinned + budget
    full = find(name).rank(pool, options)
    assert size(full, Budget(tokens=pinned + budget), pool) == len(small.sample_ids)
    if len(small.sample_ids) < pool.available:
        following = full.sample_ids[len(small.sample_ids)]
        assert small.tokens + pool.conversation_tokens[following] > pinned + budget


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    percent=st.floats(0.1, 100),
    more=st.floats(0, 50),
    name=st.sampled_from([*METHODS]),
)
def test_a_larger_percentage_only_adds(random_pool, options_for, seed, percent, more, name):
    _, pool = random_pool(np.random.default_rng(seed))
    options = options_for(find(name))
    try:
        small = select(pool, method=name, options=options, budget=Budget(percent=percent))
    except GamutError as refused:
        assert "pinned samples alone" in str(refused)
        return
    large = select(pool, method=name, options=options, budget=Budget(percent=min(100, percent + more)))
    assert large.sample_ids[: len(small.sample_ids)].tolist() == small.sample_ids.tolist()


def test_a_ranking_too_short_for_the_budget_is_a_defect_not_a_smaller_selection(build_pool):
    pool = build_pool([set()] * 5)
    ranking = find("longest").rank(pool, LongestOptions(), upto=2)
    with pytest.raises(ValueError, match="the ranking has 2 rows, this budget needs 3"):
        cut(pool, ranking, method="longest", options=LongestOptions(), budget=Budget(rows=3))


def test_options_of_another_method_are_a_defect(build_pool):
    with pytest.raises(TypeError, match="random takes RandomOptions, not LongestOptions"):
        select(build_pool([set()]), method="random", options=LongestOptions(), budget=Budget(rows=1))


def test_about_how_many_rows_a_budget_buys(build_pool):
    pool = build_pool([{1}] * 10, tokens=[10] * 5 + [30] * 5, bans=[0])
    assert about_rows(Budget(rows=4), pool) == 4 and about_rows(Budget(percent=50), pool) == 5
    assert about_rows(Budget(tokens=100), pool) == 4  # 100 tokens at 190 / 9 each
    assert about_rows(Budget(tokens=10**6), pool) == 9


def test_a_sentence_names_what_passed_over_most_rows_and_counts_the_rest():
    left_out = tuple((f"at most 5 rows of domain = {k}", 100 - k) for k in range(8))
    assert largest_first(left_out) == (*left_out[:5], ("3 further limits", 95 + 94 + 93))
    assert largest_first(left_out[:6]) == left_out[:6]  # a single further one is named
