"""Free texts as scorers: their words, and what they find."""

import numpy as np

from core.scores.labels.keywords import KeywordScorer, keywords, stem
from core.scores.labels.make import make_labels, offline_there
from core.scores.labels.measure_texts import corpus_of, measure_text
from tests.scores.labels.conftest import AT_WORD


def test_descriptions_are_reduced_to_the_words_they_are_about():
    assert keywords("references to volcanoes and “New York”") == {"volcano", "new york", "new", "york"}
    assert keywords("words related to specific terms") == frozenset()
    assert stem("running") == stem("runs")[:3] + "n" and stem("is") == "is" and stem("coffees") == "coffe"


def test_a_word_at_the_token_counts_twice_and_rare_words_more(corpus):
    texts = {0: "w3", 1: "w4 and w5", 2: "nothing here"}
    scorer = KeywordScorer(corpus, texts, random=corpus.places(1)[:200])
    place = int(next(p for p in corpus.places(1) if corpus.ids[p] == 3))
    start = int(corpus.pointer[corpus.sample_of[place]])
    before = set(corpus.ids[max(start, place - 15) : place].tolist())
    at, (none,) = scorer.scores(0, np.array([place]))[0], scorer.scores(2, np.array([place]))
    assert at > 0 and none == 0
    assert (scorer.scores(1, np.array([place]))[0] > 0) == bool(before & {4, 5})
    elsewhere = next(p for p in corpus.places(1) if 3 not in corpus.ids[max(0, p - 20) : p + 8])
    assert scorer.scores(0, np.array([elsewhere]))[0] == 0


def test_ones_own_words_are_measured_against_the_labels_of_others(analysis, dataset):
    if not offline_there(analysis):
        make_labels(analysis, dataset, progress=lambda done, total, note: None)
    corpus = corpus_of(analysis, dataset)
    right, wrong = (measure_text(analysis, corpus, AT_WORD, text) for text in ("the word w3", "the word w11"))
    assert right.explains and right.headline.value > 0.7
    assert wrong.explains is False
    unheard = measure_text(analysis, corpus, AT_WORD, "possessive pronouns")
    assert not unheard.measured and unheard.explains is None
    assert unheard.words() == "not measured: none of its words stands in the contexts held out"
    assert measure_text(analysis, corpus, 39, "anything") is None  # never active
