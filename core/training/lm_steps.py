"""The optimiser steps of the language model: schedule, batches, checkpoints."""

import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaForCausalLM

from core.errors import GamutError
from core.training import checkpoint
from core.training.loss import next_token_loss
from core.training.run import Progress
from core.training.settings import LmSettings
from core.training.windows import Stream


def train_steps(
    *,
    model: LlamaForCausalLM,
    stream: Stream,
    work: Path,
    settings: LmSettings,
    progress: Progress,
    stop: Callable[[], bool],
    save_every: float = 120.0,
) -> bool:
    """Run the steps that are left, with a checkpoint every `save_every` seconds, at a stop and at the end."""
    optimizer = new_optimizer(model, settings)
    path, decided = work / "lm.safetensors", decided_by(settings)
    state = checkpoint.load(path=path, model=model, optimizer=optimizer, decided=decided)
    step, losses, saved = state.step, list(state.losses), time.monotonic()
    refuse_other_length(path=path, state=state, settings=settings)
    model.train()
    while step < settings.steps:
        losses.append(
            train_step(
                model=model,
                optimizer=optimizer,
                ids=batch(stream, step, settings),
                lr=learning_rate(step, settings),
                settings=settings,
            )
        )
        step += 1
        progress(step, settings.steps, f"loss {np.mean(losses[-50:]):.3f}, {step * settings.step_tokens:,} tokens")
        stopped = stop()
        if stopped or step == settings.steps or time.monotonic() - saved > save_every:
            checkpoint.save(
                path=path,
                model=model,
                optimizer=optimizer,
                decided=decided,
                step=step,
                losses=losses,
                extra={"steps": torch.tensor(settings.steps)},
            )
            saved = time.monotonic()
        if stopped:
            return step == settings.steps
    return True


def train_step(
    *,
    model: LlamaForCausalLM,
    optimizer: torch.optim.AdamW,
    ids: torch.Tensor,
    lr: float,
    settings: LmSettings,
) -> float:
    """One step on ids (windows, window + 1); returns the mean loss in nats per token before the step."""
    for group in optimizer.param_groups:
        group["lr"] = lr
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bf16):
        hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    loss = next_token_loss(
        hidden=hidden.float().flatten(0, 1),
        weight=model.lm_head.weight,
        targets=ids[:, 1:].flatten(),
        bf16=settings.bf16,
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimizer.step()
    return loss.item()


def batch(stream: Stream, step: int, settings: LmSettings) -> torch.Tensor:
    """Ids (windows, window + 1) of a step; a window's last target is the next window's first input."""
    window = settings.context if step >= settings.steps - settings.decay else settings.window
    ids = stream.take(step * settings.step_tokens, settings.step_tokens + 1)
    return torch.from_numpy(np.lib.stride_tricks.sliding_window_view(ids, window + 1)[::window].copy())


def learning_rate(step: int, settings: LmSettings) -> float:
    """Warm-up, plateau, and a cosine from `lr` down to `lr_end` of it at the last step."""
    share = max(0.0, (step - (settings.steps - settings.decay)) / max(1, settings.decay))
    falling = settings.lr_end + (1 - settings.lr_end) * 0.5 * (1 + math.cos(math.pi * share))
    return settings.lr * min(1.0, (step + 1) / max(1, settings.warmup)) * falling


def new_optimizer(model: LlamaForCausalLM, settings: LmSettings) -> torch.optim.AdamW:
    """AdamW, fused; gains of the norms do not decay."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    gains = [p for p in model.parameters() if p.dim() <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": gains, "weight_decay": 0.0}],
        lr=settings.lr,
        betas=(settings.beta1, settings.beta2),
        fused=True,
    )


def decided_by(settings: LmSettings) -> str:
    """The settings as text, without the number of steps: before the decay it decides nothing."""
    return json.dumps(dataclasses.asdict(settings) | {"steps": None}, sort_keys=True)


def refuse_other_length(*, path: Path, state: checkpoint.State, settings: LmSettings) -> None:
    """Raise GamutError where a run of another length has gone on into its own decay or into this one's."""
    steps = int(state.extra.get("steps", settings.steps))
    if steps != settings.steps and state.step > min(steps, settings.steps) - settings.decay:
        raise GamutError(
            f"{path} stands at step {state.step} of {steps}, where the decay of the rate has begun or "
            f"would have begun with {settings.steps}; go on with {steps}, or use another work folder."
        )
