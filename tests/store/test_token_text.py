"""Letters that several tokens share are read from the conversation; tokens stay as many as they were."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.store.token_text import BROKEN, mended

LETTERS = st.text(st.sampled_from("ab éß語👩\u200d\n"), min_size=1, max_size=40)


def split(text: str, sizes: list[int]) -> list[str]:
    """The text's bytes in pieces, each decoded by itself, as a byte-level tokenizer's vocabulary has them."""
    raw, out, at = text.encode(), [], 0
    while at < len(raw):
        size = sizes[len(out) % len(sizes)]
        out.append(raw[at : at + size].decode("utf-8", "replace"))
        at += size
    return out


def test_a_letter_of_two_tokens_is_read_from_the_turn_and_the_next_ones_too():
    texts = ["<s>", "### ", " men", "\ufffd", "\ufffd", " de", " r", "\ufffd", "\ufffd", "p", "!"]
    roles = [255, 254, 1, 1, 1, 1, 1, 1, 1, 1, 254]
    read = mended(texts, roles, "Hazme un menú de ráp")
    assert read == ["<s>", "### ", " men", "ú", "", " de", " r", "á", "", "p", "!"]


def test_what_is_not_found_stays_broken():
    assert mended(["a", "\ufffd", "b"], [1, 1, 1], "something else") == ["a", BROKEN, "b"]
    assert mended(["\ufffd"], [1], "é") == [BROKEN]


@settings(max_examples=200, deadline=None)
@given(LETTERS, st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_what_was_whole_is_never_changed_and_all_tokens_stay(text, sizes):
    texts = split(text, sizes)
    read = mended(texts, [1] * len(texts), text)
    assert len(read) == len(texts)
    assert all(new == old for new, old in zip(read, texts, strict=True) if BROKEN not in old)
    if all(BROKEN not in piece for piece in read) and len(set(text)) == len(text):
        assert "".join(read) == text
