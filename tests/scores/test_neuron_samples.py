"""Both ends of every neuron, and the tokens that stand out there: beside sorts and counts in plain Python."""

import math
from collections import Counter

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.neuron_samples import ENDS, end_samples, ends_of, kept_words, values_of_neuron
from core.scores.neuron_words import samples_with_token, standing_out
from core.store.analyses import open_analysis
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.vectors import neurons_in_layer, vectors_in_layer
from tests.made import SAMPLES, SHAPE, WORDS, made_analysis

FEW = Budgets(vectors=40_000)  # not every neuron of 60 samples


def sorted_ends(values):
    known = [i for i in range(len(values)) if not np.isnan(values[i])]
    up = sorted(known, key=lambda i: (-values[i], i))[:ENDS]
    down = sorted(known, key=lambda i: (values[i], i))[:ENDS]
    return [row + [-1] * (ENDS - len(row)) for row in (up, down)]


@pytest.mark.parametrize("site", ["mlp", "residual"])
def test_the_ends_of_every_neuron_are_those_of_a_sort_with_ties_to_the_lowest_sample(made, site):
    analysis = open_analysis(made, "made")
    found = end_samples(analysis, site=site)
    for layer in range(SHAPE.layers):
        rows = neurons_in_layer(analysis, layer).means if site == "mlp" else vectors_in_layer(analysis, layer)[0]
        for neuron in range(0, rows.shape[1], 1 if site == "residual" else 11):
            values = values_of_neuron(analysis, layer, neuron, site=site)
            assert np.array_equal(values, rows[:, neuron].astype(np.float32))
            assert [found.highest[layer, neuron].tolist(), found.lowest[layer, neuron].tolist()] == sorted_ends(values)
            up, down = ends_of(values, ENDS)
            assert [up.tolist(), down.tolist()] == sorted_ends(values)
    again = end_samples(analysis, site=site)
    assert np.array_equal(again.highest, found.highest) and np.array_equal(again.lowest, found.lowest)


def test_where_only_the_strongest_are_kept_the_ends_are_of_samples_that_keep_it(made):
    analysis = made_analysis(made, Dataset(made, "made"), id="few", budgets=FEW)
    assert analysis.contents.neurons == "strongest" and "64 strongest" in kept_words(analysis)
    found = end_samples(analysis)
    for layer in range(SHAPE.layers):
        kept = neurons_in_layer(analysis, layer)
        for neuron in range(0, SHAPE.neurons, 19):
            values = np.full(SAMPLES, np.nan, np.float32)
            for sample in range(SAMPLES):
                place = np.flatnonzero(kept.ids[sample] == neuron)
                if len(place):
                    values[sample] = kept.means[sample, place[0]]
            np.testing.assert_array_equal(values_of_neuron(analysis, layer, neuron), values)
            assert [found.highest[layer, neuron].tolist(), found.lowest[layer, neuron].tolist()] == sorted_ends(values)


def test_equal_values_and_both_zeros_go_to_the_lowest_sample():
    values = np.array([0.0, -0.0, 2.0, 2.0, np.nan, -1.0, -1.0], np.float32)
    up, down = ends_of(values, 3)
    assert up.tolist() == [2, 3, 0] and down.tolist() == [5, 6, 0]


def test_tokens_stand_out_by_how_many_of_the_samples_have_them_against_all(made):
    analysis = open_analysis(made, "made")
    said = {}
    for sample in range(SAMPLES):
        texts, roles = analysis.tokens_of(sample)
        said[sample] = {text.strip() for text, role in list(zip(texts, roles, strict=True))[1:] if role < 254}
    everywhere = Counter(text for own in said.values() for text in own)
    assert samples_with_token(analysis).sum() == sum(everywhere.values())
    rows = np.array([[3, 8, 9, 20], [1, 2, 40, -1], [5, -1, -1, -1], [-1, -1, -1, -1]])
    for row, found in zip(rows, standing_out(analysis, rows, words=5), strict=True):
        ids = [i for i in row.tolist() if i >= 0]
        counts = Counter(text for i in ids for text in said[i])
        scores = {
            text: n / len(ids) * math.log((n / len(ids)) / (everywhere[text] / SAMPLES))
            for text, n in counts.items()
            if n > 1
        }
        wanted = sorted((t for t in scores if scores[t] > 0), key=lambda t: (-scores[t], int(t[1:])))[:5]
        assert list(found) == wanted
    assert len(samples_with_token(analysis)) == WORDS


@pytest.mark.parametrize("place", [(2, 0), (0, 100), (-1, 0)])
def test_a_neuron_that_is_not_there_is_one_sentence(made, place):
    with pytest.raises(GamutError, match="There is no neuron"):
        values_of_neuron(open_analysis(made, "made"), *place)
