"""How many tokens texts have by the bundled tokenizer: an estimate for any other model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from core.workspace import BUNDLED_MODEL

PIECE = (
    20_000  # characters encoded at once: a text of 10 MB must not become one list of millions of tokens with offsets
)
# Where no token of the bundled tokenizer reaches across: between word and space, after a digit, after a Chinese stop.
BREAK = re.compile(r"(?<=[^\W_])(?=[ \n][^\W_])|(?<=[0-9])|(?<=[。，！？])(?=[^\W_])")
LONGEST = 200_000  # characters of one run without such a place; cut there, a count may be off by one a cut


def token_counts(texts: Sequence[str]) -> list[int]:
    """Tokens of each text, without special tokens; `tokenizers` only, no model is loaded."""
    pieces, owners = [], []
    for owner, text in enumerate(texts):
        for piece in _pieces(text):
            pieces.append(piece)
            owners.append(owner)
    counts = [0] * len(texts)
    for owner, encoding in zip(owners, _encoded(pieces), strict=True):
        counts[owner] += len(encoding.ids)
    return counts


def _encoded(pieces: list[str]):
    """Encodings in order, in batches that stay small together."""
    batch: list[str] = []
    held = 0
    for piece in pieces:
        if batch and held + len(piece) > 50 * PIECE:
            yield from _tokenizer().encode_batch_fast(batch, add_special_tokens=False)
            batch, held = [], 0
        batch.append(piece)
        held += len(piece)
    if batch:
        yield from _tokenizer().encode_batch_fast(batch, add_special_tokens=False)


def _pieces(text: str) -> list[str]:
    """A text cut into parts of about `PIECE` characters where no token is cut."""
    pieces, start = [], 0
    while len(text) - start > PIECE:
        longest = min(len(text), start + LONGEST)
        found = BREAK.search(text, start + PIECE, longest)
        end = found.start() if found else longest
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


@cache
def _tokenizer():
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(BUNDLED_MODEL / "tokenizer.json"))
