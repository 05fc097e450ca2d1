"""How like the samples of a capability a sample is, by what both activate or say; no direction is learned.

mona: Σ_j min(x_j, t_j) / Σ_j max(x_j, t_j) of activations per token, x the sample's and t the set's mean (generalised
Jaccard). Source: arXiv 2503.15573, NeurIPS 2025.
neuron-overlap: the mean over layers and the sample's 20 strongest neurons of the share of the set that has the neuron
among its own. Source: arXiv 2604.15706; strongest by absolute mean is our choice.
bm25: Okapi BM25 of the sample's tokens with the set's tokens as the query. Source: Robertson and Zaragoza 2009.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from core.datasets.sample import UNSCORED_ROLES
from core.files import json_hash
from core.scores.capability import Capability
from core.store.analyses import Analysis
from core.store.derived import kept_table
from core.store.strongest import TOP
from core.store.vectors import strongest_rows

MONA, OVERLAP, BM25 = "mona", "neuron-overlap", "bm25"
K1, B = 1.2, 0.75  # of BM25, as most search engines have them
TOGETHER = 20_000  # samples read at once, so that a pool of any size takes little memory


def likeness(analysis: Analysis, capability: Capability, rule: str) -> np.ndarray:
    """Every sample's likeness by "mona", "neuron-overlap" or "bm25": float64 (n); kept beside the analysis."""
    ask = {MONA: mona, OVERLAP: neuron_overlap, BM25: bm25}[rule]
    capability.require(analysis)
    name = f"likeness-{json_hash([2, analysis.content_hash, capability.sha256, rule])[:16]}"
    _, columns = kept_table(analysis, name, lambda: ({"rule": rule}, {"score": ask(analysis, capability)}))
    return columns["score"]


def mona(analysis: Analysis, capability: Capability) -> np.ndarray:
    """Generalised Jaccard with the set's mean activations per token, float64 (n); 0 for a sample without tokens."""
    capability.require(analysis)
    capability.require_sae(analysis)
    wanted = capability.part("features").astype(np.float64)
    n, tokens = analysis.n_samples, np.maximum(analysis.counts.scored_tokens, 1)
    shared, above = np.zeros(n), np.zeros(n)
    query = "SELECT sample_id, feature_id, sum FROM activations WHERE sample_id >= ? AND sample_id < ?"
    for first in range(0, n, TOGETHER):
        rows = analysis.cursor().execute(query, [first, first + TOGETHER]).fetchnumpy()
        sample, feature, total = _added(*(np.asarray(rows[name]) for name in ("sample_id", "feature_id", "sum")))
        target, own = wanted[feature], total / tokens[sample]
        stop = min(n, first + TOGETHER)
        shared[first:stop] = np.bincount(sample - first, np.minimum(own, target), minlength=stop - first)
        above[first:stop] = np.bincount(sample - first, np.maximum(own - target, 0), minlength=stop - first)
    # Where the sample is silent the maximum is the target's own value: all of it, and what the sample has above it.
    either = wanted.sum() + above
    return np.where(either > 0, shared / np.where(either > 0, either, 1), 0.0)


def _added(sample: np.ndarray, feature: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What prompt and response say of a feature, added up: distinct samples and features in order, and float64 sums."""
    key = sample.astype(np.int64) << 32 | feature
    if np.any(key[1:] < key[:-1]):  # they lie in order already
        order = np.argsort(key, kind="stable")
        key, part = key[order], part[order]
    firsts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    sums = np.add.reduceat(part.astype(np.float64), firsts) if len(firsts) else np.empty(0)
    return key[firsts] >> 32, key[firsts] & 0xFFFFFFFF, sums


def neuron_overlap(analysis: Analysis, capability: Capability) -> np.ndarray:
    """Mean weight of a sample's strongest neurons in the set's profile, float64 (n); 0 for a sample without tokens."""
    capability.require(analysis)
    weights = capability.part("neurons").astype(np.float64)
    score, kept = np.zeros(analysis.n_samples), min(TOP, weights.shape[1])
    for layer, own in enumerate(weights):
        seen = 0
        for samples, ids in strongest_rows(analysis, layer):
            score[samples] += own[ids].sum(axis=1)
            seen += len(samples)
        assert seen == analysis.n_samples, f"{seen} rows of {analysis.n_samples} samples in layer {layer}"
    score[analysis.counts.scored_tokens == 0] = 0  # nothing is strongest there: the lowest ids would stand for it
    return score / (kept * len(weights))


def bm25(analysis: Analysis, capability: Capability) -> np.ndarray:
    """BM25 of every sample's scored tokens, float64 (n); idf = ln(1 + (n − df + ½) / (df + ½)); the query's counts weigh.

    Tokens are those of the model's own tokenizer; what the pool never says counts for nothing.
    """
    capability.require(analysis)
    query = capability.part("tokens").astype(np.float64)
    query /= max(1.0, query.sum())
    rows_with = np.zeros(len(query), np.int64)
    lengths = [_count(*piece, rows_with) for piece in _token_pieces(analysis)]
    length = np.concatenate(lengths) if lengths else np.empty(0)
    mean = max(float(length.mean()) if len(length) else 0.0, 1e-9)
    with np.errstate(divide="ignore"):
        idf = np.log(1 + (len(length) - rows_with + 0.5) / (rows_with + 0.5))
    found = [_bm25(*piece, query * idf, mean) for piece in _token_pieces(analysis)]
    return np.concatenate(found) if found else np.empty(0)


def _token_pieces(analysis: Analysis) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Token ids of some samples after the others, in id order, where each sample begins, and which tokens count."""
    reader = analysis.cursor().sql("SELECT token_ids, roles FROM tokens ORDER BY sample_id").to_arrow_reader(TOGETHER)
    for batch in reader:
        lists = batch.column(0)
        lengths = np.asarray(lists.value_lengths()).astype(np.int64)
        pointer = np.concatenate([[0], np.cumsum(lengths)])
        scored = np.asarray(batch.column(1).flatten()) < UNSCORED_ROLES
        scored[pointer[:-1][lengths > 0]] = False  # position 0 counts nowhere
        yield np.asarray(lists.flatten()), pointer, scored


@njit(cache=True, nogil=True)
def _count(ids, pointer, scored, rows_with):
    """Tokens of each sample that count; adds to `rows_with` in how many samples each token is said."""
    length = np.zeros(pointer.size - 1)
    last = np.full(rows_with.size, -1, np.int64)
    for sample in range(length.size):
        for at in range(pointer[sample], pointer[sample + 1]):
            if scored[at]:
                length[sample] += 1
                if not 0 <= ids[at] < rows_with.size:
                    continue  # the query cannot hold it
                rows_with[ids[at]] += last[ids[at]] != sample
                last[ids[at]] = sample
    return length


@njit(cache=True, nogil=True)
def _bm25(ids, pointer, scored, weights, mean):
    """Scores of samples; `weights`: the query's count of each token times its idf."""
    score = np.zeros(pointer.size - 1)
    count = np.zeros(weights.size, np.int64)
    for sample in range(score.size):
        length = 0
        for at in range(pointer[sample], pointer[sample + 1]):
            length += scored[at]
            if 0 <= ids[at] < weights.size:
                count[ids[at]] += scored[at]
        for at in range(pointer[sample], pointer[sample + 1]):
            token = ids[at]
            if 0 <= token < weights.size and count[token] > 0:
                often = count[token] * (K1 + 1) / (count[token] + K1 * (1 - B + B * length / mean))
                score[sample] += weights[token] * often
                count[token] = 0
    return score
