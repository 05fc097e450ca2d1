"""Documents as token ids with a role for each token, and the endless seeded stream that training reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from transformers import PreTrainedTokenizerFast

from core.datasets.sample import RESPONSE_ROLES
from core.training.corpus import Document

TEMPLATE, PROMPT, RESPONSE, PLAIN = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """Documents end to end: `ids` uint16 (tokens), `roles` uint8 (tokens), `starts` int64 (documents + 1).

    Each document begins with BOS and ends with EOS; both count as template, as do headers and blank lines.
    `sources` int64 (documents) indexes `core.training.corpus.SOURCES`.
    """

    ids: np.ndarray
    roles: np.ndarray
    starts: np.ndarray
    sources: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def document(self, index: int) -> slice:
        """Where document `index` stands in `ids` and `roles`."""
        return slice(int(self.starts[index]), int(self.starts[index + 1]))


def tokenise(*, documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast, names: Sequence[str]) -> Tokens:
    """Token ids and roles; a token belongs to the role in whose span its first character stands."""
    ids: list[np.ndarray] = []
    roles: list[np.ndarray] = []
    for first in range(0, len(documents), 512):
        chunk = [document.rendered() for document in documents[first : first + 512]]
        encoded = tokenizer(
            [text.text for text in chunk],
            add_special_tokens=False,
            return_offsets_mapping=True,
            verbose=False,
        )
        for rendered, row, offsets in zip(chunk, encoded["input_ids"], encoded["offset_mapping"], strict=True):
            by_character = np.full(len(rendered.text) + 1, TEMPLATE if rendered.spans else PLAIN, np.uint8)
            for span in rendered.spans:
                by_character[span.start : span.end] = RESPONSE if span.role in RESPONSE_ROLES else PROMPT
            begins = np.asarray([begin for begin, _ in offsets], np.int64)
            ids.append(np.asarray([tokenizer.bos_token_id, *row, tokenizer.eos_token_id], np.uint16))
            roles.append(np.concatenate([[TEMPLATE], by_character[begins], [TEMPLATE]]).astype(np.uint8))
    lengths = np.asarray([len(row) for row in ids], np.int64)
    return Tokens(
        ids=np.concatenate(ids) if ids else np.zeros(0, np.uint16),
        roles=np.concatenate(roles) if roles else np.zeros(0, np.uint8),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        sources=np.asarray([names.index(document.source) for document in documents], np.int64),
    )


def save_tokens(tokens: Tokens, path: Path) -> None:
    """Write beside, then rename."""
    beside = path.with_suffix(".tmp")
    save_file({"ids": tokens.ids, "roles": tokens.roles, "starts": tokens.starts, "sources": tokens.sources}, beside)
    beside.replace(path)


def load_tokens(path: Path) -> Tokens:
    """What `save_tokens` wrote."""
    return Tokens(**load_file(path))


class Stream:
    """Training documents, shuffled anew each epoch and joined: token `i` of the stream is a function of the
    seed alone.

    So a batch is found by its step number, and a resumed run reads what an undisturbed one would have read.
    """

    def __init__(self, *, tokens: Tokens, seed: int) -> None:
        self.tokens = tokens
        self.seed = seed
        self._epoch = -1
        self._ids = np.zeros(0, np.uint16)

    def take(self, first: int, count: int) -> np.ndarray:
        """Tokens `first : first + count` of the stream, int64."""
        size = len(self.tokens.ids)
        pieces = []
        while count > 0:
            epoch, at = divmod(first, size)
            piece = self._epoch_ids(epoch)[at : at + count]
            pieces.append(piece.astype(np.int64))
            first += len(piece)
            count -= len(piece)
        return np.concatenate(pieces)

    def _epoch_ids(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.tokens))
            self._ids = np.concatenate([self.tokens.ids[self.tokens.document(int(i))] for i in order])
            self._epoch = epoch
        return self._ids
