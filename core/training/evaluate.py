"""Held-out losses of the language model beside the Kneser–Ney trigram, token by token on the same tokens."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from core.training.corpus import SOURCES
from core.training.ngram import KneserNey
from core.training.residuals import batches
from core.training.windows import PLAIN, RESPONSE, Tokens

POSITIONS = (
    1,
    32,
    128,
    256,
    512,
    768,
    1024,
)  # bucket borders, in tokens from the document's BOS (position 0)


@dataclass(frozen=True, slots=True)
class Loss:
    """Mean nats per token of the model and of the trigram over the same `tokens` tokens."""

    name: str
    tokens: int
    model: float
    trigram: float


@torch.no_grad()
def model_nats(*, folder: Path, tokens: Tokens, context: int) -> np.ndarray:
    """-log P of every token (tokens,) under the saved model in fp32, each document alone from its BOS.

    NaN for BOS and for what lies beyond `context` tokens.
    """
    model = AutoModelForCausalLM.from_pretrained(str(folder), local_files_only=True, dtype=torch.float32).eval()
    loss = np.full(len(tokens.ids), np.nan)
    slices = [
        slice(tokens.document(d).start, min(tokens.document(d).stop, tokens.document(d).start + context))
        for d in range(len(tokens))
    ]
    for batch in batches([(d, s.stop - s.start) for d, s in enumerate(slices)]):
        ids = torch.zeros(len(batch), max(slices[d].stop - slices[d].start for d in batch), dtype=torch.int64)
        for i, d in enumerate(batch):
            row = torch.from_numpy(tokens.ids[slices[d]].astype(np.int64))
            ids[i, : len(row)] = row
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        for i, d in enumerate(batch):
            length = slices[d].stop - slices[d].start
            scores = torch.log_softmax(model.lm_head(hidden[i, : length - 1]), dim=-1)
            found = scores.gather(1, ids[i, 1:length, None])[:, 0]
            loss[slices[d].start + 1 : slices[d].stop] = -found.numpy()
    return loss


def compare(*, tokens: Tokens, model: np.ndarray, trigram: np.ndarray, prefix: str = "") -> list[Loss]:
    """Losses over response tokens, over running text, by source, and by position (all tokens) of one part."""
    owner = np.repeat(np.arange(len(tokens)), np.diff(tokens.starts))
    source, position = tokens.sources[owner], np.arange(len(owner)) - tokens.starts[owner]
    spoken = (tokens.roles == RESPONSE) | (tokens.roles == PLAIN)
    masks = [("response tokens", tokens.roles == RESPONSE), ("all tokens", np.ones(len(owner), bool))]
    masks += [(SOURCES[s].name, spoken & (source == s)) for s in np.unique(tokens.sources)]
    masks += [
        (f"positions {low}-{high - 1}", (position >= low) & (position < high))
        for low, high in itertools.pairwise(POSITIONS)
    ]
    return [mean_loss(prefix + name, mask, model, trigram) for name, mask in masks]


def mean_loss(name: str, mask: np.ndarray, model: np.ndarray, trigram: np.ndarray) -> Loss:
    """The two means over the tokens of `mask` that both score; NaN where there are none."""
    both = mask & ~np.isnan(model) & ~np.isnan(trigram)
    if not both.any():
        return Loss(name, 0, float("nan"), float("nan"))
    return Loss(name, int(both.sum()), float(model[both].mean()), float(trigram[both].mean()))


def evaluate(*, folder: Path, parts: dict[str, Tokens], trigram: KneserNey, context: int) -> dict[str, list[Loss]]:
    """Losses of the saved model and the trigram on the held-out tasks and rows."""
    return {
        part: compare(
            tokens=parts[part],
            model=model_nats(folder=folder, tokens=parts[part], context=context),
            trigram=trigram.nats(parts[part]),
        )
        for part in ("tasks", "rows")
    }


def as_table(losses: Sequence[Loss]) -> str:
    """A Markdown table of losses, lines without tokens left out."""
    lines = ["| tokens of | count | model | trigram | gain |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {loss.name} | {loss.tokens:,} | {loss.model:.3f} | {loss.trigram:.3f} | {loss.trigram - loss.model:.3f} |"
        for loss in losses
        if loss.tokens
    ]
    return "\n".join(lines)
