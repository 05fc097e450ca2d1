"""Builders of small pools, and the greedy of the paper's pseudo-code in Python sets."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from core.scores.feature_sets import FeatureSets
from core.selection.known import NO_VALUE, NOTHING, Given, Grouping
from core.selection.pool import Pool


def _sets(rows, n_features: int) -> FeatureSets:
    rows = [sorted(set(row)) for row in rows]
    indptr = np.cumsum([0] + [len(row) for row in rows], dtype=np.int64)
    return FeatureSets(indptr, np.array([j for row in rows for j in row], np.int32), n_features)


def _pool(
    rows, *, n_features=64, response=None, tokens=None, eligible=None, pins=(), bans=(), base=(), known=NOTHING
) -> Pool:
    n = len(rows)
    ones = np.ones(n, np.int32)
    return Pool(
        features=_sets(rows, n_features),
        scored_tokens=ones,
        response_tokens=ones if response is None else np.array(response, np.int32),
        conversation_tokens=ones if tokens is None else np.array(tokens, np.int32),
        eligible=np.ones(n, bool) if eligible is None else np.array(eligible, bool),
        pins=np.array(pins, np.int32),
        bans=np.array(bans, np.int32),
        base=np.array(base, np.int32),
        known=known,
    )


def _random_rows(rng: np.random.Generator) -> tuple[list[set[int]], int]:
    """Up to 30 rows over few features: ties, duplicates, empty rows and several rounds are the rule."""
    n, m = int(rng.integers(1, 30)), int(rng.integers(1, 16))
    rows = [set(rng.choice(m, rng.integers(0, m + 1), replace=False).tolist()) for _ in range(n)]
    for _ in range(int(rng.integers(0, n))):
        rows[rng.integers(n)] = set(rows[rng.integers(n)])
    return rows, m


def _random_pool(rng: np.random.Generator) -> tuple[list[set[int]], Pool]:
    """Random rows with pins (some of them not eligible), bans, and in half of the cases a base."""
    rows, m = _random_rows(rng)
    n = len(rows)
    pins = rng.permutation(n)[: rng.integers(0, min(4, n + 1))]
    bans = [i for i in range(n) if rng.random() < 0.15 and i not in pins]
    base = [i for i in range(n) if rng.random() < 0.2 and i not in pins] if rng.random() < 0.5 else []
    tokens = rng.integers(0, 20, n)
    eligible = rng.random(n) < 0.85
    known = _random_known(rng, rows, m)
    return rows, _pool(
        rows, n_features=m, tokens=tokens, eligible=eligible, pins=pins, bans=bans, base=base, known=known
    )


def _random_known(rng: np.random.Generator, rows: list[set[int]], m: int) -> Given:
    """Small whole numbers everywhere, so that ties are the rule and sums in floats are exact."""
    n = len(rows)
    first = {frozenset(row): i for i, row in reversed(list(enumerate(rows)))}
    repeats = [first[frozenset(row)] if first[frozenset(row)] < i else -1 for i, row in enumerate(rows)]
    quality = np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 4, n))
    quality[0] = 3
    groupings = {
        column: Grouping(rng.integers(0, len(names), n).astype(np.int32), names)
        for column, names in (("source", ("web", "book", NO_VALUE)), ("kind", ("qa", "chat")))
    }
    return Given(
        given_strengths=rng.integers(1, 4, sum(map(len, rows))).astype(np.float32),
        given_vectors=rng.integers(-2, 3, (n, 3)).astype(np.float32),
        given_duplicate_of=np.array(repeats, np.int32),
        scores={"quality": quality},
        alignments={"maths": rng.integers(0, 4, n).astype(float)},
        groupings=groupings,
        targets={"half": np.arange(m) % 2 == 0},
    )


def _naive_greedy(rows: list[set[int]], pool: Pool) -> list[tuple[int, int, int]]:
    """(id, gain, round) pick by pick, straight from the pseudo-code of the method."""
    order, covered, number = [], set().union(*(rows[i] for i in pool.base)), 1
    for i in pool.pins.tolist():
        order.append((i, len(rows[i] - covered), 1))
        covered |= rows[i]
    left = [i for i in range(len(rows)) if pool.eligible[i] and i not in {*pool.bans, *pool.pins, *pool.base}]
    while left:
        best = max(left, key=lambda i: (len(rows[i] - covered), -i))
        gain = len(rows[best] - covered)
        if gain == 0:
            if not any(rows[i] for i in left):
                return order + [(i, 0, number) for i in left]
            covered, number = set(), number + 1
            continue
        order.append((best, gain, number))
        covered |= rows[best]
        left.remove(best)
    return order


# Session scope, because Hypothesis rightly refuses fixtures that live for one test function.
@pytest.fixture(scope="session")
def build_pool():
    return _pool


@pytest.fixture(scope="session")
def random_pool():
    return _random_pool


@pytest.fixture(scope="session")
def naive_greedy():
    return _naive_greedy


@pytest.fixture(scope="session")
def options_for():
    """The options with which a method can rank a random pool: its defaults, and what it cannot do without."""
    needed = {"column": "quality", "capabilities": "maths"}

    def made(method):
        names = {field.name for field in fields(method.options)}
        return method.options(**{name: value for name, value in needed.items() if name in names})

    return made
