"""How badly a model predicts the responses of samples: nats a token, by the tokens that their analysis read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.activations.analyse import usable_threads
from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.cancelled import Cancelled
from core.activations.model import LanguageModel, load_model
from core.activations.neuron_pass import stored_tokens
from core.activations.settings import AnalysisSettings
from core.activations.tokens import RESPONSE, Tokens
from core.store.analyses import Analysis

LOGITS = 1 << 26  # entries of the logits computed at once: 256 MiB in float32
TOGETHER = 512  # samples read from the store at once

Progress = Callable[[int, int, str], None]


def read_losses(
    folder: Path, analysis: Analysis, settings: AnalysisSettings, *, begin: int, progress: Progress, stop: Callable[[], bool]
) -> Iterator[np.ndarray]:  # fmt: skip
    """The mean −log P of the response tokens of samples `begin` and on, in pieces: float32, NaN where there is none.

    Raises `Cancelled` between two batches when `stop()` turns true; the pieces before are whole.
    """
    progress(0, 0, "loading the model")
    torch.set_num_threads(usable_threads())
    model = load_model(folder, dtype=settings.dtype)
    lengths = analysis.counts.tokens
    split = InPieces()
    total, done = int(lengths.sum(dtype=np.int64)), int(lengths[:begin].sum(dtype=np.int64))
    for first in range(begin, analysis.n_samples, TOGETHER):
        tokens = stored_tokens(analysis, np.arange(first, min(first + TOGETHER, analysis.n_samples)))
        found = np.full(len(tokens.lengths), np.nan, np.float32)
        for batch in plan_batches(tokens.lengths, _small(settings, model.vocabulary)):
            if stop():
                raise Cancelled
            for few, losses in split(batch, tokens.lengths, partial(_mean_loss, model, tokens)):
                found[few] = losses
                done += int(tokens.lengths[few].sum())
                progress(done, total, f"reading responses{split.note}")
        yield found


def _small(settings: AnalysisSettings, vocabulary: int) -> AnalysisSettings:
    """Batches whose logits fit in memory."""
    most = max(1, LOGITS // vocabulary)
    return AnalysisSettings(batch_tokens=min(settings.batch_tokens, most), batch_samples=settings.batch_samples)


@torch.inference_mode()
def _mean_loss(model: LanguageModel, tokens: Tokens, batch: np.ndarray) -> np.ndarray:
    lengths = tokens.lengths[batch]
    places = np.arange(lengths.max())
    index = np.minimum(tokens.indptr[batch][:, None] + places, len(tokens.ids) - 1)
    real = places < lengths[:, None]
    ids = torch.from_numpy(np.where(real, tokens.ids[index], 0).astype(np.int64))
    logits = model.causal(input_ids=ids.to(model.home), use_cache=False).logits[:, :-1].cpu()
    nats = nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
    answered = (real & (tokens.sides[index] == RESPONSE))[:, 1:]  # what a token is told by comes before it
    counted = answered.sum(axis=1)
    sums = (nats.view(len(ids), -1).numpy() * answered).sum(axis=1, dtype=np.float64)
    return np.where(counted > 0, sums / np.maximum(1, counted), np.nan).astype(np.float32)
