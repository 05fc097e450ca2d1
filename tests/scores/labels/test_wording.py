"""Evidence in words: pieces joined, blanks named, nothing said twice."""

import numpy as np

from core.scores.labels.corpus import Corpus
from core.scores.labels.evidence import AT, BEFORE, NEAR, PAIR, SLOT, TRIPLE, Evidence
from core.scores.labels.wording import quoted, worded

TEXTS = [" the", " fund", "ing", "amental", " cup", " of", " tea", "\n", ".", "W", "hat", " What", "�"]
THE, FUND, ING, AMENTAL, CUP, OF, TEA, LINE, DOT, W, HAT, WHAT, BROKEN = range(13)


def said(ids: list[int], active: list[int], *codes: int) -> tuple[str, list[str]]:
    """The wording of evidence found at places of one sample."""
    n = len(ids)
    corpus = Corpus(
        np.array(ids, np.int32), np.array([0, n]), np.ones(n, bool), np.zeros(1, np.uint8), np.zeros(1, np.int32), TEXTS
    )
    found = Evidence(np.array(codes), np.ones(len(codes)), np.full(len(codes), 5))
    return worded(corpus, found, np.array(active))


def pair(first: int, second: int) -> int:
    return PAIR * SLOT + first * len(TEXTS) + second


def test_a_piece_of_several_words_is_shown_with_them_and_of_one_word_as_that_word():
    ids = [THE, FUND, ING, THE, FUND, AMENTAL, THE]
    assert said(ids, [1, 4], AT * SLOT + FUND)[0] == "“fund” (funding, fundamental)"
    assert said(ids, [4], AT * SLOT + FUND)[0] == "“fundamental”"
    assert said(ids, [2], pair(FUND, ING))[0] == "“funding”"
    assert said(ids, [0, 3], AT * SLOT + THE)[0] == "“the”"


def test_pairs_are_whole_phrases_and_what_begins_a_line_is_said_so():
    ids = [CUP, OF, TEA, DOT, LINE, W, HAT, OF]
    assert said(ids, [2], pair(OF, TEA))[0] == "“of tea”"
    triple = TRIPLE * SLOT + (CUP * len(TEXTS) + OF) * len(TEXTS) + TEA
    assert said(ids, [2], triple)[0] == "“cup of tea”"
    assert said(ids, [5], pair(LINE, W))[0] == "“What” at the start of a line"


def test_nothing_is_said_twice_and_each_kind_has_its_lead():
    ids = [CUP, OF, TEA, OF, TEA]
    text, phrases = said(ids, [2, 4], AT * SLOT + TEA, pair(OF, TEA), BEFORE * SLOT + OF, NEAR * SLOT + CUP)
    assert text == "“tea” · after “of” · near “cup”"
    assert phrases == ["“tea”", "“of tea”", "after “of”", "near “cup”"]


def test_blanks_have_names_and_parts_of_letters_are_not_said():
    assert [quoted(text) for text in ("\n", "\n\n", "\t", " ", "", " a\n")] == [
        "line break", "line break", "tab", "space", "nothing", "“a↵”",
    ]  # fmt: skip
    assert said([THE, BROKEN, TEA], [1, 2], AT * SLOT + BROKEN, AT * SLOT + TEA)[0] == "“tea”"
    assert said([THE, BROKEN], [1], AT * SLOT + BROKEN)[0] == "“�”"
