"""Which tokens stand out in the samples where a neuron is strongest: told from the store alone, without the model.

A neuron's values are kept as means over a sample, so this speaks of the samples as wholes, not of the tokens at which it
is active. Of the k samples a token is in c; it scores c/k · log((c/k) / (d/n)), with d of all n samples that have it.
Tokens in one of the samples only, or in as large a part of all, do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from core.datasets.sample import UNSCORED_ROLES
from core.files import json_hash
from core.store.analyses import Analysis
from core.store.derived import kept_table
from core.store.token_text import BROKEN

WORDS = 3
PIECE = 4_096  # samples read at once


def standing_out(analysis: Analysis, samples: np.ndarray, *, words: int = WORDS) -> list[tuple[str, ...]]:
    """For every row of sample ids int (rows, k), −1 for none, the texts of the tokens that stand out, farthest first."""
    ids = np.unique(samples[samples >= 0])
    if not len(ids):
        return [() for _ in samples]
    held = _tokens_in(analysis, ids)
    rows, places = np.nonzero(samples >= 0)
    one = csr_array(
        (np.ones(len(rows), np.int32), (rows, np.searchsorted(ids, samples[rows, places]))), (len(samples), len(ids))
    )
    counts = (one @ held).tocsr()
    everywhere = samples_with_token(analysis)
    share = (
        counts.data
        / np.maximum(1, (samples >= 0).sum(axis=1))[np.repeat(np.arange(len(samples)), np.diff(counts.indptr))]
    )
    score = share * np.log(share / (everywhere[counts.indices] / analysis.n_samples))
    score[(counts.data < 2) | (score <= 0)] = 0.0
    texts = _texts(analysis)
    return [
        _best(counts.indices[start:stop], score[start:stop], texts, words)
        for start, stop in zip(counts.indptr, counts.indptr[1:], strict=False)
    ]


def samples_with_token(analysis: Analysis) -> np.ndarray:
    """In how many samples each token stands where it counts: float64 (vocabulary); kept beside the analysis."""

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        total = np.zeros(len(_texts(analysis)), np.int64)
        for first in range(0, analysis.n_samples, PIECE):
            ids = np.arange(first, min(first + PIECE, analysis.n_samples))
            total += np.bincount(_tokens_in(analysis, ids).indices, minlength=len(total))
        return {}, {"samples": total}

    _, table = kept_table(analysis, f"token-samples-{json_hash([1, analysis.content_hash])[:16]}", make)
    return table["samples"].astype(np.float64)


def _best(tokens: np.ndarray, score: np.ndarray, texts: Sequence[str], words: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for at in np.lexsort((tokens, -score)).tolist():
        if score[at] <= 0 or len(found) == words:
            break
        text = texts[tokens[at]].strip()
        if text and BROKEN not in text:  # a part of a letter's bytes says nothing by itself
            found.setdefault(text)
    return tuple(found)


def _tokens_in(analysis: Analysis, ids: np.ndarray) -> csr_array:
    """Which tokens count in which samples: 0 and 1, (len(ids), vocabulary); `ids` ascending."""
    query = "SELECT token_ids, roles FROM tokens WHERE sample_id IN (SELECT unnest(?::INTEGER[])) ORDER BY sample_id"
    table = analysis.cursor().sql(query, params=[ids.tolist()]).to_arrow_table()
    lists = table["token_ids"].combine_chunks()
    lengths = np.asarray(lists.value_lengths())
    tokens = np.asarray(lists.flatten()).astype(np.int64)
    scored = np.asarray(table["roles"].combine_chunks().flatten()) < UNSCORED_ROLES
    scored[(np.cumsum(lengths) - lengths)[lengths > 0]] = False  # position 0 never counts
    size = len(_texts(analysis))
    pairs = np.unique((np.repeat(np.arange(len(ids)), lengths) * size + tokens)[scored])
    row, column = np.divmod(pairs, size)
    return csr_array((np.ones(len(pairs), np.int32), (row, column)), (len(ids), size))


def _texts(analysis: Analysis) -> list[str]:
    return [text for (text,) in analysis.cursor().execute("SELECT text FROM vocabulary ORDER BY token_id").fetchall()]
