"""The examples read first: the strongest, then those in the middle, each text once."""

import numpy as np

from core.activations.tokens import Tokens
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.feature_examples import in_band, median_strength, snippets, to_read
from core.store.features import examples_of
from tests.made import made_analysis, made_batch


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
            example, (texts, roles) = shown.example, analysis.tokens_of(shown.example.sample_id)
            assert shown.texts == texts[example.start : example.start + len(example.activations)]
            assert example.activations[example.position - example.start] == np.float16(example.strength)
            assert shown.before == any(role < 250 for role in roles[: example.start])
            assert shown.after == (example.start + len(shown.texts) < len(texts))
            assert roles[example.start] < 250  # what a template wrote is not at the ends


def test_examples_of_the_same_words_are_shown_once_and_counted(made):
    """Two samples of equal tokens light a feature alike, a third one a little less."""
    dataset = Dataset(made, "made")
    tokens = Tokens(
        np.array([1, 2, 3, 4, 1, 2, 3, 4, 1, 5, 3, 4] * 20, np.int32), np.array([255, 1, 1, 3] * 60, np.uint8),
        np.arange(0, 241, 4), np.zeros(60, np.int32), np.full(60, 3, np.int32),
    )  # fmt: skip
    strength = [5.0, 5.0, 4.5]
    lit = [[(2, 7, strength[i % 3])] if i < 6 else [(1, 8, 1.0)] for i in range(60)]
    batch = made_batch(tokens, lit, np.arange(60, dtype=np.int32))
    analysis = made_analysis(made, dataset, id="fedcba9876543210", batches=[batch])
    read = to_read(analysis, dataset, 7)
    assert [(s.example.sample_id, s.copies) for s in read.strong] == [(0, 3), (2, 1)]
    assert read.middling == []
    assert [s.copies for s in in_band(analysis, dataset, 7, read.strong[0].example.band)] == [3, 1]


def test_a_snippet_prefers_the_samples_asked_for(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    examples = examples_of(analysis, 4)
    wanted = np.zeros(analysis.n_samples, bool)
    wanted[[examples[3].sample_id, examples[5].sample_id]] = True
    inside, anywhere, nowhere = snippets(analysis, dataset, [(4, wanted), (4, None), (4, ~wanted & wanted)], around=3)
    assert inside.example.sample_id == examples[3].sample_id
    assert anywhere.example.sample_id == nowhere.example.sample_id == examples[0].sample_id
    assert len(inside.texts) <= 6
    assert inside.example.position - inside.example.start <= 3


def test_a_band_shows_all_its_examples(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    examples = examples_of(analysis, 4)
    band = examples[0].band
    found = [shown.example.sample_id for shown in in_band(analysis, dataset, 4, band)]
    assert found == [example.sample_id for example in examples if example.band == band]
