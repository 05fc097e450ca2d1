"""The examples read first: the strongest, then those in the middle, each text once."""

import numpy as np

from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.feature_examples import in_band, median_strength, to_read
from core.store.features import examples_of


def test_the_strongest_come_first_and_the_middling_lie_around_the_median(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    for feature in range(0, analysis.n_features, 5):
        read, examples = to_read(analysis, dataset, feature), examples_of(analysis, feature)
        strengths = [strength for _, strength, _ in analysis.strongest_of(feature, limit=1000)]
        assert median_strength(analysis, feature) == np.sort(strengths)[(len(strengths) - 1) // 2]
        assert [s.example.sample_id for s in read.strong] == [e.sample_id for e in examples[:5]]
        rest = sorted(abs(e.strength - read.median) for e in examples[5:])[:5]
        assert sorted(abs(s.example.strength - read.median) for s in read.middling) == rest
        for shown in (*read.strong, *read.middling):
            example, texts = shown.example, analysis.tokens_of(shown.example.sample_id)[0]
            assert shown.texts == texts[example.start : example.start + len(example.activations)]
            assert shown.before == (example.start > 0)
            assert shown.after == (example.start + len(shown.texts) < len(texts))


def test_a_band_shows_all_its_examples(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    examples = examples_of(analysis, 4)
    band = examples[0].band
    found = [shown.example.sample_id for shown in in_band(analysis, dataset, 4, band)]
    assert found == [example.sample_id for example in examples if example.band == band]
