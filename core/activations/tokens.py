"""Conversations to tokens, each token with its role, special and template tokens marked as such."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.activations.template import Rendered, Span, render
from core.datasets.sample import RESPONSE_ROLES, ROLES, Turn

TEMPLATE, SPECIAL = 254, 255  # role codes beside the indices of ROLES
ROLE_CODE = {role: code for code, role in enumerate(ROLES)}
RESPONSE_CODES = np.array([ROLE_CODE[role] for role in sorted(RESPONSE_ROLES)], dtype=np.uint8)
PROMPT, RESPONSE, UNSCORED = 0, 1, 2  # the side of a conversation that pooling keeps apart
SIDE = np.full(256, UNSCORED, dtype=np.uint8)
SIDE[: len(ROLES)] = PROMPT
SIDE[RESPONSE_CODES] = RESPONSE
TOGETHER = 1024  # texts tokenised at once


@dataclass(frozen=True)
class Tokens:
    """Token ids (int32) and role codes (uint8) of all samples end to end; sample i is `indptr[i]:indptr[i+1]`.

    `cut`: int32 (n), tokens beyond the maximal length. `words`: int32 (n), tokens of the roles' own words before
    the cut: what a token budget counts.
    """

    ids: np.ndarray
    roles: np.ndarray
    indptr: np.ndarray
    cut: np.ndarray
    words: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Tokens kept of each sample, int64 (n)."""
        return np.diff(self.indptr)

    @cached_property
    def sides(self) -> np.ndarray:
        """Each token's side, uint8: PROMPT, RESPONSE, or UNSCORED for template, special and first tokens."""
        sides = SIDE[self.roles]
        # Position 0 of a causal model carries one constant, huge activation whatever the token is.
        sides[self.indptr[:-1][self.lengths > 0]] = UNSCORED
        return sides


def tokenise(conversations: Iterable[tuple[Turn, ...]], tokenizer, *, max_length: int) -> Tokens:
    """Render and tokenise conversations in order, keeping the first `max_length` tokens of each and counting the rest.

    `tokenizer` is a fast Hugging Face tokenizer. A token belongs to the role in whose words its last character lies.
    """
    # A chat template writes its own special tokens; a plain text gets those the tokenizer adds (BOS).
    rendered = (render(turns, tokenizer) for turns in conversations)
    return tokenise_rendered(rendered, tokenizer, max_length=max_length, special=not tokenizer.chat_template)


def tokenise_rendered(rendered: Iterable[Rendered], tokenizer, *, max_length: int, special: bool) -> Tokens:
    """Tokenise texts that say which characters are whose; `special`: with the tokens that the tokenizer adds by itself."""
    ids: list[np.ndarray] = []
    roles: list[np.ndarray] = []
    cut: list[int] = []
    words: list[int] = []
    chunk = []
    for text in rendered:
        chunk.append(text)
        if len(chunk) == TOGETHER:
            _encode(chunk, tokenizer, max_length, special, ids, roles, cut, words)
            chunk = []
    _encode(chunk, tokenizer, max_length, special, ids, roles, cut, words)
    indptr = np.concatenate([[0], np.cumsum([len(piece) for piece in ids], dtype=np.int64)]).astype(np.int64)
    return Tokens(
        np.concatenate(ids) if ids else np.empty(0, np.int32),
        np.concatenate(roles) if roles else np.empty(0, np.uint8),
        indptr,
        np.array(cut, dtype=np.int32),
        np.array(words, dtype=np.int32),
    )


def _encode(chunk, tokenizer, max_length, special, ids, roles, cut, words) -> None:
    if not chunk:
        return
    encoded = tokenizer(
        [rendered.text for rendered in chunk],
        add_special_tokens=special,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
    )
    known_special = np.array(sorted(set(tokenizer.all_special_ids)), dtype=np.int32)
    for rendered, token_ids, offsets in zip(chunk, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        all_ids = np.array(token_ids, dtype=np.int32)
        codes = role_codes(np.array(offsets, dtype=np.int64).reshape(-1, 2), rendered.spans)
        codes[np.isin(all_ids, known_special)] = SPECIAL
        ids.append(all_ids[:max_length])
        roles.append(codes[:max_length])
        cut.append(max(0, len(all_ids) - max_length))
        words.append(int(np.count_nonzero(codes < len(ROLES))))


def role_codes(offsets: np.ndarray, spans: tuple[Span, ...]) -> np.ndarray:
    """Role code of each token, uint8 (t), from character offsets int (t, 2): the role of its last character."""
    last = offsets[:, 1] - 1
    codes = np.full(len(offsets), TEMPLATE, dtype=np.uint8)
    starts = np.array([span.start for span in spans])
    ends = np.array([span.end for span in spans])
    of_role = np.array([ROLE_CODE[span.role] for span in spans], dtype=np.uint8)
    span = np.searchsorted(starts, last, side="right") - 1
    inside = (span >= 0) & (last < ends[np.maximum(span, 0)])
    codes[inside] = of_role[span[inside]]
    codes[offsets[:, 0] == offsets[:, 1]] = SPECIAL
    return codes
