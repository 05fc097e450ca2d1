"""A model ready to be read at one place, over the samples of a data set: those to train on, and those held out."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from sae_lens.saes.sae import SAEMetadata, TrainingSAE

from core.activations.analyse import usable_threads
from core.activations.device import AUTO, choose_device
from core.activations.model import load_model
from core.activations.sae import module_at
from core.activations.scored_states import ScoredStates, scored_counts
from core.activations.settings import AnalysisSettings
from core.activations.template import by_chat_template
from core.activations.tokens import Tokens, begins, tokenise
from core.errors import GamutError
from core.store.datasets import Dataset
from core.training.architectures import new_sae
from core.training.own.identity import TrainingIdentity
from core.training.own.settings import (
    DECAY,
    HELD_OUT,
    REVIVE,
    SLEEPS,
    WARM_UP,
    TrainingPlan,
    check_block,
    plan_training,
)
from core.training.sae_steps import Schedule

HELD_OUT_MOST = 1000  # samples: the fit card reads no more


class Machine:
    """The model of a training and what it reads; `device` and `trust` as in an analysis."""

    def __init__(self, identity: TrainingIdentity, *, device: str = AUTO, trust: bool = False) -> None:
        torch.set_num_threads(usable_threads())
        settings = self.settings = identity.settings
        self.identity = identity
        self.device = choose_device(device)
        self.model = load_model(identity.model.folder, dtype=settings.dtype, device=self.device, trust=trust)
        check_block(settings.block, len(self.model.blocks))
        by_chat_template(
            self.model.tokenizer, settings.template
        )  # a template that is not there is said before any work
        limits = [limit for limit in (settings.max_length, self.model.context) if limit]
        if not limits:
            raise GamutError("The model does not tell how many tokens it reads; say it with --max-length.")
        self.max_length = min(limits)
        self.module = module_at(self.model, settings.read_block, settings.site)
        self.reader = ScoredStates(self.model, settings.read_block, self.module, self.model.width)
        self.reading = AnalysisSettings(max_length=self.max_length, dtype=settings.dtype, template=settings.template)

    def tokenise(self, dataset: Dataset, ids: np.ndarray, *, bos: bool | None = None) -> Tokens:
        """Tokens of samples as an analysis of them would have them."""
        return tokenise(
            (turns for _, turns in dataset.conversations(ids.tolist())), self.model.tokenizer,
            max_length=self.max_length, template=self.settings.template, bos=bos,
        )  # fmt: skip

    def begins_with_bos(self, tokens: Tokens) -> bool:
        """Whether texts begin with BOS, as an analysis with the SAE must have them again."""
        first = tokens.ids[tokens.indptr[:-1][tokens.lengths > 0]]
        return bool(len(first)) and all(first == begins(self.model.tokenizer))

    def fresh(self, plan: TrainingPlan, tokens: Tokens) -> TrainingSAE:
        """The autoencoder before its first step."""
        settings = self.settings
        metadata = SAEMetadata(
            model_name=self.identity.facts.name,
            hook_name=settings.hook,
            hf_hook_name=next(name for name, module in self.model.causal.named_modules() if module is self.module),
            context_size=self.max_length,
            prepend_bos=self.begins_with_bos(tokens),
            exclude_special_tokens=True,
            dataset_path=self.identity.dataset,
            model_class_name=type(self.model.causal).__name__,
        )
        return new_sae(
            settings.architecture, d_in=self.model.width, d_sae=plan.width, k=settings.k, steps=plan.steps,
            metadata=metadata, seed=settings.seed, device=str(self.model.home),
        )  # fmt: skip

    def schedule(self, plan: TrainingPlan) -> Schedule:
        """The steps of the plan."""
        return Schedule(
            steps=plan.steps, batch=plan.batch, lr=self.settings.rate, warmup=plan.steps // WARM_UP,
            decay=plan.steps // DECAY, dead_after=max(SLEEPS, plan.tokens // REVIVE),
        )  # fmt: skip


def split(dataset: Dataset, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples to train on (ascending) and samples held out (in a seeded order), int64; copies go the same way."""
    rows = dataset.cursor().execute("SELECT sample_id, content_hash FROM samples ORDER BY sample_id").fetchall()
    drawn = [hashlib.sha256(f"{seed} {text}".encode()).hexdigest() for _, text in rows]
    distinct = sorted(set(drawn))
    if len(distinct) < 2:
        raise GamutError(
            f"Distinct samples in the data set: {len(distinct)}; at least 2 are needed, as one is held out for the fit card: "
            "take a larger data set."
        )
    apart = set(distinct[: min(HELD_OUT_MOST, max(1, math.floor(HELD_OUT * len(distinct))))])
    train = [sample_id for (sample_id, _), key in zip(rows, drawn, strict=True) if key not in apart]
    held = sorted((key, sample_id) for (sample_id, _), key in zip(rows, drawn, strict=True) if key in apart)
    once = {key: sample_id for key, sample_id in reversed(held)}  # of copies the first
    return np.array(train, dtype=np.int64), np.array([once[key] for key in sorted(once)], dtype=np.int64)


def plan_of(machine: Machine, tokens: Tokens, *, held: int) -> TrainingPlan:
    """What the training reads of these tokens."""
    return plan_training(
        machine.settings, model_width=machine.model.width, available=int(scored_counts(tokens).sum()),
        samples=len(tokens.lengths), held_out=held, cut_samples=int(np.count_nonzero(tokens.cut)),
        cut_tokens=int(tokens.cut.sum(dtype=np.int64)),
    )  # fmt: skip
