"""Constraints hold for every method and equal their definition; what cannot be met is named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.selection.budget import Budget
from core.selection.constrained import ranked_within
from core.selection.constraints import Constraints
from core.selection.known import Given, Grouping
from core.selection.methods.registry import METHODS, find
from core.selection.quotas import CAP, FLOOR, SHARE, Quota, read_quota
from core.selection.ranking import newly_covered
from core.selection.select import cut
from core.selection.specification import RankingSpec
from core.store.sample_filter import Range, SampleFilter
from tests.selection.naive_constraints import Naive, too_alike

COLUMNS = {"source": ("web", "book"), "kind": ("qa", "chat")}
ALIKE = (None, None, 0, 0.25, 0.5, 0.7, 0.8, 1)


def cap(column: str, rows: int, value: str | None = None) -> Quota:
    return Quota(kind=CAP, column=column, value=value, amount=rows)


def floor(column: str, rows: int, value: str | None = None) -> Quota:
    return Quota(kind=FLOOR, column=column, value=value, amount=rows)


def share(column: str, value: str | None = None, amount: float | None = None) -> Quota:
    return Quota(kind=SHARE, column=column, value=value, amount=amount)


@st.composite
def constraints(draw) -> Constraints:
    """Any mixture of caps, floors, shares and a cap on near-duplicates."""
    quotas = []
    for column, values in COLUMNS.items():
        for value in (None, *values):
            if draw(st.integers(0, 3)) == 0:
                quotas.append(cap(column, draw(st.integers(0, 8)), value))
            if draw(st.integers(0, 4)) == 0:
                quotas.append(floor(column, draw(st.integers(1, 3)), value))
    kind = draw(st.integers(0, 3))
    if kind == 1:
        quotas.append(share("source"))
    if kind == 2:
        quotas += [share("kind", "qa", draw(st.sampled_from([0, 0.1, 0.3, 1 / 3, 0.5, 0.9, 1])))]
    return Constraints(quotas=tuple(quotas), near_duplicates=draw(st.sampled_from(ALIKE)))


def constrained(pool, method, options, wanted, upto=None):
    return ranked_within(pool, wanted, lambda k: method.rank(pool, options, upto=k), upto=upto)


# No deadline: the first example may have to compile.
@settings(deadline=None, max_examples=1000)
@given(seed=st.integers(0, 100_000), wanted=constraints(), name=st.sampled_from([*METHODS]), upto=st.integers(0, 30))
def test_constraints_hold_and_equal_their_definition_for_every_method(
    random_pool, options_for, seed, wanted, name, upto
):
    rows, pool = random_pool(np.random.default_rng(seed))
    method, options = find(name), options_for(find(name))
    naive = Naive(rows, pool, wanted)
    full = method.rank(pool, options)
    expected = naive.walk(full.sample_ids[full.pinned :].tolist())
    try:
        found = constrained(pool, method, options, wanted)
    except GamutError as refused:
        assert str(refused).endswith(".") and infeasible(naive), refused
        return
    assert not infeasible(naive)
    assert found.sample_ids.tolist() == expected and found.complete
    check_it_holds(rows, pool, wanted, found)
    short = constrained(pool, method, options, wanted, upto=upto)
    assert short.sample_ids.tolist() == expected[:upto]
    assert short.gains.tolist() == found.gains[:upto].tolist()
    assert len(expected) + sum(passed for _, passed in found.left_out) == pool.available


def infeasible(naive: Naive) -> bool:
    """Whether, after the walk, some pins are over a cap or some floor is not filled."""
    for column in COLUMNS:
        grouping = naive.pool.known.groups(column)
        for name in grouping.names:
            pinned = sum(naive.group(column, pin) == name for pin in naive.pool.pins.tolist())
            most, least = naive.limit(CAP, column, name), naive.limit(FLOOR, column, name)
            if (most is not None and pinned > most) or (least is not None and naive.held(column, name) < least):
                return True
    given = {quota.value: quota.amount for quota in naive.constraints.of_kind(SHARE) if quota.value}
    return bool(given) and not any(naive.weights("kind").values())


def check_it_holds(rows, pool, wanted, found) -> None:
    """Straight: no cap is broken, every floor is filled by the first rows, no two rows behind the pins are too alike."""
    ids = found.sample_ids.tolist()
    assert len(set(ids)) == len(ids) and ids[: len(pool.pins)] == pool.pins.tolist()
    assert set(ids) <= {*pool.pins.tolist(), *pool.candidates.tolist()}
    first = ids[: found.pinned + found.floor]
    for quota in wanted.quotas:
        grouping = pool.known.groups(quota.column)
        if quota.kind == SHARE or quota.value is None:
            continue  # "each" is held to its definition above, where a value of its own may loosen it
        code = grouping.names.index(quota.value)
        if quota.kind == CAP:
            assert np.count_nonzero(grouping.codes[ids] == code) <= quota.amount
        else:
            assert np.count_nonzero(grouping.codes[first] == code) >= quota.amount
    if wanted.near_duplicates is not None:
        for at, row in enumerate(ids[found.pinned :], start=found.pinned):
            others = [*ids[:at], *pool.base.tolist()]
            assert not any(too_alike(rows[row], rows[other], wanted.near_duplicates) for other in others)


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 100_000), wanted=constraints(), budget=st.integers(1, 200), skip=st.booleans())
def test_budgets_cut_what_constraints_leave_and_skipping_fills_what_stopping_leaves(
    random_pool, seed, wanted, budget, skip
):
    _, pool = random_pool(np.random.default_rng(seed))
    method = find("sae-greedy")
    try:
        full = constrained(pool, method, method.options(), wanted)
        taken = cut(pool, full, method="sae-greedy", options=None, budget=Budget(tokens=budget, skip_to_fit=skip))
    except GamutError as refused:
        assert str(refused).endswith(".")
        return
    ids, tokens = full.sample_ids.tolist(), pool.conversation_tokens
    left, expected, skipped = budget, [], 0
    for row in ids:
        if tokens[row] <= left:
            expected.append(row)
            left -= tokens[row]
        elif not skip:
            break
    skipped = ids.index(expected[-1]) + 1 - len(expected) if expected else 0
    assert taken.sample_ids.tolist() == expected and taken.skipped == skipped
    assert taken.tokens == sum(int(tokens[row]) for row in expected) <= budget
    for place in range(len(expected)):
        assert taken.ranking.gains[place] == len(newly_covered(pool.features, taken.ranking, place))


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 100_000))
def test_constraints_that_bind_nobody_leave_the_ranking_of_every_method_as_it_is(random_pool, options_for, seed):
    _, pool = random_pool(np.random.default_rng(seed))
    for method in METHODS.values():
        plain = method.rank(pool, options_for(method))
        same = constrained(
            pool, method, options_for(method), Constraints(quotas=(cap("source", 1000),), near_duplicates=1)
        )
        assert same.sample_ids.tolist() == plain.sample_ids.tolist() and same.left_out == ()
        assert same.rounds.tolist() == plain.rounds.tolist()
        assert same.gains.tolist() == plain.gains.tolist()


def made_pool(build_pool, codes, **more):
    known = Given(groupings={"source": Grouping(np.array(codes, np.int32), ("web", "book"))})
    return build_pool([{i} for i in range(len(codes))], known=known, response=range(len(codes), 0, -1), **more)


@pytest.mark.parametrize(
    ("wanted", "pins", "sentence"),
    [
        (cap("source", 1, "web"), (0, 1), "2 pinned samples have source = web, but at most 1 may be chosen; raise the cap to 2"),
        (floor("source", 3, "book"), (), "At least 3 rows of source = book are wanted, but 2 can be chosen"),
        (cap("source", 1, "wiki"), (), "No sample has source = 'wiki'; there are: 'web', 'book'."),
        (cap("topic", 1), (), "This pool does not know a column 'topic'"),
    ],
)  # fmt: skip
def test_a_quota_that_cannot_be_met_is_named(build_pool, wanted, pins, sentence):
    pool = made_pool(build_pool, [0, 0, 0, 0, 1, 1], pins=pins)
    with pytest.raises(GamutError, match=sentence):
        constrained(pool, find("longest"), find("longest").options(), Constraints(quotas=(wanted,)))


def test_a_floor_above_a_cap_is_named(build_pool):
    wanted = Constraints(quotas=(cap("source", 1, "book"), floor("source", 2, "book")))
    with pytest.raises(GamutError, match="At least 2 and at most 1 rows of source = book are wanted"):
        constrained(made_pool(build_pool, [0, 1, 1]), find("longest"), find("longest").options(), wanted)


def test_a_floor_that_near_duplicates_keep_from_being_filled_is_named(build_pool):
    known = Given(groupings={"source": Grouping(np.array([0, 0, 1], np.int32), ("web", "book"))})
    pool = build_pool([{1, 2}, {1, 2}, {3}], known=known)
    wanted = Constraints(quotas=(floor("source", 2, "web"),), near_duplicates=0.8)
    with pytest.raises(GamutError, match="only 1 fit the other constraints"):
        constrained(pool, find("longest"), find("longest").options(), wanted)


def test_a_budget_beyond_what_constraints_leave_names_them_and_what_would_do(build_pool):
    pool = made_pool(build_pool, [0, 0, 0, 0, 1, 1])
    ranking = constrained(
        pool, find("longest"), find("longest").options(), Constraints(quotas=(cap("source", 1, "web"),))
    )
    with pytest.raises(GamutError) as refused:
        cut(pool, ranking, method="longest", options=None, budget=Budget(rows=5))
    assert str(refused.value) == (
        "The budget asks for 5 rows, but the constraints leave 3 (at most 1 row of source = web: 3 passed over); ask for 3 "
        "or fewer, or loosen a constraint."
    )


def test_a_budget_that_floors_alone_exceed_is_named(build_pool):
    pool = made_pool(build_pool, [0, 0, 0, 0, 1, 1], tokens=[5] * 6, pins=[0])
    ranking = constrained(
        pool, find("longest"), find("longest").options(), Constraints(quotas=(floor("source", 2, "book"),))
    )
    assert ranking.sample_ids.tolist() == [0, 4, 5, 1, 2, 3] and ranking.floor == 2
    for budget, words in (
        (Budget(rows=2), "3 rows"),
        (Budget(tokens=12), "15 tokens"),
        (Budget(tokens=12, skip_to_fit=True), "15 tokens"),
    ):
        with pytest.raises(GamutError, match=f"take {words}, more than this budget"):
            cut(pool, ranking, method="longest", options=None, budget=budget)


def test_shares_as_in_the_pool_follow_sainte_lague_and_a_larger_budget_only_adds(build_pool):
    pool = made_pool(build_pool, [0, 0, 0, 0, 0, 0, 1, 1, 1])  # two thirds and one third
    ranking = constrained(pool, find("longest"), find("longest").options(), Constraints(quotas=(share("source"),)))
    # quotients 6, 2, 1.2, 0.857, … and 3, 1, 0.6: 0 · 6 · 1 · 2 · 7 · 3 · 4 · then 6/11 against 3/5
    assert ranking.sample_ids.tolist() == [0, 6, 1, 2, 7, 3, 4, 8, 5]


@pytest.mark.parametrize(
    ("kind", "text", "quota"),
    [
        (CAP, "source=web:100", cap("source", 100, "web")),
        (CAP, "source:7", cap("source", 7)),
        (FLOOR, "language=de:20", floor("language", 20, "de")),
        (SHARE, "source", share("source")),
        (SHARE, "source=a:b:0.25", share("source", "a:b", 0.25)),
    ],
)
def test_quotas_are_read_as_typed_and_written_back(kind, text, quota):
    assert read_quota(kind, text) == quota
    assert read_quota(kind, quota.text()) == quota


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (CAP, "source", "The cap 'source' is not of the form COLUMN=VALUE:ROWS"),
        (CAP, "source=web:few", "is not of the form"),
        (CAP, ":3", "A cap names no column"),
        (FLOOR, "source=web:0", "The floor of source is 0 rows; give a whole number from 1 upwards."),
        (SHARE, "source=web:1.5", "The share of source = web is 1.5; give a number from 0 to 1."),
        (SHARE, "source=web:nan", "give a number from 0 to 1"),
    ],
)
def test_an_odd_quota_is_refused_in_a_sentence(kind, text, sentence):
    with pytest.raises(GamutError, match=sentence.replace("(", r"\(")):
        read_quota(kind, text)


@pytest.mark.parametrize(
    ("quotas", "sentence"),
    [
        (
            (share("source"), share("kind")),
            "There are shares of kind and of source; shares can follow one column only.",
        ),
        (
            (share("source", "web", 0.7), share("source", "book", 0.4)),
            "The shares of source sum to 1.1; let them sum to 1",
        ),
        ((share("source"), share("source", "book", 0.4)), "is to be as in the pool and has shares of its own"),
        ((cap("source", 3), cap("source", 4)), "There are 2 of the kind cap for each source; give one."),
    ],
)
def test_quotas_that_contradict_each_other_are_refused(quotas, sentence):
    with pytest.raises(GamutError, match=sentence):
        Constraints(quotas=quotas)


def test_constraints_survive_json_and_how_they_were_typed_does_not_matter():
    wanted = Constraints(
        only=SampleFilter(tokens=Range(10, 500), columns=(("quality", Range(low=0.5)),)),
        quotas=(share("source", "web", 0.25), cap("kind", 7), floor("kind", 2, "qa")),
        near_duplicates=0.8,
    )
    said = json.loads(json.dumps(wanted.as_dict()))
    assert Constraints.from_dict(said) == wanted
    assert Constraints(only=wanted.only, quotas=wanted.quotas[::-1], near_duplicates=0.8) == wanted
    spec = RankingSpec(analysis="a", method="random", constraints=wanted, without=("dense", "dead"))
    again = RankingSpec.from_dict(json.loads(json.dumps(spec.as_dict())))
    assert again.hash == spec.hash and again.constraints == wanted and again.without == ("dead", "dense")


def test_a_specification_without_constraints_is_written_as_ever_so_that_kept_rankings_stay():
    assert RankingSpec(analysis="a", method="random").hash == "8cd86010abc9b837"


@pytest.mark.parametrize("odd", [{"caps": 1}, {"quotas": [{"kind": "cap"}]}, {"near_duplicates": "x"}, {"only": 3}])
def test_what_are_no_constraints_is_refused_in_a_sentence(odd):
    with pytest.raises(GamutError):
        Constraints.from_dict(odd)


@pytest.mark.parametrize("cap_", [-0.1, 1.1, float("nan")])
def test_a_cap_on_near_duplicates_outside_0_to_1_is_refused(cap_):
    with pytest.raises(GamutError, match="give a number from 0 to 1"):
        Constraints(near_duplicates=cap_)
