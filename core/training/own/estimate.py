"""What a training will take in time, memory and disk, told from a few of its own reads and steps before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from core.activations.back_off import told_when_out_of_memory
from core.activations.cancelled import Cancelled
from core.activations.estimate import draw
from core.activations.meter import peak_memory
from core.activations.pilot import LOSS_TOKENS, TOKENS
from core.activations.scored_states import scored_counts
from core.activations.tokens import Tokens
from core.store.datasets import Dataset
from core.training.own.forecast import Pace, TrainingEstimate, write_estimate
from core.training.own.identity import TrainingIdentity
from core.training.own.machine import Machine, plan_of, split
from core.training.own.settings import TrainingPlan, plan_training
from core.training.own.stream import Sizes, cache_bytes
from core.training.run import Progress
from core.training.sae_steps import input_scale, new_trainer
from core.workspace import Workspace

READ, WARM, TIMED = 8_192, 2, 4  # tokens read, steps before the clock starts, steps on the clock
SAMPLES = 1000  # tokenised for an estimate; the rest are told from their characters
HEAD = 1.5  # what logits cost beside the trunk
WEIGHTS, MOMENTS = 1, 2


def estimate_training(
    workspace: Workspace, dataset: Dataset, identity: TrainingIdentity, *, progress: Progress, stop: Callable[[], bool],
    cache: bool = False, beside: bool = False, where: dict | None = None,
) -> TrainingEstimate:  # fmt: skip
    """Try a few reads and steps and keep what they tell; raises `Cancelled` when `stop()` turns true."""

    def check_stop() -> None:
        if stop():
            raise Cancelled

    began = time.monotonic()
    progress(0, 3, "loading the model")
    machine = Machine(identity, **(where or {}))
    loaded = time.monotonic()
    check_stop()
    progress(1, 3, "tokenising")
    train, held = split(dataset, seed=identity.settings.seed)
    rows = dataset.cursor().execute("SELECT characters FROM samples ORDER BY sample_id").fetchnumpy()
    characters = np.asarray(rows["characters"], dtype=np.int64)[train]
    drawn = np.sort(draw(characters, seed=0)[:SAMPLES])
    tokens = machine.tokenise(dataset, train[drawn])
    times = characters.sum() / max(1, characters[drawn].sum())
    told = time.monotonic()
    plan = _whole_plan(machine, tokens, samples=len(train), held=len(held), times=float(times))
    check_stop()
    progress(2, 3, "trying a few steps")
    with told_when_out_of_memory("a few steps were tried", "take fewer features (--width) or a smaller step (--batch)"):
        pace = rehearse(machine, tokens, plan, check_stop=check_stop)
    pace = replace(pace, load_seconds=loaded - began, tokenise_seconds=(told - loaded) * float(times))
    found = forecast(plan, pace, machine, cache=cache, exact=len(drawn) == len(train), beside=beside)
    write_estimate(workspace, identity, found)
    return found


def _whole_plan(machine: Machine, tokens: Tokens, *, samples: int, held: int, times: float) -> TrainingPlan:
    """The plan of all samples, told from those that were tokenised."""
    if len(tokens.lengths) == samples:
        return plan_of(machine, tokens, held=held)
    return plan_training(
        machine.settings, model_width=machine.model.width, available=round(scored_counts(tokens).sum() * times),
        samples=samples, held_out=held, cut_samples=round(np.count_nonzero(tokens.cut) * samples / len(tokens.lengths)),
        cut_tokens=round(tokens.cut.sum() * times),
    )  # fmt: skip


def rehearse(machine: Machine, tokens: Tokens, plan: TrainingPlan, *, check_stop: Callable[[], None]) -> Pace:
    """Read some of the tokens and take a few steps on them, with an autoencoder that is then forgotten."""
    counts = scored_counts(tokens)
    order = np.random.default_rng(0).permutation(len(counts))
    ids = order[: int(np.searchsorted(np.cumsum(counts[order]), READ)) + 1]
    machine.reader.read(tokens, ids[:1], settings=machine.reading)  # outside the clock
    began = time.monotonic()
    values = machine.reader.read(tokens, ids, settings=machine.reading, check_stop=check_stop)
    reading = time.monotonic() - began
    trainer = new_trainer(
        sae=machine.fresh(plan, tokens), schedule=machine.schedule(plan), device=str(machine.model.home)
    )
    trainer.activation_scaler.scaling_factor = input_scale(values)
    rng = np.random.default_rng(0)
    for step in range(WARM + TIMED):
        if step == WARM:
            began = time.monotonic()
        check_stop()
        trainer.step(torch.from_numpy(values[rng.integers(0, len(values), plan.batch)])).loss.item()
    stepping = (time.monotonic() - began) / TIMED
    return Pace(len(values) / max(reading, 1e-9), stepping, peak_memory())


def forecast(
    plan: TrainingPlan, pace: Pace, machine: Machine, *, cache: bool, exact: bool = True, beside: bool = False
) -> TrainingEstimate:
    """The whole training at this pace; `cache`: activations are read by the model once and then from disk."""
    width, blocks = machine.model.width, len(machine.model.blocks)
    read = min(plan.tokens, plan.available) if cache else plan.tokens
    passes = blocks / (machine.settings.read_block + 1) * HEAD
    own = 4 * (2 * width * plan.width + 2 * plan.width + width)
    kept = cache_bytes(min(plan.tokens, plan.available), width, machine.settings.dtype) if cache else 0
    together = min(plan.tokens, plan.available, Sizes.for_width(width).round)
    return TrainingEstimate(
        plan=plan,
        load_seconds=pace.load_seconds,
        tokenise_seconds=pace.tokenise_seconds,
        read_seconds=read / pace.read_tokens_a_second,
        step_seconds=plan.steps * pace.step_seconds,
        fit_seconds=(TOKENS + 4 * passes * LOSS_TOKENS) / pace.read_tokens_a_second,
        memory_bytes=pace.memory_bytes + 4 * width * together,
        disk_bytes=own,
        working_bytes=(WEIGHTS + 2 * (WEIGHTS + MOMENTS)) * own + kept,
        exact=exact,
        beside=beside,
    )
