from __future__ import annotations

import math

import numpy as np
import pytest

from core.selection.known import Given
from core.selection.methods.feature_coverage import STEPS, FeatureCoverageOptions, rank

OPTIONS = (
    {},
    {"values": "strength"},
    {"rarity": "idf"},
    {"rarity": "frequency", "values": "strength"},
    {"support": 2},
    {"target": "half", "rarity": "idf"},
)


def objective(rows, pool, options):
    """f(S) up to the rounding of its terms, summed exactly."""
    n, m = pool.n_samples, pool.features.n_features
    at = pool.features.indptr
    found = [
        dict(zip(pool.features.row(i).tolist(), pool.known.strengths[at[i] : at[i + 1]], strict=True)) for i in range(n)
    ]
    largest = {j: max(float(row[j]) for row in found if j in row) for j in range(m) if any(j in row for row in found)}
    firsts = [i for i in range(n) if pool.known.duplicate_of[i] < 0]
    having = [sum(j in row for row in rows) for j in range(m)]
    idf = [round(1000 * (1 + np.log(n / had))) if had else 0 for had in having]
    weight = {"equal": [1] * m, "frequency": having, "idf": idf}[options.rarity]
    counts = [
        (options.support == 1 or sum(j in rows[i] for i in firsts) >= options.support)
        and (not options.target or bool(pool.known.target(options.target)[j]))
        for j in range(m)
    ]  # fmt: skip

    def value(chosen):
        total = 0.0
        for j in range(m):
            if options.values == "active":
                amount = sum(j in rows[i] for i in chosen)
            else:
                amount = (
                    sum(math.ceil(float(found[i][j]) / largest[j] * STEPS) for i in chosen if j in found[i]) / STEPS
                )
            total += counts[j] * weight[j] * math.sqrt(amount)
        return total

    return value


@pytest.mark.parametrize("given", OPTIONS, ids=str)
def test_every_pick_is_the_best_there_is_and_ties_go_to_the_lowest_id(given, random_pool):
    options = FeatureCoverageOptions(**given)
    for seed in range(25):
        rows, pool = random_pool(np.random.default_rng(seed))
        value = objective(rows, pool, options)
        order = rank(pool, options).sample_ids.tolist()
        chosen, left = [*pool.base.tolist(), *pool.pins.tolist()], pool.candidates.tolist()
        for pick in order[len(pool.pins) :]:
            now = value(chosen)
            gains = {i: value([*chosen, i]) - now for i in left}
            best = max(gains.values())
            # what differs by less than the rounding of floats is a tie
            assert pick == min(i for i in left if gains[i] > best - 1e-6), (seed, pick)
            chosen.append(pick)
            left.remove(pick)
        assert not left


def test_on_small_data_it_takes_what_apricot_takes(build_pool):
    apricot = pytest.importorskip("apricot")
    rng = np.random.default_rng(5)
    rows = [set(rng.zipf(1.3, rng.integers(5, 40)).clip(1, 99).tolist()) for _ in range(120)]
    strengths = (rng.integers(1, STEPS, sum(len(row) for row in rows)) / STEPS).astype(np.float32)
    pool = build_pool(rows, n_features=100, known=Given(given_strengths=strengths))
    dense = np.zeros((120, 100))
    dense[np.repeat(np.arange(120), pool.features.richness), pool.features.indices] = 1
    fitted = apricot.FeatureBasedSelection(60, concave_func="sqrt", optimizer="naive").fit(dense)
    assert rank(pool, FeatureCoverageOptions(), upto=60).sample_ids.tolist() == fitted.ranking.tolist()


def test_the_tenth_row_with_a_feature_still_counts_but_less(build_pool):
    # After row 0, another {1, 2} adds 2 (√2 − 1) = 0.83, a row of one new feature adds 1.
    pool = build_pool([{1, 2}, {1, 2}, {3}, {1, 2, 4}])
    assert rank(pool, FeatureCoverageOptions()).sample_ids.tolist() == [3, 2, 0, 1]


def test_stopping_early_gives_a_prefix(random_pool):
    for seed in range(20):
        _, pool = random_pool(np.random.default_rng(seed))
        full = rank(pool, FeatureCoverageOptions())
        for upto in range(0, pool.available + 2, 2):
            assert (
                rank(pool, FeatureCoverageOptions(), upto=upto).sample_ids.tolist() == full.sample_ids[:upto].tolist()
            )
