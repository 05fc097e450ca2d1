"""Trains the bundled sparse autoencoder: TopK, on residuals of a middle block, with sae_lens' trainer."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sae_lens.saes.sae import SAEMetadata
from sae_lens.training.sae_trainer import SAETrainer

from core.errors import GamutError
from core.training.architectures import new_sae
from core.training.card import sae_card
from core.training.features import Figures, figures
from core.training.parts import prepare
from core.training.residuals import Residuals, Shuffled, cached
from core.training.run import Progress, threads
from core.training.sae_steps import Schedule, decided_by, finish, input_scale, new_trainer, train_steps
from core.training.settings import SaeSettings
from core.training.tokenizer import load_tokenizer
from core.training.windows import Tokens


def train_sae(
    *,
    model: Path,
    source: Path,
    to: Path,
    work: Path,
    settings: SaeSettings,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Train on residuals of `model` over the texts in `source` and save to `to`; True when it is finished.

    Only the training part of the texts is used. `work` keeps tokens, residuals and checkpoints: the same
    call again goes on to the same weights. The saved autoencoder takes raw residuals. Raises GamutError on
    a checkpoint made with other settings.
    """
    with threads(settings.threads):
        tokenizer, parts = prepare(source=source, work=work, split=settings.split)
        refuse_other_tokens(model=model, vocabulary=tokenizer.get_vocab())
        residuals = cached(
            model=model,
            layer=settings.layer,
            tokens=parts["train"],
            wanted=settings.cached_tokens,
            context=settings.context,
            seed=settings.seed,
            work=work,
            progress=progress,
            stop=stop,
        )
        if residuals is None:
            return False
        trainer = bundled_trainer(width=residuals.values.shape[1], settings=settings)
        weights = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
        decided = decided_by(model=weights, **dataclasses.asdict(settings))
        losses = train_steps(
            trainer=trainer,
            source=KeptSource(residuals, seed=settings.seed),
            scale=lambda: input_scale(residuals.values[:200_000]),
            path=work / f"sae-{hashlib.sha256(decided.encode()).hexdigest()[:12]}.safetensors",
            decided=decided,
            schedule=schedule_of(settings),
            progress=progress,
            stop=stop,
        )
        done = len(losses) == settings.steps
        if done:
            finish(trainer=trainer, to=to)
            done = describe(model=model, parts=parts, to=to, work=work, settings=settings, progress=progress, stop=stop)
    return done


class KeptSource:
    """Residuals that are at hand as a whole, shuffled anew each epoch."""

    def __init__(self, residuals: Residuals, *, seed: int) -> None:
        self._values = residuals.values
        self._shuffled = Shuffled(rows=len(residuals.values), seed=seed)

    def take(self, first: int, count: int) -> torch.Tensor:
        """Those at places `first : first + count`, float32 (count, width)."""
        return torch.from_numpy(self._values[self._shuffled.take(first, count)].astype(np.float32))


def schedule_of(settings: SaeSettings) -> Schedule:
    """The steps that the settings ask for."""
    return Schedule(
        steps=settings.steps, batch=settings.batch, lr=settings.lr, warmup=settings.warmup, decay=settings.decay,
        dead_after=settings.dead_after, bf16=settings.bf16,
    )  # fmt: skip


def bundled_trainer(*, width: int, settings: SaeSettings) -> SAETrainer:
    """sae_lens' trainer around a fresh seeded TopK autoencoder that reads the bundled model."""
    metadata = SAEMetadata(
        model_name=settings.model_name,
        hook_name=f"blocks.{settings.layer}.hook_resid_post",
        hf_hook_name=f"model.layers.{settings.layer}",
        context_size=settings.context,
        prepend_bos=True,
        exclude_special_tokens=True,
        dataset_path="see the model card",
        model_class_name="LlamaForCausalLM",
    )
    sae = new_sae(
        "topk", d_in=width, d_sae=settings.features, k=settings.k, steps=settings.steps, metadata=metadata,
        seed=settings.seed,
    )  # fmt: skip
    return new_trainer(sae=sae, schedule=schedule_of(settings))


def refuse_other_tokens(*, model: Path, vocabulary: dict[str, int]) -> None:
    """Raise GamutError where the model reads other tokens than its source files and split give."""
    if load_tokenizer(model).get_vocab() != vocabulary:
        raise GamutError(
            f"The tokenizer of {model} is not the one that these source files and this split give; "
            "name the source files that the model was trained on."
        )


def describe(
    *,
    model: Path,
    parts: dict[str, Tokens],
    to: Path,
    work: Path,
    settings: SaeSettings,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Measure the saved autoencoder on held-out and on unseen training documents, and write its card."""
    wanted = {
        "tasks": (parts["tasks"], len(parts["tasks"].ids), 0),
        "rows": (parts["rows"], len(parts["rows"].ids), 0),
        "unseen training documents": (parts["train"], settings.measured_tokens, settings.cached_tokens),
    }
    measured: dict[str, Figures] = {}
    for name, (tokens, count, after) in wanted.items():
        residuals = cached(
            model=model,
            layer=settings.layer,
            tokens=tokens,
            wanted=count,
            after=after,
            context=settings.context,
            seed=settings.seed,
            work=work,
            progress=progress,
            stop=stop,
        )
        if residuals is None:
            return False
        measured[name] = figures(folder=to, residuals=residuals)
    sae_card(to=to, settings=dataclasses.asdict(settings), figures=measured)
    return True
