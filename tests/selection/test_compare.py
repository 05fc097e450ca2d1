"""Overlap, agreement and what only one selection has, against their definitions on small data."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from core.selection.compare import agreement, compare, overlap, rank_biased_overlap


def lists(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    n = int(rng.integers(2, 25))
    a, b = (rng.permutation(n)[: rng.integers(1, n + 1)].astype(np.int32) for _ in range(2))
    return a, b, n


@pytest.mark.parametrize(("a", "b", "n"), [(2, 3, 7), (4, 4, 6), (5, 1, 5), (3, 3, 3), (1, 1, 8)])
def test_chance_is_the_mean_over_all_pairs_of_subsets(a, b, n):
    first = set(range(a))
    shared = [len(first & set(other)) for other in combinations(range(n), b)]
    said = overlap(np.arange(a), np.arange(b), n=n)
    assert said.expected == pytest.approx(np.mean(shared))
    assert said.expected_jaccard == pytest.approx(np.mean([k / (a + b - k) for k in shared]))
    assert np.mean([said.low <= k <= said.high for k in shared]) >= 0.95
    assert said.shared == min(a, b) and said.jaccard == min(a, b) / max(a, b)


def test_an_empty_selection_shares_nothing():
    said = overlap(np.empty(0, int), np.arange(3), n=5)
    assert (said.shared, said.jaccard, said.expected, said.expected_jaccard, said.low, said.high) == (0, 0, 0, 0, 0, 0)
    assert agreement(np.empty(0, int), np.arange(3)).rbo == 0


def kendall_by_pairs(here: list[int], there: list[int]) -> float:
    pairs = list(combinations(range(len(here)), 2))
    signs = [np.sign(here[i] - here[j]) * np.sign(there[i] - there[j]) for i, j in pairs]
    return sum(signs) / len(pairs)


def test_rank_correlations_are_those_of_the_common_samples():
    for seed in range(60):
        a, b, _ = lists(np.random.default_rng(seed))
        common = [i for i in a.tolist() if i in b.tolist()]
        said = agreement(a, b)
        assert said.common == len(common)
        if len(common) < 2:
            assert said.kendall is None and said.spearman is None
            continue
        here, there = [a.tolist().index(i) for i in common], [b.tolist().index(i) for i in common]
        assert said.kendall == pytest.approx(kendall_by_pairs(here, there))
        ranks = [np.argsort(np.argsort(places)) for places in (here, there)]
        assert said.spearman == pytest.approx(np.corrcoef(*ranks)[0, 1])


def rbo_by_depth(a: list[int], b: list[int], p: float) -> float:
    """The infinite sum of (1 − p) p^{d−1} A_d, cut where the weight is gone, with A_d as the paper extrapolates it."""
    short, long = sorted((a, b), key=len)
    s, size = len(short), len(long)
    x = {d: len(set(short[:d]) & set(long[:d])) for d in range(1, size + 1)}
    total = 0.0
    for d in range(1, 4000):
        if d <= s:
            alike = x[d] / d
        elif d <= size:
            alike = (x[d] + x[s] * (d - s) / s) / d
        else:
            alike = (x[size] + x[s] * (size - s) / s) / size
        total += (1 - p) * p ** (d - 1) * alike
    return total


@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
def test_rank_biased_overlap_equals_its_infinite_sum(p):
    for seed in range(40):
        a, b, _ = lists(np.random.default_rng(seed))
        assert rank_biased_overlap(a, b, p=p) == pytest.approx(rbo_by_depth(a.tolist(), b.tolist(), p), abs=1e-9)
    same = np.arange(30)
    assert rank_biased_overlap(same, same, p=p) == pytest.approx(1)
    assert rank_biased_overlap(same, same + 100, p=p) == 0


def test_a_comparison_equals_python_sets(random_pool):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows, pool = random_pool(rng)
        n = len(rows)
        a, b = (rng.permutation(n)[: rng.integers(0, n + 1)].tolist() for _ in range(2))
        said = compare(pool.features, pool.conversation_tokens, a, b, eligible=pool.eligible)
        assert said.only_a.tolist() == [i for i in a if i not in b]
        assert said.only_b.tolist() == [i for i in b if i not in a]
        assert said.overlap.n == len({*np.flatnonzero(pool.eligible).tolist(), *a, *b})
        assert said.overlap.shared == len({*a} & {*b})
        assert (said.tokens_a, said.tokens_b) == tuple(int(pool.conversation_tokens[ids].sum()) for ids in (a, b))
        in_a, in_b = (set().union(*(rows[i] for i in ids)) for ids in (a, b))
        assert (said.reached_a, said.reached_b, said.reached_both) == (len(in_a), len(in_b), len(in_a & in_b))
        count = {j: sum(j in row for row in rows) for j in in_a | in_b}
        assert said.features_a.tolist() == sorted(in_a - in_b, key=lambda j: (-count[j], j))
        assert said.features_b.tolist() == sorted(in_b - in_a, key=lambda j: (-count[j], j))
        assert all(said.rows_of_features[j] == count[j] for j in count)
