"""The optimiser steps of an autoencoder, through sae_lens' trainer, with checkpoints that hold no pickle."""

import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.saes.sae import TrainingSAE
from sae_lens.training.sae_trainer import SAETrainer

from core.activations.cancelled import Cancelled
from core.training import checkpoint
from core.training.run import Progress

SAVE_SECONDS = 60.0
SAID_SECONDS = 2.0  # between two looks at the losses
SAVING_SHARE = 20  # a checkpoint of a wide autoencoder takes long: at most one second in so many goes into them


class Source(Protocol):
    """Activations in a fixed order: what stands at a place is decided by data, model and seed alone."""

    def take(self, first: int, count: int) -> torch.Tensor:
        """Those at places `first : first + count`, float32 (count, width)."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a training: `batch` tokens each; the rate warms up over `warmup` and falls to 0 over the last `decay`.

    A feature sleeps after `dead_after` tokens without being active.
    """

    steps: int
    batch: int
    lr: float
    warmup: int
    decay: int
    dead_after: int
    bf16: bool = False


def new_trainer(*, sae: TrainingSAE, schedule: Schedule, device: str = "cpu") -> SAETrainer:
    """sae_lens' trainer around a fresh autoencoder; nothing is logged to anyone."""
    return SAETrainer(
        cfg=SAETrainerConfig(
            total_training_samples=schedule.steps * schedule.batch,
            train_batch_size_samples=schedule.batch,
            lr=schedule.lr,
            lr_end=schedule.lr / 10,
            lr_warm_up_steps=schedule.warmup,
            lr_decay_steps=schedule.decay,
            dead_feature_window=max(1, schedule.dead_after // schedule.batch),
            autocast=schedule.bf16,
            device=device,
            logger=LoggingConfig(log_to_wandb=False),
        ),
        sae=sae,
        data_provider=iter(()),
    )


def input_scale(values: np.ndarray) -> float:
    """The factor that brings activations (n, width) to a mean norm of √width.

    The trainer would estimate it from its data as it comes; told from activations at hand it is equal after a resume.
    """
    norms = np.linalg.norm(values.astype(np.float32), axis=1)
    return float(values.shape[1] ** 0.5 / norms.mean())


def train_steps(
    *, trainer: SAETrainer, source: Source, scale: Callable[[], float], path: Path, decided: str, schedule: Schedule,
    progress: Progress, stop: Callable[[], bool], save_every: float = SAVE_SECONDS,
) -> list[float]:  # fmt: skip
    """Run the steps that are left, with a checkpoint in `path` every `save_every` seconds, at a stop and at the end.

    `scale` tells the factor of the inputs where no checkpoint holds it. Returns the loss of the reconstruction of each
    step; fewer than there are steps where it was stopped.
    """
    losses = resume(trainer=trainer, path=path, decided=decided)
    if trainer.activation_scaler.scaling_factor is None:
        trainer.activation_scaler.scaling_factor = scale()
    saved, took, said, words = time.monotonic(), 0.0, -SAID_SECONDS, ""
    while len(losses) < schedule.steps:
        trainer.maybe_reset_sparsity()
        try:
            batch = source.take(len(losses) * schedule.batch, schedule.batch)
        except Cancelled:  # while it read on: what was trained stays
            store(trainer=trainer, path=path, decided=decided, losses=losses)
            return losses
        done = trainer.step(batch)
        losses.append(done.losses["mse_loss"].item())
        trainer.n_training_steps += 1
        stopped, now = stop(), time.monotonic()
        if now - said >= SAID_SECONDS:  # a job writes each new note down, and counting what is active waits for a GPU
            said, words = now, _words(trainer, losses, done.feature_acts)
        progress(len(losses), schedule.steps, words)
        if stopped or len(losses) == schedule.steps or now - saved > max(save_every, SAVING_SHARE * took):
            store(trainer=trainer, path=path, decided=decided, losses=losses)
            saved = time.monotonic()
            took = saved - now
        if stopped:
            break
    return losses


def _words(trainer: SAETrainer, losses: list[float], active: torch.Tensor) -> str:
    lit = torch.count_nonzero(active.detach()).item() / len(active)
    return (
        f"loss {np.mean(losses[-50:]):.3g}, {lit:.3g} active a token, {int(trainer.dead_neurons.sum())} features asleep"
    )


def resume(*, trainer: SAETrainer, path: Path, decided: str) -> list[float]:
    """Put a stored state back into the trainer and return the losses so far (none where nothing is
    stored)."""
    state = checkpoint.load(path=path, model=trainer.sae, optimizer=trainer.optimizer, decided=decided)
    if state.step:
        trainer.act_freq_scores = state.extra["act_freq_scores"].to(trainer.act_freq_scores)
        trainer.n_forward_passes_since_fired = state.extra["n_forward_passes_since_fired"].to(trainer.act_freq_scores)
        trainer.n_frac_active_samples = int(state.extra["n_frac_active_samples"])
        trainer.activation_scaler.scaling_factor = state.extra["scale"].item()
        for name, buffer in trainer.sae.named_buffers():  # the running threshold of BatchTopK
            buffer.copy_(state.extra[f"buffer.{name}"])
        trainer.n_training_steps = state.step
        trainer.n_training_samples = state.step * trainer.cfg.train_batch_size_samples
        for coefficient in trainer.coefficient_schedulers.values():
            coefficient.load_state_dict({"current_step": state.step})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch expects an optimiser step before each of these
            for _ in range(state.step):
                trainer.lr_scheduler.step()
    return list(state.losses)


def store(*, trainer: SAETrainer, path: Path, decided: str, losses: list[float]) -> None:
    """Checkpoint the trainer: sae_lens' own trainer state is a pickle, so its parts are kept as tensors."""
    checkpoint.save(
        path=path,
        model=trainer.sae,
        optimizer=trainer.optimizer,
        decided=decided,
        step=len(losses),
        losses=losses,
        extra={
            "act_freq_scores": trainer.act_freq_scores,
            "n_forward_passes_since_fired": trainer.n_forward_passes_since_fired,
            "n_frac_active_samples": torch.tensor(trainer.n_frac_active_samples),
            "scale": torch.tensor(trainer.activation_scaler.scaling_factor, dtype=torch.float64),
            **{f"buffer.{name}": buffer for name, buffer in trainer.sae.named_buffers()},
        },
    )


def finish(*, trainer: SAETrainer, to: Path) -> None:
    """Fold the input scale into the weights, note sae_lens' closing figures, and write the inference
    model."""
    assert trainer.activation_scaler.scaling_factor is not None
    trainer.sae.fold_activation_norm_scaling_factor(trainer.activation_scaler.scaling_factor)
    trainer.set_final_sae_metadata()
    trainer.sae.eval()
    beside = to.parent / f".{to.name}.writing"
    trainer.sae.save_inference_model(beside)
    to.mkdir(parents=True, exist_ok=True)
    for file in sorted(beside.iterdir()):
        file.replace(to / file.name)
    beside.rmdir()


def decided_by(**what: object) -> str:
    """Everything that decides a training, as the text that its checkpoint carries."""
    return json.dumps(what, sort_keys=True)
