"""How like the samples of a capability a sample is, by what both activate or say; no direction is learned.

mona: Σ_j min(x_j, t_j) / Σ_j max(x_j, t_j) of activations per token, x the sample's and t the set's mean (generalised
Jaccard). Source: arXiv 2503.15573, NeurIPS 2025.
neuron-overlap: the mean over layers and the sample's 20 strongest neurons of the share of the set that has the neuron
among its own. Source: arXiv 2604.15706; strongest by absolute mean is our choice.
bm25: Okapi BM25 of the sample's tokens with the set's tokens as the query. Source: Robertson and Zaragoza 2009.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.scores.capability import Capability
from core.store.analyses import Analysis
from core.store.strongest import TOP
from core.store.vectors import strongest_neurons

MONA, OVERLAP, BM25 = "mona", "neuron-overlap", "bm25"
K1, B = 1.2, 0.75  # of BM25, as most search engines have them
UNSCORED_ROLES = 254  # role codes from here on are template and special tokens


def likeness(analysis: Analysis, capability: Capability, rule: str) -> np.ndarray:
    """Every sample's likeness by "mona", "neuron-overlap" or "bm25": float64 (n)."""
    return {MONA: mona, OVERLAP: neuron_overlap, BM25: bm25}[rule](analysis, capability)


def mona(analysis: Analysis, capability: Capability) -> np.ndarray:
    """Generalised Jaccard with the set's mean activations per token, float64 (n); 0 for a sample without tokens."""
    capability.require(analysis)
    capability.require_sae(analysis)
    wanted = capability.part("features").astype(np.float64)
    rows = analysis.cursor().execute(
        "SELECT sample_id, feature_id, sum(sum)::DOUBLE AS total FROM activations GROUP BY sample_id, feature_id "
        "ORDER BY sample_id, feature_id"
    )
    found = {name: np.asarray(column) for name, column in rows.fetchnumpy().items()}
    sample, target = found["sample_id"], wanted[found["feature_id"]]
    own = found["total"] / np.maximum(analysis.counts.scored_tokens[sample], 1)
    n = analysis.n_samples
    shared = np.bincount(sample, np.minimum(own, target), minlength=n)
    # Where the sample is silent the maximum is the target's own value: all of it, and what the sample has above it.
    either = wanted.sum() + np.bincount(sample, np.maximum(own - target, 0), minlength=n)
    return np.where(either > 0, shared / np.where(either > 0, either, 1), 0.0)


def neuron_overlap(analysis: Analysis, capability: Capability) -> np.ndarray:
    """Mean weight of a sample's strongest neurons in the set's profile, float64 (n)."""
    capability.require(analysis)
    weights = capability.part("neurons").astype(np.float64)
    score, kept = np.zeros(analysis.n_samples), min(TOP, weights.shape[1])
    for layer, own in enumerate(weights):
        at = 0
        for ids in strongest_neurons(analysis, layer):
            score[at : at + len(ids)] += own[ids].sum(axis=1)
            at += len(ids)
        assert at == analysis.n_samples, f"{at} rows of {analysis.n_samples} samples in layer {layer}"
    return score / (kept * len(weights))


def bm25(analysis: Analysis, capability: Capability) -> np.ndarray:
    """BM25 of every sample's scored tokens, float64 (n); idf = ln(1 + (n − df + ½) / (df + ½)); the query's counts weigh.

    Tokens are those of the model's own tokenizer; what the pool never says counts for nothing.
    """
    capability.require(analysis)
    query = capability.part("tokens")
    table = analysis.cursor().sql("SELECT token_ids, roles FROM tokens ORDER BY sample_id").to_arrow_table()
    lists = table["token_ids"].combine_chunks()
    lengths = np.asarray(lists.value_lengths()).astype(np.int64)
    ids = np.asarray(lists.flatten())
    roles = np.asarray(table["roles"].combine_chunks().flatten())
    pointer = np.concatenate([[0], np.cumsum(lengths)])
    scored = roles < UNSCORED_ROLES
    scored[pointer[:-1][lengths > 0]] = False  # position 0 counts nowhere
    return _bm25(ids, pointer, scored, query.astype(np.float64) / max(1, query.sum()))


@njit(cache=True, nogil=True)
def _bm25(ids, pointer, scored, query):
    n = pointer.size - 1
    rows_with = np.zeros(query.size, np.int64)
    length = np.zeros(n, np.float64)
    count = np.zeros(query.size, np.int64)
    for sample in range(n):
        for at in range(pointer[sample], pointer[sample + 1]):
            if scored[at]:
                length[sample] += 1
                rows_with[ids[at]] += count[ids[at]] == 0
                count[ids[at]] += 1
        for at in range(pointer[sample], pointer[sample + 1]):
            count[ids[at]] = 0
    mean = max(length.sum() / max(n, 1), 1e-9)
    score = np.zeros(n, np.float64)
    for sample in range(n):
        for at in range(pointer[sample], pointer[sample + 1]):
            count[ids[at]] += scored[at]
        for at in range(pointer[sample], pointer[sample + 1]):
            token = ids[at]
            if count[token] > 0:
                idf = np.log(1 + (n - rows_with[token] + 0.5) / (rows_with[token] + 0.5))
                often = count[token] * (K1 + 1) / (count[token] + K1 * (1 - B + B * length[sample] / mean))
                score[sample] += query[token] * idf * often
                count[token] = 0
    return score
