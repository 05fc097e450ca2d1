"""A model and an SAE, loaded and ready to run batches of tokens; several SAEs may read one model in the same pass."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.activations.back_off import Replan, read_in_pieces
from core.activations.batch import Batch
from core.activations.collect.collection import Collection
from core.activations.device import AUTO, carried, choose_device
from core.activations.identity import AnalysisIdentity
from core.activations.model import LanguageModel, load_model
from core.activations.neurons import mlp_projections, neurons_of
from core.activations.sae import SparseAutoencoder, check_pair, encode, fitted, load_any
from core.activations.settings import AnalysisSettings
from core.activations.states import StateReader, States, read_together
from core.activations.template import by_chat_template
from core.activations.tokens import Tokens, token_texts, tokenise
from core.errors import GamutError
from core.store.contents import Budgets, Shape, decide


class Pass:
    """A model and an SAE, ready to run batches of tokens.

    `device` as `core.activations.device.choose_device` takes it. `trust`: run the model's own code. `beside`: a pass of
    the same model, whose weights are then shared instead of loaded once more.
    """

    def __init__(
        self, identity: AnalysisIdentity, *, threads: int, device: str = AUTO, trust: bool = False,
        beside: Pass | None = None,
    ) -> None:  # fmt: skip
        torch.set_num_threads(threads)
        place = beside.device if beside else choose_device(device)
        model = (
            beside.model
            if beside
            else load_model(identity.model.folder, dtype=identity.settings.dtype, device=place, trust=trust)
        )
        sae = load_any(identity.sae.ref, identity.sae.folder, dtype="float32", device=str(model.home))
        self._take(model, sae, identity.settings, place)

    @classmethod
    def of(cls, model: LanguageModel, sae: SparseAutoencoder, settings: AnalysisSettings, *, device: str) -> Pass:
        """A pass of a model and an SAE that are loaded already, on `device`."""
        made = cls.__new__(cls)
        made._take(model, sae, settings, device)
        return made

    def _take(self, model: LanguageModel, sae: SparseAutoencoder, settings: AnalysisSettings, device: str) -> None:
        self.device, self.model = device, model
        check_pair(self.model, sae)
        self.sae: SparseAutoencoder = fitted(self.model, sae)
        self.template = settings.template
        by_chat_template(self.model.tokenizer, self.template)  # a template that is not there is said before any work
        limits = [limit for limit in (settings.max_length, self.model.context, sae.context) if limit]
        if not limits:
            raise GamutError("Neither the model nor the SAE tells how many tokens it reads; say it with --max-length.")
        self.max_length = min(limits)
        self.projections = mlp_projections(self.model.blocks)
        self.reader = StateReader(
            self.model, self.projections, block=self.sae.block, every_layer=settings.every_layer,
            mask_massive=settings.mask_massive, site=self.sae.module(self.model),
        )  # fmt: skip
        self._may_overflow = settings.dtype == "float16"

    def tokenise(self, conversations) -> Tokens:
        """Tokens of conversations, cut at the context."""
        return tokenise(
            conversations,
            self.model.tokenizer,
            max_length=self.max_length,
            template=self.template,
            bos=self.sae.prepend_bos,
        )

    def vocabulary(self) -> list[str]:
        """The text of every token id, for readers without a tokenizer; bytes that are no text show as �."""
        return token_texts(self.model.tokenizer, range(len(self.model.tokenizer)))

    def shape(self) -> Shape:
        """Of model and SAE what decides the size of an analysis."""
        neurons = neurons_of(self.projections[0]) if self.projections else 0
        return Shape(self.sae.n_features, len(self.model.blocks), neurons, self.model.width, self.sae.block)

    def warm_up(self, tokens: Tokens, ids: np.ndarray) -> None:
        """Run a batch and forget it: compiling and loading kernels is then done."""
        collection = Collection(decide(1, self.shape(), Budgets()), None)
        for piece in read_in_pieces(0, ids, tokens.lengths, [Replan()], lambda few: self.run(tokens, few)):
            collection.add(piece)
        collection.take()

    def run(self, tokens: Tokens, ids: np.ndarray) -> Batch:
        """Run the samples `ids` of one batch through model and SAE."""
        return run_together([self], tokens, padded(tokens, ids))[0]

    def encoded(self, tokens: Tokens, batch: Padded, states: States) -> Batch:
        """What the SAE makes of states that were read of a batch."""
        if self._may_overflow and not np.isfinite(states.residuals).all():
            wrong = ~np.isfinite(states.residuals).all(axis=(0, 2))
            raise GamutError(
                f"The model's states outgrow float16 (sample {batch.ids[wrong][0]}): it holds nothing above 65 504; "
                "use --dtype bfloat16 or float32."
            )
        real = carried(batch.real, states.hook.device)
        found = encode(self.sae, states.hook.flatten(0, 1)[real])
        return Batch(tokens, batch.ids, states, *found, self.sae.n_features)


@dataclass(frozen=True, slots=True)
class Padded:
    """The samples `ids` of a batch as the model takes them.

    `token_ids` int64 (n, length), padded on the right; `scored` bool (n, length); `real` int64: the places of the tokens
    that are no padding, in the order of the samples, counted over (n · length).
    """

    ids: np.ndarray
    token_ids: torch.Tensor
    scored: torch.Tensor
    real: torch.Tensor


def padded(tokens: Tokens, ids: np.ndarray, *, pinned: bool = False) -> Padded:
    """Make a batch ready; `pinned`: in memory from which a CUDA device copies while it computes."""
    token_ids, index = tokens.padded(ids)
    made = [torch.from_numpy(values) for values in (token_ids, tokens.scored(index), np.flatnonzero(index >= 0))]
    return Padded(ids, *(values.pin_memory() if pinned else values for values in made))


def run_together(machines: Sequence[Pass], tokens: Tokens, batch: Padded) -> list[Batch]:
    """Run a batch through the model that the machines share once, and through the SAE of each."""
    states = read_together([machine.reader for machine in machines], batch.token_ids, batch.scored)
    return [machine.encoded(tokens, batch, own) for machine, own in zip(machines, states, strict=True)]


def usable_threads() -> int:
    """Threads for torch: the processors this process may use, and no more than OMP_NUM_THREADS where the user has set it.

    More threads than processors make it many times slower.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return min(own, max(1, int(asked))) if asked.isdecimal() else own
