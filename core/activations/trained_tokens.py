"""What a trainer is shown of a conversation: its tokens under a tokenizer and template, and those it is trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.activations.by_jinja import tokens_by_jinja
from core.activations.by_slots import prepare, take_turns, tokens_by_slots
from core.activations.template import render
from core.activations.tokenizer_files import tokenizer_folder
from core.activations.tokens import RESPONSE_CODES, tokenise_rendered
from core.activations.trainer_templates import AXOLOTL, JINJA, LLAMA_FACTORY, OWN, trainer_of
from core.datasets.sample import SPECIAL, Turn
from core.errors import GamutError

TOGETHER = 512  # conversations at once
NO_LIMIT = 1 << 40


@dataclass(frozen=True, slots=True)
class TrainedRow:
    """One conversation: token ids int32 (t), which of them are trained on bool (t), and whether its turns alternate.

    Trained on is what the assistant says, tool calls included, and the token that ends its turn.
    """

    sample_id: int
    ids: np.ndarray
    trained: np.ndarray
    alternates: bool

    @property
    def runs(self) -> list[int]:
        """Lengths of the runs of tokens not trained on and trained on, in turn, the first not trained on (it may be 0)."""
        edges = np.flatnonzero(np.diff(self.trained.astype(np.int8))) + 1
        lengths = np.diff([0, *edges.tolist(), len(self.trained)]).tolist()
        return lengths if not len(self.trained) or not self.trained[0] else [0, *lengths]


def load_tokenizer(ref: str) -> PreTrainedTokenizerBase:
    """The fast tokenizer of "bundled", of a local folder, or of a hub model whose tokenizer was fetched; else `GamutError`."""
    folder = tokenizer_folder(ref)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise GamutError(f"The tokenizer in {folder} cannot be loaded: {str(error).splitlines()[0]}") from None
    if not tokenizer.is_fast:
        raise GamutError(f"The tokenizer in {folder} is a slow one; a fast tokenizer (tokenizer.json) is needed.")
    return tokenizer


def prepared(tokenizer: PreTrainedTokenizerBase, template: str) -> PreTrainedTokenizerBase:
    """The tokenizer as a trainer with this template uses it: changed in place, so load one for each template."""
    trainer, name = trainer_of(template)
    if trainer == LLAMA_FACTORY:
        prepare(tokenizer, name)
    elif trainer == AXOLOTL:
        tokenizer.chat_template = JINJA[name]
    return tokenizer


def trained_rows(
    conversations: Iterable[tuple[int, tuple[Turn, ...]]], tokenizer: PreTrainedTokenizerBase, *, template: str = OWN,
    tools: Callable[[list[int]], list[str]] = lambda ids: [""] * len(ids), progress: Callable[[int], None] = lambda _: None,
) -> Iterator[TrainedRow]:  # fmt: skip
    """Each conversation as a trainer is shown it, uncut, in the order given; `tokenizer` as `prepared` for the template.

    `tools`: what samples may call, as JSON, by their ids; only LLaMA-Factory's templates tell it.
    """
    trainer, name = trainer_of(template)
    found, done = iter(conversations), 0
    while chunk := list(islice(found, TOGETHER)):
        if trainer == LLAMA_FACTORY:
            made = tokens_by_slots(chunk, tokenizer, name, tools([sample_id for sample_id, _ in chunk]))
        elif trainer == AXOLOTL:
            made = tokens_by_jinja(chunk, tokenizer, name)
        else:
            made = list(_tokens_by_own(chunk, tokenizer))
        for (sample_id, turns), (ids, trained) in zip(chunk, made, strict=True):
            yield TrainedRow(sample_id, ids, trained, take_turns(turns))
        done += len(chunk)
        progress(done)


def _tokens_by_own(
    chunk: list[tuple[int, tuple[Turn, ...]]], tokenizer: PreTrainedTokenizerBase
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """By the tokenizer's chat template where it has one; else as plain text under headers, ended by its end-of-text token."""
    plain = not tokenizer.chat_template
    tokens = tokenise_rendered(
        (render(turns, tokenizer) for _, turns in chunk), tokenizer, max_length=NO_LIMIT, special=plain
    )
    for number in range(len(chunk)):
        own = slice(*tokens.indptr[number : number + 2])
        ids, roles = tokens.ids[own], tokens.roles[own]
        if plain and tokenizer.eos_token_id is not None:
            ids, roles = np.append(ids, np.int32(tokenizer.eos_token_id)), np.append(roles, np.uint8(SPECIAL))
        yield ids, _trained(roles)


def _trained(roles: np.ndarray) -> np.ndarray:
    said = np.isin(roles, RESPONSE_CODES)
    ends = np.zeros_like(said)
    ends[1:] = said[:-1] & (roles[1:] == SPECIAL)
    return said | ends
