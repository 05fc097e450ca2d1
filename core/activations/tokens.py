"""Conversations to tokens, each token with its role, special and template tokens marked as such."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.activations.template import Rendered, Span, by_chat_template, render
from core.datasets.sample import RESPONSE_ROLES, ROLES, SPECIAL, TEMPLATE, Turn
from core.errors import GamutError

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

    def padded(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of samples padded on the right, int64 (n, longest), and each one's index into all tokens (−1: padding)."""
        lengths = self.lengths[samples]
        places = np.arange(lengths.max())
        index = np.where(places < lengths[:, None], self.indptr[samples][:, None] + places, -1)
        return np.where(index >= 0, self.ids[index], 0).astype(np.int64), index

    def scored(self, index: np.ndarray) -> np.ndarray:
        """Which tokens count, bool, of those at an index into all tokens; padding (−1) does not."""
        return (index >= 0) & (self.sides[index] != UNSCORED)


def tokenise(
    conversations: Iterable[tuple[Turn, ...]],
    tokenizer,
    *,
    max_length: int,
    template: str = "auto",
    bos: bool | None = None,
) -> Tokens:
    """Render and tokenise conversations in order, keeping the first `max_length` tokens of each and counting the rest.

    `tokenizer` is a fast Hugging Face tokenizer. A token belongs to the role in whose words its last character lies.
    `template` as in `core.activations.template`; `bos` as in `tokenise_rendered`. Raises `GamutError` with the number of
    conversations that the template refuses, once all are seen.
    """
    # A chat template writes its own special tokens; a plain text gets those the tokenizer adds (BOS).
    plain = not by_chat_template(tokenizer, template)
    refused: list[tuple[int, GamutError]] = []
    seen = 0

    def rendered() -> Iterator[Rendered]:
        nonlocal seen
        for number, turns in enumerate(conversations):
            seen += 1
            try:
                said = render(turns, tokenizer, template=template)
            except GamutError as error:
                refused.append((number, error))
            else:
                if not refused:  # the first refusal decides; from there on they are only counted
                    yield said

    tokens = tokenise_rendered(rendered(), tokenizer, max_length=max_length, special=plain, bos=bos)
    if refused:
        first, error = refused[0]
        more = f"; {len(refused) - 1} more are refused" if len(refused) > 1 else ""
        raise GamutError(f"{error} That is conversation {first}{more}." if seen > 1 else str(error))
    return tokens


def tokenise_rendered(
    rendered: Iterable[Rendered], tokenizer, *, max_length: int, special: bool, bos: bool | None = None
) -> Tokens:
    """Tokenise texts that say which characters are whose; `special`: with the tokens that the tokenizer adds by itself.

    `bos`: True, every text begins with BOS, whether the tokenizer adds one or not; False, with none that the tokenizer
    would add; None, as the tokenizer has it. A BOS that a chat template writes stays, and is never doubled.
    """
    ids: list[np.ndarray] = []
    roles: list[np.ndarray] = []
    cut: list[int] = []
    words: list[int] = []
    encode = _Encoder(tokenizer, max_length, special=special, bos=bos)
    chunk: list[Rendered] = []
    for text in rendered:
        chunk.append(text)
        if len(chunk) == TOGETHER:
            encode(chunk, ids, roles, cut, words)
            chunk = []
    encode(chunk, ids, roles, cut, words)
    indptr = np.concatenate([[0], np.cumsum([len(piece) for piece in ids], dtype=np.int64)]).astype(np.int64)
    return Tokens(
        np.concatenate(ids) if ids else np.empty(0, np.int32),
        np.concatenate(roles) if roles else np.empty(0, np.uint8),
        indptr,
        np.array(cut, dtype=np.int32),
        np.array(words, dtype=np.int32),
    )


def begins(tokenizer) -> int | None:
    """The token that texts begin with: BOS, or EOS for tokenizers that know no BOS (as TransformerLens has it)."""
    return tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id


class _Encoder:
    """Encodes texts by the thousand."""

    def __init__(self, tokenizer, max_length: int, *, special: bool, bos: bool | None) -> None:
        self._tokenizer, self._max_length, self._special, self._bos = tokenizer, max_length, special, bos
        self._first = begins(tokenizer)
        self._known_special = np.array(sorted(set(tokenizer.all_special_ids)), dtype=np.int32)

    def __call__(self, chunk: list[Rendered], ids: list, roles: list, cut: list, words: list) -> None:
        if not chunk:
            return
        encoded = self._tokenizer(
            [rendered.text for rendered in chunk],
            add_special_tokens=self._special,
            return_offsets_mapping=True,
            return_attention_mask=False,
            verbose=False,
        )
        for rendered, token_ids, offsets in zip(chunk, encoded["input_ids"], encoded["offset_mapping"], strict=True):
            all_ids, places = self._begun(
                np.array(token_ids, dtype=np.int32), np.array(offsets, dtype=np.int64).reshape(-1, 2)
            )
            codes = role_codes(places, rendered.spans)
            codes[np.isin(all_ids, self._known_special)] = SPECIAL
            ids.append(all_ids[: self._max_length])
            roles.append(codes[: self._max_length])
            cut.append(max(0, len(all_ids) - self._max_length))
            words.append(int(np.count_nonzero(codes < len(ROLES))))

    def _begun(self, ids: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """With or without BOS, as asked."""
        there = len(ids) > 0 and ids[0] == self._first
        if self._bos is True and self._first is not None and not there:
            return np.r_[np.int32(self._first), ids].astype(np.int32), np.r_[[[0, 0]], places]
        added = there and places[0, 0] == places[0, 1]  # one that a text itself holds has characters
        return (ids[1:], places[1:]) if self._bos is False and added else (ids, places)


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


def token_texts(tokenizer, ids: Iterable[int]) -> list[str]:
    """The text of every token by itself; bytes that are no text show as �, and a blank in front stays."""
    ids = [int(token) for token in ids]
    texts = tokenizer.batch_decode([[token] for token in ids], clean_up_tokenization_spaces=False)
    raw = tokenizer.convert_ids_to_tokens(ids)
    # SentencePiece marks a blank by ▁, and its decoder drops it at the beginning of a text: here every token is one.
    return [
        f" {text}" if token is not None and token.startswith("▁") and not text.startswith(" ") else text
        for text, token in zip(texts, raw, strict=True)
    ]
