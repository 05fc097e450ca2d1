from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.selection.methods.sae_simscale import SaeSimscaleOptions, fitted_tau, rank


def similarity(name, rows, strengths, i, taken):
    """The similarity of row i to the rows taken, as a fraction (for cosine: squared)."""
    if name == "pool":
        union = set().union(*(rows[k] for k in taken))
        return Fraction(len(rows[i] & union), len(rows[i]))
    if name == "jaccard":
        return max((Fraction(len(rows[i] & rows[k]), len(rows[i] | rows[k])) for k in taken), default=Fraction(0))
    best = Fraction(0)
    for k in taken:
        dot = sum(strengths[i][j] * strengths[k][j] for j in rows[i] & rows[k])
        norms = [sum(x * x for x in strengths[r].values()) for r in (i, k)]
        if norms[0] and norms[1]:
            best = max(best, Fraction(dot * dot, norms[0] * norms[1]))
    return best


def brute_force(rows, pool, name, tau):
    """(id, round), straight from the definition."""
    at = pool.features.indptr
    strengths = [
        {int(j): int(pool.known.strengths[at[i] + e]) for e, j in enumerate(pool.features.row(i))}
        for i in range(len(rows))
    ]
    limit = tau * tau if name == "cosine" else tau
    order, taken, number = [(i, 1) for i in pool.pins.tolist()], [*pool.base.tolist(), *pool.pins.tolist()], 1
    walk = sorted((i for i in pool.candidates.tolist() if rows[i]), key=lambda i: (-len(rows[i]), i))
    while walk:
        for i in list(walk):
            if similarity(name, rows, strengths, i, taken) < limit:
                order.append((i, number))
                taken.append(i)
                walk.remove(i)
        if walk:
            taken, number = [], number + 1
    last = order[-1][1] if len(order) > len(pool.pins) else 1
    return order + [(i, last) for i in pool.candidates.tolist() if not rows[i]]


@pytest.mark.parametrize("name", ["pool", "jaccard", "cosine"])
@pytest.mark.parametrize("tau", [0.001, 0.25, 0.5, 0.6, 0.8, 1.0])
def test_every_similarity_equals_its_brute_force_ties_included(name, tau, random_pool):
    for seed in range(60):
        rows, pool = random_pool(np.random.default_rng(seed))
        found = rank(pool, SaeSimscaleOptions(similarity=name, tau=tau))
        picks = list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True))
        assert picks == brute_force(rows, pool, name, Fraction(str(tau))), seed


@pytest.mark.parametrize("name", ["pool", "jaccard", "cosine"])
def test_stopping_early_gives_a_prefix(name, random_pool):
    for seed in range(20):
        _, pool = random_pool(np.random.default_rng(seed))
        full = rank(pool, SaeSimscaleOptions(similarity=name))
        for upto in range(0, pool.available + 2, 2):
            short = rank(pool, SaeSimscaleOptions(similarity=name), upto=upto)
            assert short.sample_ids.tolist() == full.sample_ids[:upto].tolist()
            assert short.rounds.tolist() == full.rounds[:upto].tolist()


@pytest.mark.parametrize("name", ["jaccard", "cosine"])
def test_rows_that_are_far_apart_in_size_and_alike_in_parts_equal_the_brute_force(name, build_pool, random_pool):
    rng = np.random.default_rng(11)
    kinds = [rng.choice(400, 60, replace=False) for _ in range(6)]
    rows = []
    for _ in range(160):  # some of a kind, some common ones, and a few of their own
        kind = kinds[rng.integers(6)]
        own = rng.choice(400, rng.integers(0, 12), replace=False)
        rows.append({*rng.choice(kind, rng.integers(10, 60), replace=False).tolist(), *own.tolist(), 0, 1})
    strengths = rng.integers(1, 5, sum(map(len, rows))).astype(np.float32)
    from core.selection.known import Given

    pool = build_pool(rows, n_features=400, pins=[3], base=[8], known=Given(given_strengths=strengths))
    for tau in (0.3, 0.55, 0.8):
        found = rank(pool, SaeSimscaleOptions(similarity=name, tau=tau))
        picks = list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True))
        assert picks == brute_force(rows, pool, name, Fraction(str(tau)))


def test_tau_is_met_as_typed_not_as_a_float(build_pool):
    # Rows 1 and 2 share 3 of their 5 features with row 0: exactly 0.6, which is not below 0.6;
    # and so does row 2 with row 1 in round 2.
    pool = build_pool([{0, 1, 2, 3, 4, 5}, {0, 1, 2, 10, 11}, {0, 1, 2, 12, 13}])
    assert rank(pool, SaeSimscaleOptions(tau=0.6)).rounds.tolist() == [1, 2, 3]
    assert rank(pool, SaeSimscaleOptions(tau=0.601)).rounds.tolist() == [1, 1, 1]


def test_a_tau_of_one_keeps_out_who_is_wholly_covered_even_by_a_duplicate(build_pool, random_pool):
    pool = build_pool([{1, 2}, {1, 2}, {3}])
    assert rank(pool, SaeSimscaleOptions(tau=1.0)).rounds.tolist() == [1, 1, 2]
    assert rank(pool, SaeSimscaleOptions(tau=1.0, similarity="jaccard")).sample_ids.tolist() == [0, 2, 1]


@pytest.mark.parametrize("name", ["pool", "jaccard"])
def test_a_fitted_tau_lets_as_many_pass_in_round_1_as_were_asked_for(name, random_pool):
    for seed in range(30):
        rows, pool = random_pool(np.random.default_rng(seed))
        for wanted in (1, 3, 8):
            options = SaeSimscaleOptions(similarity=name, fit=wanted)
            tau = fitted_tau(pool, options)
            found = rank(pool, options)
            picks = list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True))
            assert picks == brute_force(rows, pool, name, tau)
            passed = sum(number == 1 for i, number in picks if rows[i] or i in pool.pins)
            assert passed >= wanted or tau == 1
