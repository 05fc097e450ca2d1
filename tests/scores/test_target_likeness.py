"""Likeness to a capability's samples, beside plain loops."""

import math
from collections import Counter

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.capability import save_capability
from core.scores.target_likeness import UNSCORED_ROLES, bm25, likeness, mona, neuron_overlap
from core.store.analyses import open_analysis
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.vectors import neurons_in_layer
from tests.made import FEATURES, SAMPLES, SHAPE, made_analysis
from tests.scores.test_alignment import made_capability


@pytest.fixture
def pair(made):
    return open_analysis(made, "made"), save_capability(made, made_capability())


def test_mona_is_the_generalised_jaccard_of_plain_vectors(pair):
    analysis, capability = pair
    x = np.zeros((SAMPLES, FEATURES))
    for sample, feature, total in (
        analysis.cursor().execute("SELECT sample_id, feature_id, sum(sum) FROM activations GROUP BY ALL").fetchall()
    ):
        x[sample, feature] = total
    x /= analysis.counts.scored_tokens[:, None]
    t = capability.profile["features"].astype(float)
    expected = np.minimum(x, t).sum(axis=1) / np.maximum(x, t).sum(axis=1)
    assert np.allclose(mona(analysis, capability), expected, rtol=1e-5)
    assert 0 < expected.min() < expected.max() < 1


def test_neuron_overlap_counts_the_twenty_strongest_of_each_layer_whether_all_are_kept_or_not(made, pair):
    analysis, capability = pair
    expected = np.zeros(SAMPLES)
    for layer in range(SHAPE.layers):
        for sample, means in enumerate(neurons_in_layer(analysis, layer).means):
            order = sorted(range(SHAPE.neurons), key=lambda j, m=means: (-abs(float(m[j])), j))[:20]
            expected[sample] += sum(float(capability.profile["neurons"][layer, j]) for j in order)
    found = neuron_overlap(analysis, capability)
    assert np.allclose(found, expected / (20 * SHAPE.layers), rtol=1e-6)
    small = made_analysis(
        made, Dataset(made, "made"), id="fedcba9876543210", budgets=Budgets(vectors=2 * 60 * 2 * 100 * 2 - 2)
    )
    assert small.contents.neurons == "strongest"
    assert np.array_equal(neuron_overlap(small, capability), found)


def test_bm25_is_that_of_plain_counts(pair):
    analysis, capability = pair
    rows = analysis.cursor().execute("SELECT token_ids, roles FROM tokens ORDER BY sample_id").fetchall()
    said = [
        [token for at, (token, role) in enumerate(zip(ids, roles, strict=True)) if at and role < UNSCORED_ROLES]
        for ids, roles in rows
    ]
    assert [len(own) for own in said] == analysis.counts.scored_tokens.tolist(), "the tokens that count everywhere"
    rows_with = Counter(token for own in said for token in set(own))
    mean = sum(map(len, said)) / len(said)
    query = capability.profile["tokens"]
    expected = []
    for own in said:
        score = 0.0
        for token, often in Counter(own).items():
            idf = math.log(1 + (len(said) - rows_with[token] + 0.5) / (rows_with[token] + 0.5))
            score += query[token] / query.sum() * idf * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(own) / mean))
        expected.append(score)
    assert np.allclose(bm25(analysis, capability), expected)


def test_features_of_another_sae_and_parts_that_are_not_there_are_refused(made, pair):
    analysis, _ = pair
    other = save_capability(made, made_capability("other", sae="1"))
    with pytest.raises(GamutError, match="are of another SAE than those of analysis 'made'"):
        likeness(analysis, other, "mona")
    assert len(likeness(analysis, other, "bm25")) == SAMPLES
    bare = made_capability("bare")
    bare.profile.clear()
    bare = save_capability(made, bare)
    for rule, part in (("mona", "features"), ("neuron-overlap", "neurons"), ("bm25", "tokens")):
        with pytest.raises(GamutError, match=f"knows nothing of the {part} of its samples"):
            likeness(analysis, bare, rule)


def test_a_sample_without_tokens_that_count_shares_no_neurons(pair):
    analysis, capability = pair
    analysis.counts.scored_tokens[7] = 0
    found = neuron_overlap(analysis, capability)
    assert found[7] == 0 and (np.delete(found, 7) > 0).all()
