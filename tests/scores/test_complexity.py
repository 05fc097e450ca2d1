"""How a sample is built: counts that a reader would agree with."""

import pytest

from core.datasets.sample import Turn
from core.scores.complexity import complexity_of, nesting_of, split_code

PROGRAM = "def f(x):\n    y = g(h(x), [1, 2])\n    return y\n"


def counted(*texts: str):
    return complexity_of([Turn("user" if at % 2 == 0 else "assistant", text) for at, text in enumerate(texts)])


def test_words_sentences_and_clauses_of_prose():
    found = counted("Why is it so? Well, it rained; then, at night, it froze.", "Yes.")
    assert found.turns == 2
    assert found.words == 13  # 4 + 8 + 1
    assert found.words_a_sentence == pytest.approx(13 / 3)
    assert found.clauses_a_sentence == pytest.approx((1 + 5 + 1) / 3)
    assert found.code_lines == 0 and found.nesting == 0


def test_a_number_or_an_address_ends_no_sentence():
    assert counted("Version 3.14 of example.org costs 1,000.50 now").words_a_sentence == pytest.approx(11)
    assert counted("Version 3.14 of example.org costs 1,000.50 now").clauses_a_sentence == 1


def test_full_stops_of_other_scripts_count():
    found = counted("今天下雨。明天，也许晴。")
    assert found.clauses_a_sentence == pytest.approx(1.5)


@pytest.mark.parametrize("text", [f"Try this:\n```python\n{PROGRAM}```\nDone.", f"Try this:\n{PROGRAM}Done."])
def test_code_is_counted_apart_from_prose_with_a_fence_or_without(text):
    found = counted(text)
    assert found.code_lines == 3
    assert found.nesting == 2
    assert found.words == 3


@pytest.mark.parametrize(
    "line",
    ["Return to sender.", "For example: apples, pears.", "If it rains (a lot), stay in.", "class of 1999", "1) First item",
     "Name: Anna", "from here to there", "- item; another"],
)  # fmt: skip
def test_prose_that_looks_a_little_like_code_is_prose(line):
    assert split_code(line)[1] == []


def test_a_fence_that_never_closes_is_code_to_the_end():
    assert len(split_code("a\n~~~\nx\ny\n```\nz")[1]) == 4


def test_brackets_that_never_opened_count_for_nothing():
    assert nesting_of(")))(()") == 2
    assert nesting_of("") == 0


def test_empty_text_has_nothing():
    found = counted("", "")
    assert (found.words, found.words_a_sentence, found.clauses_a_sentence) == (0, 0, 0)
