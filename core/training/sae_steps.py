"""The optimiser steps of the autoencoder, through sae_lens' trainer, with checkpoints that hold no pickle."""

import dataclasses
import hashlib
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.saes.sae import SAEMetadata
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig
from sae_lens.training.sae_trainer import SAETrainer

from core.training import checkpoint
from core.training.residuals import Residuals, Shuffled
from core.training.run import Progress
from core.training.settings import SaeSettings


def new_trainer(*, residuals: Residuals, settings: SaeSettings) -> SAETrainer:
    """sae_lens' trainer around a fresh seeded TopK autoencoder, with the input scale set from the
    residuals."""
    width = residuals.values.shape[1]
    config = TopKTrainingSAEConfig(
        d_in=width,
        d_sae=settings.features,
        k=settings.k,
        normalize_activations="expected_average_only_in",
        metadata=SAEMetadata(
            model_name=settings.model_name,
            hook_name=f"blocks.{settings.layer}.hook_resid_post",
            hf_hook_name=f"model.layers.{settings.layer}",
            context_size=settings.context,
            prepend_bos=True,
            exclude_special_tokens=True,
            dataset_path="see the model card",
            model_class_name="LlamaForCausalLM",
        ),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        sae = TopKTrainingSAE(config)
    trainer = SAETrainer(
        cfg=SAETrainerConfig(
            total_training_samples=settings.steps * settings.batch,
            train_batch_size_samples=settings.batch,
            lr=settings.lr,
            lr_end=settings.lr / 10,
            lr_warm_up_steps=settings.warmup,
            lr_decay_steps=settings.decay,
            dead_feature_window=settings.dead_after // settings.batch,
            autocast=settings.bf16,
            logger=LoggingConfig(log_to_wandb=False),
        ),
        sae=sae,
        data_provider=iter(()),
    )
    # The trainer would estimate this from its data; from the cached tokens it is exact, and equal after a
    # resume.
    norms = np.linalg.norm(residuals.values[:200_000].astype(np.float32), axis=1)
    trainer.activation_scaler.scaling_factor = float(width**0.5 / norms.mean())
    return trainer


def train_steps(
    *,
    trainer: SAETrainer,
    residuals: Residuals,
    work: Path,
    model: Path,
    settings: SaeSettings,
    progress: Progress,
    stop: Callable[[], bool],
    save_every: float = 60.0,
) -> bool:
    """Run the steps that are left, with a checkpoint every `save_every` seconds, at a stop and at the end."""
    weights = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    decided = json.dumps({"model": weights} | dataclasses.asdict(settings), sort_keys=True)
    path = work / f"sae-{hashlib.sha256(decided.encode()).hexdigest()[:12]}.safetensors"
    losses, saved = resume(trainer=trainer, path=path, decided=decided), time.monotonic()
    shuffled = Shuffled(rows=len(residuals.values), seed=settings.seed)
    while len(losses) < settings.steps:
        trainer.maybe_reset_sparsity()
        rows = shuffled.take(len(losses) * settings.batch, settings.batch)
        losses.append(trainer.step(torch.from_numpy(residuals.values[rows].astype(np.float32))).loss.item())
        trainer.n_training_steps += 1
        dead = int(trainer.dead_neurons.sum())
        progress(len(losses), settings.steps, f"loss {np.mean(losses[-50:]):.2f}, {dead} features asleep")
        stopped = stop()
        if stopped or len(losses) == settings.steps or time.monotonic() - saved > save_every:
            store(trainer=trainer, path=path, decided=decided, losses=losses)
            saved = time.monotonic()
        if stopped:
            return len(losses) == settings.steps
    return True


def resume(*, trainer: SAETrainer, path: Path, decided: str) -> list[float]:
    """Put a stored state back into the trainer and return the losses so far (none where nothing is
    stored)."""
    state = checkpoint.load(path=path, model=trainer.sae, optimizer=trainer.optimizer, decided=decided)
    if state.step:
        trainer.act_freq_scores = state.extra["act_freq_scores"]
        trainer.n_forward_passes_since_fired = state.extra["n_forward_passes_since_fired"]
        trainer.n_frac_active_samples = int(state.extra["n_frac_active_samples"])
        trainer.n_training_steps = state.step
        trainer.n_training_samples = state.step * trainer.cfg.train_batch_size_samples
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
        },
    )


def finish(*, trainer: SAETrainer, to: Path) -> None:
    """Fold the input scale into the weights, note sae_lens' closing figures, and write the inference
    model."""
    trainer.sae.fold_activation_norm_scaling_factor(trainer.activation_scaler.scaling_factor)
    trainer.set_final_sae_metadata()
    trainer.sae.eval()
    beside = to.parent / f".{to.name}.writing"
    trainer.sae.save_inference_model(beside)
    to.mkdir(parents=True, exist_ok=True)
    for file in sorted(beside.iterdir()):
        file.replace(to / file.name)
    beside.rmdir()
