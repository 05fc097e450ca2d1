"""Words and runs of words: normalised alike in every writing, numbered without collisions."""

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores.ngrams import Grams, Spoken, Vocabulary, word_spans, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't STOP_now: 1,319 ____", ["don", "t", "stop", "now", "1", "319"]),
        ("ﬁne Straße ＡＢＣ", ["fine", "strasse", "abc"]),
        ("自然语言 processing", ["自", "然", "语", "言", "processing"]),
        ("ｶﾞ ガ", ["ガ", "ガ"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("e\u0301té été", ["été", "été"]),
        ("co\u00adop co\u200bop", ["coop", "co", "op"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("", []),
        ("…!?", []),
    ],
)
def test_words_are_normalised_and_told_apart_in_every_script(text, found):
    assert words(text) == found


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_spans_give_the_same_words_in_order_and_stand_inside_the_text(text):
    spans = word_spans(text)
    assert [word for word, _, _ in spans] == words(text)
    for word, start, end in spans:
        assert 0 <= start < end <= len(text)
        assert set(word) <= set(unicodedata.normalize("NFKC", text[start:end]).casefold())
    assert all(one[1] <= two[1] for one, two in pairwise(spans))


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_text_is_split_the_same_on_the_short_way(text):
    assert words(text) == words(text + " é")[:-1]


NUMBERS = st.lists(st.lists(st.integers(1, 3), max_size=25), min_size=1, max_size=6)


@given(st.integers(2, 13), NUMBERS, NUMBERS)
@settings(max_examples=150, deadline=None)
def test_runs_have_the_same_number_exactly_if_they_are_the_same(n, corpus, others):
    spoken = Spoken.of(corpus)
    grams = Grams.learn(spoken.numbers, n)
    known = {tuple(text[at : at + n]) for text in corpus for at in range(len(text) - n + 1)}
    assert len(grams) == len(known)
    named = {}
    for texts in (corpus, others):
        looked = Spoken.of(texts)
        found = grams.number(looked.numbers)
        for at, number in enumerate(found.tolist()):
            run = tuple(looked.numbers[at : at + n].tolist())
            assert (number > 0) == (run in known)
            if number:
                assert named.setdefault(run, number) == number
    assert len(set(named.values())) == len(named)


def test_a_vocabulary_knows_what_it_learned_and_nothing_else():
    vocabulary = Vocabulary()
    assert vocabulary.learn(["a", "b", "a"]) == [1, 2, 1]
    assert vocabulary.look_up(["b", "c"]) == [2, 0]
    assert vocabulary.spell([2, 1]) == ("b", "a")
    vocabulary.learn(["c"])
    assert vocabulary.spell([3]) == ("c",)


def test_nothing_is_found_where_nothing_was_learned():
    empty = Grams.learn(np.zeros(0, np.int64), 13)
    assert len(empty) == 0 and not empty.number(np.array([1, 2, 3] * 9)).any()
