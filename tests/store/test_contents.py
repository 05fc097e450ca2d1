"""What an analysis holds follows from counts and budgets alone, and more samples never hold more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.analyses import open_analysis
from core.store.bins import BANDS
from core.store.bounds import growth_left
from core.store.contents import ABSENT, EVERY, PER_BAND, ROW_BYTES, SOME, Budgets, Contents, Shape, decide, neuron_bytes

BUNDLED = Shape(n_features=4096, layers=6, neurons=688, width=256, block=3)
LARGE = Shape(n_features=131_072, layers=32, neurons=14_336, width=4096, block=31)
SHAPES = st.builds(
    Shape, st.integers(1, 2_000_000), st.integers(1, 80), st.integers(0, 70_000), st.integers(1, 9000), st.just(0)
)
BUDGETS = st.builds(Budgets, st.integers(0, 10**10), st.integers(0, 10**11))


def test_a_small_model_keeps_all_of_52000_samples_and_a_large_one_the_strongest():
    small, large = decide(52_000, BUNDLED, Budgets()), decide(52_000, LARGE, Budgets())
    assert (small.neurons, small.vectors, small.examples, small.absent) == (EVERY, True, PER_BAND, {})
    assert neuron_bytes(52_000, BUNDLED) == 52_000 * 6 * 688 * 2
    assert (large.neurons, large.vectors) == (SOME, False)
    assert large.absent["vectors"] == "they would take 27.3 GB of the 1.0 GB allowed"
    assert 1 <= large.examples < PER_BAND


@given(st.integers(0, 10**6), st.integers(0, 10**6), SHAPES, BUDGETS)
def test_what_a_pool_has_room_for_its_members_have(fewer, more, shape, budgets):
    member, pool = decide(fewer, shape, budgets), decide(fewer + more, shape, budgets)
    assert member.vectors or not pool.vectors
    rank = {ABSENT: 0, SOME: 1, EVERY: 2}
    assert rank[member.neurons] >= rank[pool.neurons]
    assert member.examples == pool.examples


@given(st.integers(0, 10**6), SHAPES, BUDGETS, st.booleans())
def test_budgets_hold_and_what_is_missing_has_a_reason(samples, shape, budgets, every_layer):
    held = decide(samples, shape, budgets, every_layer=every_layer)
    assert held.examples * shape.n_features * BANDS * ROW_BYTES <= budgets.examples
    assert (held.neurons == ABSENT) == ("neurons" in held.absent)
    assert (not held.vectors) == ("vectors" in held.absent)
    assert (held.examples == 0) == ("examples" in held.absent)
    if held.neurons == EVERY and shape.neurons > 64:
        assert neuron_bytes(samples, shape) <= budgets.vectors / 2
    assert Contents.from_json(held.as_json()) == held


def test_tables_with_a_bound_say_how_far_they_can_still_grow(made):
    analysis = open_analysis(made, "made")
    held = analysis.contents
    left = growth_left(analysis.cursor(), held)
    rows, bands = analysis.cursor().execute("SELECT count(*), count(DISTINCT band) FROM examples").fetchall()[0]
    assert left["examples"] * rows == pytest.approx(held.shape.n_features * bands * PER_BAND)
    contrasts = analysis.cursor().execute("SELECT count(*) FROM contrast").fetchall()[0][0]
    assert left["contrast"] * contrasts == pytest.approx(held.shape.n_features * 20)
    assert left["examples"] >= 1 and left["contrast"] >= 1
    assert growth_left(analysis.cursor(), replace(held, examples=0)) == {}
