"""What a feature is called in a line."""

from pages.shared.feature_words import LONGEST, cut


def test_a_long_label_is_cut_between_phrases_and_never_within_brackets_or_quotation_marks():
    phrase = "“disapp” (disappointed, disappear, disappointing)"
    assert cut(f"“me”, “retrie” (retrieval, retrieved, retrieves), {phrase}, “more”") == (
        "“me”, “retrie” (retrieval, retrieved, retrieves) …"
    )
    assert cut("after “.” · " + phrase * 3) == "after “.” …"
    assert cut("“(, (, (”, “b” · " + "x" * LONGEST) == "“(, (, (”, “b” …"


def test_free_text_is_cut_between_words_and_short_text_stays():
    said = cut("references to coffee " * 9)
    assert said.endswith(" …") and len(said) <= LONGEST + 2 and said[:-2] in "references to coffee " * 9
    assert cut("short") == "short" and cut("x" * 200) == "x" * LONGEST + " …"
