"""At how many tokens each feature is active in each sample, read in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.store.analyses import SPANS, Analysis

ROWS = 10_000_000  # read together


@dataclass(frozen=True, eq=False)
class TokenCounts:
    """Of samples `first` and on, as compressed rows: indptr int64 (samples + 1); feature, count int32 (entries)."""

    first: int
    indptr: np.ndarray
    feature: np.ndarray
    count: np.ndarray


def token_counts(analysis: Analysis, *, span: str = "conversation", rows: int = ROWS) -> Iterator[TokenCounts]:
    """The tokens of a span at which each feature is active (θ = 0), for all samples, in id order."""
    query = (
        f"SELECT sample_id, feature_id, count FROM activations WHERE sample_id >= ? AND sample_id < ? AND {SPANS[span]} "
        "ORDER BY sample_id, feature_id, side"
    )
    ends = np.cumsum(analysis.counts.richness, dtype=np.int64)
    first = 0
    while first < analysis.n_samples:
        before = int(ends[first - 1]) if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + rows, side="right")))
        found = analysis.cursor().execute(query, [first, stop]).fetchnumpy()
        sample, feature, count = (np.asarray(column) for column in found.values())
        if len(sample):  # the sides of a conversation come one after the other
            new = np.flatnonzero(np.r_[True, (sample[1:] != sample[:-1]) | (feature[1:] != feature[:-1])])
            sample, feature, count = sample[new], feature[new], np.add.reduceat(count, new)
        yield TokenCounts(first, np.searchsorted(sample, np.arange(first, stop + 1)), feature, count)
        first = stop


def active_tokens(analysis: Analysis, *, span: str = "conversation") -> np.ndarray:
    """At how many tokens of a span of all samples each feature is active (θ = 0): int64 (n_features)."""
    query = f"SELECT feature_id, sum(count)::BIGINT AS n FROM activations WHERE {SPANS[span]} GROUP BY feature_id"
    if span == "conversation":
        query = "SELECT feature_id, tokens AS n FROM features"
    rows = analysis.cursor().execute(query).fetchnumpy()
    out = np.zeros(analysis.n_features, np.int64)
    out[np.asarray(rows["feature_id"])] = np.asarray(rows["n"])
    return out
