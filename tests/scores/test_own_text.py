"""A text of one's own beside the data set equals plain loops over the same numbers."""

import math

import numpy as np
import pytest

from core.activations.reading import Reading
from core.scores.feature_sets import FeatureSets
from core.scores.nearest import nearest
from core.scores.own_text import features_here, like_samples, neurons_here, rare_and_new
from core.store.analyses import open_analysis
from core.store.vectors import layer_means
from tests.made import FEATURES, SHAPE


def reading_of(lit: list[dict[int, float]], neurons=None) -> Reading:
    """A reading of as many tokens, each lighting the features given."""
    pointer = np.cumsum([0, *(len(token) for token in lit)]).astype(np.int64)
    features = np.array([f for token in lit for f in sorted(token)], np.int32)
    values = np.array([token[f] for token in lit for f in sorted(token)], np.float32)
    ids, means = neurons or (np.empty((0, 0), np.int32), np.empty((0, 0), np.float32))
    counted = np.ones(len(lit), bool)
    texts = tuple(f"t{i}" for i in range(len(lit)))
    return Reading(texts, np.zeros(len(lit), np.uint8), counted, pointer, features, values, ids, means, 0)


def test_features_of_a_text_stand_beside_the_data_set_the_relatively_strongest_first(made):
    analysis = open_analysis(made, "made")
    table = analysis.cursor().execute("SELECT feature_id, samples, max FROM features").fetchall()
    known = {feature: (samples, most) for feature, samples, most in table}
    rng = np.random.default_rng(4)
    lit = [
        {int(f): float(np.float32(rng.exponential() + 0.1)) for f in rng.choice(FEATURES, 9, replace=False)}
        for _ in range(7)
    ]
    lit[2][5] = lit[4][5] = 7.5  # a tie: the first token
    found = features_here(analysis, reading_of(lit))
    expected = []
    for feature in {f for token in lit for f in token}:
        values = [token.get(feature, 0.0) for token in lit]
        samples, most = known[feature]
        relative = max(values) / most if most else math.inf
        place, times = values.index(max(values)), sum(v > 0 for v in values)
        expected.append((-relative, feature, pytest.approx(max(values)), times, place, samples))
    expected.sort(key=lambda row: row[:2])
    assert [
        (pytest.approx(-h.relative), h.feature_id, h.max, h.tokens, h.position, h.samples) for h in found
    ] == expected
    assert next(h for h in found if h.feature_id == 5).position == 2


def test_features_that_the_data_set_never_has_come_first_and_are_counted(made):
    analysis = open_analysis(made, "made")
    here = features_here(analysis, reading_of([{1: 0.1, 2: 0.2}]))
    unseen = type(here[0])(39, 0.001, 1, 0, 0, math.inf)
    assert rare_and_new(analysis, [*here, unseen]) == (0, 1)
    assert features_here(analysis, reading_of([{}])) == [] and rare_and_new(analysis, []) == (0, 0)


def test_samples_like_a_text_are_those_near_a_sample_with_the_same_features():
    """A text with the features of sample 0 stands where sample 0 stands; itself is then the nearest of all."""
    rng = np.random.default_rng(2)
    rows = [np.sort(rng.choice(FEATURES, 6, replace=False)).astype(np.int32) for _ in range(30)]
    pointer = np.cumsum([0, *map(len, rows)])
    sets = FeatureSets(pointer, np.concatenate(rows), FEATURES)
    cut = np.full(FEATURES, 0.5, np.float32)
    reading = reading_of([{int(f): 0.6 for f in rows[0]} | {38: 0.5, 39: 0.4}])  # those not above the cut do not count
    active, found = like_samples(sets, cut, reading, limit=30)
    assert active == 6
    assert (found[0].sample_id, found[0].shared, found[0].jaccard) == (0, 6, 1.0) and found[0].likeness == 1.0
    assert found[1:] == nearest(sets, 0, limit=29)
    assert like_samples(sets, cut, reading_of([{1: 0.1}])) == (0, [])


def test_neurons_stand_beside_their_mean_over_the_data_set(made):
    analysis = open_analysis(made, "made")
    ids = np.array([[3, 1], [0, SHAPE.neurons - 1]], np.int32)
    means = np.array([[-2.0, 1.0], [5.0, 4.0]], np.float32)
    usual = layer_means(analysis).means
    found = neurons_here(analysis, reading_of([{1: 1.0}], (ids, means)))
    assert [[n.neuron for n in layer] for layer in found] == ids.tolist()
    assert [[n.mean for n in layer] for layer in found] == means.tolist()
    assert [[n.usual for n in layer] for layer in found] == [[usual[0, 3], usual[0, 1]], [usual[1, 0], usual[1, 99]]]
    assert neurons_here(analysis, reading_of([{}])) == []
