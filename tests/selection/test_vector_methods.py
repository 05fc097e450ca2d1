from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.errors import GamutError
from core.selection.known import Given
from core.selection.methods import k_center, repr_filter
from core.selection.methods.k_center import KCenterOptions
from core.selection.methods.repr_filter import ReprFilterOptions


def squared(one, other) -> int:
    return sum((int(a) - int(b)) ** 2 for a, b in zip(one, other, strict=True))


def farthest_first(pool) -> list[int]:
    vectors, left = pool.known.vectors.tolist(), pool.candidates.tolist()
    taken = [*pool.base.tolist(), *pool.pins.tolist()]
    order = pool.pins.tolist()
    while left:
        if taken:
            best = max(left, key=lambda i: (min(squared(vectors[i], vectors[k]) for k in taken), -i))
        else:
            n, total = len(left), [sum(vectors[i][d] for i in left) for d in range(3)]
            best = min(left, key=lambda i: (sum((n * vectors[i][d] - total[d]) ** 2 for d in range(3)), i))
        order.append(best)
        taken.append(best)
        left.remove(best)
    return order


def test_k_center_equals_farthest_first_by_brute_force_ties_included(random_pool):
    for seed in range(150):
        _, pool = random_pool(np.random.default_rng(seed))
        assert k_center.rank(pool, KCenterOptions()).sample_ids.tolist() == farthest_first(pool), seed


def test_k_center_of_many_real_vectors_equals_the_scan_of_everybody(build_pool):
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(400, 37)).astype(np.float32)
    pool = build_pool([{1}] * 400, pins=[9], known=Given(given_vectors=vectors))
    for distance in ("euclidean", "cosine"):
        used = vectors if distance == "euclidean" else k_center.unit_length(vectors)
        wide = used.astype(np.float64)
        nearest, order = ((wide - wide[9]) ** 2).sum(axis=1), [9]
        while len(order) < 60:
            order.append(int(nearest.argmax()))
            nearest = np.minimum(nearest, ((wide - wide[order[-1]]) ** 2).sum(axis=1))
        assert k_center.rank(pool, KCenterOptions(distance=distance), upto=60).sample_ids.tolist() == order


def walk_and_skip(pool, options) -> list[tuple[int, int]]:
    """(id, round) from the definition; cosines as squared fractions with their sign."""
    vectors = [[int(x) for x in row] for row in pool.known.vectors]
    limit = Fraction(str(float(options.similarity)))

    def near(i, k):
        dot = sum(a * b for a, b in zip(vectors[i], vectors[k], strict=True))
        squares = sum(a * a for a in vectors[i]) * sum(a * a for a in vectors[k])
        return squares > 0 and Fraction(dot * abs(dot), squares) > limit * abs(limit)

    score = pool.known.score(options.score) if options.score else pool.response_tokens.astype(float)
    walk = sorted(pool.candidates.tolist(), key=lambda i: (-score[i] if score[i] == score[i] else np.inf, i))
    order, kept, number = [(i, 1) for i in pool.pins.tolist()], [*pool.base.tolist(), *pool.pins.tolist()], 1
    while walk:
        for i in list(walk):
            if not any(near(i, k) for k in kept):
                order.append((i, number))
                kept.append(i)
                walk.remove(i)
        kept, number = [], number + 1
    return order


@pytest.mark.parametrize(
    "given", [{}, {"similarity": 0.5}, {"similarity": 0.0}, {"score": "quality", "similarity": 0.8}], ids=str
)
def test_repr_filter_equals_its_brute_force_ties_included(given, random_pool):
    options = ReprFilterOptions(**given)
    for seed in range(100):
        _, pool = random_pool(np.random.default_rng(seed))
        found = repr_filter.rank(pool, options)
        picks = list(zip(found.sample_ids.tolist(), found.rounds.tolist(), strict=True))
        assert picks == walk_and_skip(pool, options), seed


def test_a_cosine_of_exactly_the_limit_is_kept(build_pool):
    # (3, 4) and (1, 0): cosine 3/5. At 0.6 both are kept, just below only the first.
    pool = build_pool([set(), set()], known=Given(given_vectors=np.array([[3, 4], [1, 0]], np.float32)))
    assert repr_filter.rank(pool, ReprFilterOptions(similarity=0.6)).rounds.tolist() == [1, 1]
    assert repr_filter.rank(pool, ReprFilterOptions(similarity=0.599)).rounds.tolist() == [1, 2]


def test_taking_the_mean_off_spreads_directions(build_pool):
    vectors = np.array([[9, 1], [9, -1], [10, 0]], np.float32)
    pool = build_pool([set()] * 3, known=Given(given_vectors=vectors))
    assert repr_filter.rank(pool, ReprFilterOptions()).rounds.tolist() == [1, 2, 3]
    assert repr_filter.rank(pool, ReprFilterOptions(centred=True)).rounds.tolist() == [1, 1, 1]


def test_more_rows_than_one_block_of_products_equal_one_by_one(build_pool):
    rng = np.random.default_rng(4)
    vectors = (rng.normal(size=(900, 4))).astype(np.float32)
    pool = build_pool([set()] * 900, response=rng.integers(0, 50, 900), known=Given(given_vectors=vectors))
    found = repr_filter.rank(pool, ReprFilterOptions(similarity=0.95))
    unit = vectors.astype(np.float64) / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    for number in (1, 2):
        own = found.sample_ids[found.rounds == number]
        later = found.sample_ids[found.rounds > number]
        close = unit[own] @ unit[own].T - np.eye(len(own))
        assert close.max() <= 0.95  # nobody kept is near another of the round …
        before = [own[pool.response_tokens[own] >= pool.response_tokens[i]] for i in later]
        assert all((unit[rows] @ unit[i]).max() > 0.95 for rows, i in zip(before, later, strict=True))  # … all else is
    assert len(found) == 900


@pytest.mark.parametrize("method", [k_center, repr_filter])
def test_methods_on_vectors_stop_early_with_a_prefix_and_refuse_a_pool_without_vectors(method, random_pool, build_pool):
    for seed in range(20):
        _, pool = random_pool(np.random.default_rng(seed))
        full = method.rank(pool, method.METHOD.options())
        for upto in range(0, pool.available + 2, 2):
            short = method.rank(pool, method.METHOD.options(), upto=upto)
            assert short.sample_ids.tolist() == full.sample_ids[:upto].tolist()
            assert short.rounds.tolist() == full.rounds[:upto].tolist()
    with pytest.raises(GamutError, match="This pool does not know vectors of samples"):
        method.rank(build_pool([{1}]), method.METHOD.options())
