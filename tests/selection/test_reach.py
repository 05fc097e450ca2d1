"""A ranking that is made no farther than a budget needs gives the same selection as the whole one, at less work."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.selection.budget import Budget, needed
from core.selection.constrained import ranked_within
from core.selection.constraints import Constraints
from core.selection.methods.registry import METHODS, find
from core.selection.quotas import CAP, Quota
from core.selection.reach import FIRST_ROWS, is_whole, ranked_for, reach_for
from core.selection.select import cut


def test_a_pool_that_takes_no_time_is_ranked_whole_and_a_larger_one_in_steps_that_double(build_pool):
    pool = build_pool([set()] * 100, bans=[0])
    assert reach_for(pool, find("longest"), 1) == 99
    slow = replace(find("longest"), whole_upto=98)
    # A tenth of 99 is 10 rows; twice the budget has to be within reach.
    assert [reach_for(pool, slow, rows) for rows in (0, 1, 5, 6, 10, 11, 20, 21, 40, 41, 99)] == [
        10, 10, 10, 20, 20, 40, 40, 80, 80, 99, 99,
    ]  # fmt: skip


def test_the_first_step_into_a_very_large_pool_is_bounded_in_rows(build_pool):
    pool = build_pool([set()] * 400_000)
    assert reach_for(pool, find("sae-greedy"), 100) == FIRST_ROWS == 20_000
    assert reach_for(pool, find("sae-greedy"), 30_000) == 80_000
    assert reach_for(pool, find("sae-greedy"), 400_000) == 400_000


def test_k_center_and_feature_coverage_are_not_ranked_whole_at_50_000_rows(build_pool):
    pool = build_pool([set()] * 50_000)
    assert [name for name in METHODS if reach_for(pool, find(name), 10) < 50_000] == [
        "feature-coverage", "k-center", "mixture",
    ]  # fmt: skip


budgets = st.one_of(
    st.builds(lambda rows: Budget(rows=rows), st.integers(1, 30)),
    st.builds(lambda percent: Budget(percent=percent), st.integers(1, 100)),
    st.builds(lambda tokens, skip: Budget(tokens=tokens, skip_to_fit=skip), st.integers(1, 300), st.booleans()),
)


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 10_000), budget=budgets, name=st.sampled_from([*METHODS]), cap=st.booleans())
def test_the_selection_is_that_of_the_whole_ranking(random_pool, options_for, seed, budget, name, cap):
    _, pool = random_pool(np.random.default_rng(seed))
    method, options = replace(find(name), whole_upto=0), options_for(find(name))
    constraints = Constraints(quotas=(Quota(kind=CAP, column="kind", amount=6),) if cap else ())
    asked = []

    def rank(rows: int):
        asked.append(rows)
        return ranked_within(pool, constraints, lambda k: method.rank(pool, options, upto=k), upto=rows)

    try:
        whole = rank(pool.available)
        expected = cut(pool, whole, method=name, options=options, budget=budget)
    except GamutError as refused:
        with pytest.raises(GamutError) as again:
            cut(pool, ranked_for(pool, method, budget, rank), method=name, options=options, budget=budget)
        assert str(again.value) == str(refused)
        return
    asked.clear()
    partial = ranked_for(pool, method, budget, rank)
    found = cut(pool, partial, method=name, options=options, budget=budget)
    assert found.sample_ids.tolist() == expected.sample_ids.tolist()
    assert partial.sample_ids.tolist() == whole.sample_ids[: len(partial)].tolist()
    assert is_whole(partial, pool) or len(partial) >= min(pool.available, 2 * len(found.sample_ids)) or budget.tokens
    assert asked == sorted(set(asked))
    if budget.rows or budget.percent:
        assert len(asked) == 1 and asked[0] <= max(Fraction(pool.available, 10) + 1, 4 * needed(budget, pool))


def test_a_budget_in_tokens_goes_on_until_the_rows_exceed_it(build_pool):
    """The mean of 4 tokens promises 10 rows for 40, but the longest answers are short conversations here."""
    tokens = [1] * 50 + [7] * 50
    pool = build_pool([set()] * 100, response=[9] * 50 + [1] * 50, tokens=tokens)
    method, asked = replace(find("longest"), whole_upto=0), []

    def rank(rows: int):
        asked.append(rows)
        return method.rank(pool, method.options(), upto=rows)

    ranking = ranked_for(pool, method, Budget(tokens=40), rank)
    assert asked == [20, 40]
    assert cut(pool, ranking, method="longest", options=None, budget=Budget(tokens=40)).sample_ids.tolist() == [
        *range(40)
    ]
