"""The bias of a subset against its pool: exact figures, and the band of random subsets of equal tokens, by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.bias import BAND, Marks, Numbers, Repeats, Shares, bias
from core.scores.coverage import seeded_order

N = 50


def problem(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "eligible": rng.random(N) < 0.85,
        "tokens": rng.integers(1, 30, N),
        "codes": rng.integers(-1, 4, N),
        "flags": rng.random((2, N)) < 0.2,
        "group": rng.integers(0, 35, N),
        "numbers": np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 9, N).astype(float)),
    }


def naively(what: dict, ids) -> dict[tuple[str, str], float]:
    """Every figure of a set of rows, counted in Python."""
    ids = [int(i) for i in ids]
    said = {("group", name): sum(what["codes"][i] == k for i in ids) / len(ids) for k, name in enumerate("abcd")}
    said |= {("flags", name): sum(bool(what["flags"][k, i]) for i in ids) / len(ids) for k, name in enumerate("xy")}
    seen = [what["group"][i] for i in ids]
    said["copies", "repeats another chosen row"] = (len(seen) - len(set(seen))) / len(ids)
    own = sorted(float(what["numbers"][i]) for i in ids if not np.isnan(what["numbers"][i]))
    if own:
        at = {q: q * (len(own) - 1) for q in (0.1, 0.5, 0.9)}
        for q, name in ((0.1, "10 % quantile"), (0.5, "median"), (0.9, "90 % quantile")):
            low = int(at[q])
            high = min(low + 1, len(own) - 1)
            said["score", name] = own[low] + (own[high] - own[low]) * (at[q] - low)
        said["score", "mean"] = sum(own) / len(own)
    return said


@pytest.mark.parametrize("seed", range(6))
def test_differences_and_bands_are_those_of_brute_force(seed):
    what = problem(seed)
    eligible, tokens = what["eligible"], what["tokens"]
    ids = np.random.default_rng(seed).permutation(np.flatnonzero(eligible))[:12]
    facets = [
        Shares("group", what["codes"], tuple("abcd")), Marks("flags", what["flags"], ("x", "y")),
        Repeats("copies", what["group"]), Numbers("score", what["numbers"], "points"),
    ]  # fmt: skip
    found = bias(ids, facets=facets, eligible=eligible, tokens=tokens, draws=25)
    spent, draws = sum(int(tokens[i]) for i in ids), []
    for draw in range(25):
        taken: list[int] = []
        for i in (int(i) for i in seeded_order(N, draw) if eligible[i]):
            if sum(int(tokens[j]) for j in taken) + int(tokens[i]) > spent:
                break
            taken.append(i)
        draws.append(naively(what, taken))
    mine, pool = naively(what, ids), naively(what, np.flatnonzero(eligible))
    assert {(d.facet, d.value) for d in found} == {key for key in mine if mine[key] or pool[key]}
    for d in found:
        key = (d.facet, d.value)
        assert (d.subset, d.pool) == (pytest.approx(mine[key]), pytest.approx(pool[key]))
        assert [d.low, d.high] == pytest.approx(np.quantile([draw[key] for draw in draws], BAND).tolist())
        beyond = max(d.low - mine[key], mine[key] - d.high, 0)
        assert (d.outside > 0) == (beyond > 1e-12)
        if d.high > d.low:
            assert d.outside == pytest.approx(beyond / ((d.high - d.low) / 2))
    assert [d.outside for d in found] == sorted((d.outside for d in found), reverse=True)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, N))
def test_the_whole_pool_never_differs_and_a_random_order_is_its_own_draw(seed, rows):
    what = problem(seed)
    everybody, tokens = np.ones(N, bool), what["tokens"]
    facets = [Shares("group", what["codes"], tuple("abcd")), Repeats("copies", what["group"])]
    for d in bias(np.arange(N), facets=facets, eligible=everybody, tokens=tokens, draws=3):
        assert (d.subset, d.outside) == (d.pool, 0)
    mine = seeded_order(N, 0)[:rows]
    for d in bias(mine, facets=facets, eligible=everybody, tokens=tokens, draws=1):
        assert d.low == pytest.approx(d.subset) == d.high


def test_a_group_that_no_draw_holds_is_told_in_rows():
    codes = np.array([0] * 19 + [1])
    eligible = np.arange(20) < 19  # the one row of group 1 was pinned although it may not be drawn
    found = bias(
        np.array([0, 19]), facets=[Shares("g", codes, ("usual", "odd"))], eligible=eligible, tokens=np.ones(20)
    )
    assert [(d.value, d.subset, d.pool, d.outside) for d in found] == [("usual", 0.5, 1.0, 1.0), ("odd", 0.5, 0.0, 1.0)]
