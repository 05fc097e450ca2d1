"""Pooling equals a dictionary that looks at every token and feature in turn."""

from collections import defaultdict

import numpy as np
import pytest

from core.activations.pool import pool
from core.activations.tokens import UNSCORED


def naive(token_ptr, features, values, sample_ptr, sides):
    cells = defaultdict(list)
    for sample in range(len(sample_ptr) - 1):
        for token in range(sample_ptr[sample], sample_ptr[sample + 1]):
            for entry in range(token_ptr[token], token_ptr[token + 1]):
                if sides[token] != UNSCORED and values[entry] > 0:
                    key = (sample, int(features[entry]), int(sides[token]))
                    cells[key].append((float(values[entry]), token - sample_ptr[sample]))
    rows = []
    for key, seen in sorted(cells.items()):
        strongest = max(value for value, _ in seen)
        first = next(place for value, place in seen if value == strongest)
        rows.append((*key, strongest, sum(value for value, _ in seen), len(seen), first))
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_pooling_equals_the_naive_reference(seed):
    rng = np.random.default_rng(seed)
    sample_ptr = np.concatenate([[0], np.cumsum(rng.integers(0, 9, size=7))]).astype(np.int64)
    n_tokens, n_features = int(sample_ptr[-1]), 12
    rows = [rng.choice(n_features, size=rng.integers(0, 6), replace=False) for _ in range(n_tokens)]
    token_ptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    features = np.concatenate([*rows, []]).astype(np.int32)
    values = rng.integers(-1, 4, size=len(features)).astype(np.float32)  # whole numbers: ties and exact sums
    sides = rng.integers(0, 3, size=n_tokens).astype(np.uint8)
    pooled = pool(token_ptr, features, values, sample_ptr, sides, n_features)
    assert list(zip(*(column.tolist() for column in pooled), strict=True)) == naive(
        token_ptr, features, values, sample_ptr, sides
    )
