"""The sentence above the curve: rows and tokens apart, so that neither long nor short rows are flattered."""

from dataclasses import replace

import pytest

from core.scores.answer import Answer
from pages.shared.answer_words import answer_words

SAID = Answer(
    rows=480, tokens=61_000, reached=2_000, live=4_000, random_rows=2_300, random_tokens=500_000, at_random=900
)


def words(**values):
    return answer_words(replace(SAID, **values), method="sae-greedy").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, "480 rows, 61k tokens reach the 2 000 features that 2 300 random rows (500k tokens) reach."),
        ({"random_tokens": 61_000}, "480 rows, 61k tokens reach the 2 000 features that 2 300 random rows (61k tokens) reach."),
        # few long rows: more random rows reach as much, and are the cheaper
        ({"random_tokens": 50_000}, "reach the 2 000 features that 2 300 random rows reach with fewer tokens (50k)."),
        # many short rows: fewer random rows reach as much, and are the dearer
        ({"random_rows": 300}, "reach 2 000 features; 300 random rows reach as many, but take more tokens (500k)."),
        ({"random_rows": 300, "random_tokens": 61_000}, "chance does better: 300 random rows (61k tokens) reach as many."),
        ({"random_rows": None}, "2 000 of 4 000 features, more than any random order does; as many random rows reach 900."),
        ({"reached": 0, "c": 10, "random_rows": 0}, "reach no feature in 10 rows or more; as many random rows reach 900."),
        ({"reached": 1, "c": 3}, "reach the 1 feature in 3 rows or more that 2 300 random rows"),
        ({"rows": 0}, "This budget is too small for a single row."),
    ],
)  # fmt: skip
def test_the_sentence_compares_rows_and_tokens_each_with_what_chance_needs(values, wanted):
    assert wanted in words(**values)
