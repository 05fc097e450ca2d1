"""The tokens that features fire on: the token at the maximum of each feature's strongest examples."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from core.store.analyses import Analysis

STRONGEST = 20  # examples of a feature that are looked at


def peak_tokens(analysis: Analysis) -> pa.Table:
    """Columns feature_id, token_id, times (int32): at the maximum of how many of a feature's strongest examples a token stands.

    By feature, the commonest token first, ties to the lowest token id; empty where the analysis holds no examples.
    """
    if "examples" in analysis.contents.absent:
        return _table(*(np.empty(0, np.int32),) * 3)
    query = (
        "SELECT feature_id, sample_id, position FROM examples "
        f"QUALIFY row_number() OVER (PARTITION BY feature_id ORDER BY band DESC, rank) <= {STRONGEST}"
    )
    rows = analysis.cursor().execute(query).fetchnumpy()
    feature, sample, position = (np.asarray(rows[name]) for name in ("feature_id", "sample_id", "position"))
    token = _tokens_at(analysis, sample, position)
    pairs, times = np.unique(feature.astype(np.int64) << 32 | token, return_counts=True)
    feature, token = pairs >> 32, pairs & 0xFFFFFFFF
    order = np.lexsort((token, -times, feature))
    return _table(feature[order], token[order], times[order])


def _tokens_at(analysis: Analysis, sample: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The token ids at places: read as one long list, a join would copy a sample's tokens for every place in it."""
    lists = analysis.cursor().sql("SELECT token_ids FROM tokens ORDER BY sample_id").to_arrow_table()["token_ids"]
    starts = np.concatenate([[0], np.cumsum(lists.combine_chunks().value_lengths().to_numpy())])
    return lists.combine_chunks().flatten().to_numpy()[starts[sample] + position]


def _table(feature: np.ndarray, token: np.ndarray, times: np.ndarray) -> pa.Table:
    names = ("feature_id", "token_id", "times")
    return pa.table(
        {name: column.astype(np.int32) for name, column in zip(names, (feature, token, times), strict=True)}
    )
