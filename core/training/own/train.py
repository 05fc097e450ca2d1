"""Train an SAE on the user's own data set and model: from samples to a folder that an analysis can use at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import core
from core.activations.analyse import usable_threads
from core.activations.back_off import FILE, InPieces, told_when_out_of_memory
from core.activations.cancelled import Cancelled
from core.activations.fit import measure_fit
from core.activations.fit_card import FitCard
from core.activations.meter import Meter
from core.activations.pilot import LOSS_TOKENS, TOKENS, languages_of
from core.activations.sae import load_sae
from core.activations.template import template_words
from core.activations.tokens import Tokens
from core.errors import GamutError
from core.files import made_beside
from core.store.datasets import Dataset
from core.training.own.card import write_own_card
from core.training.own.estimate import forecast, rehearse
from core.training.own.forecast import TrainingEstimate
from core.training.own.identity import TrainingIdentity
from core.training.own.machine import Machine, plan_of, split
from core.training.own.settings import TrainingPlan
from core.training.own.stream import CachedParts, Parts, Sizes, Stream, cache_bytes, check_cache
from core.training.own.trained import find_trained, trained_sae
from core.training.run import Progress
from core.training.sae_steps import SAVE_SECONDS, decided_by, finish, input_scale, new_trainer, train_steps
from core.workspace import Workspace, check_name

CHECKPOINT, CACHE = "checkpoint.safetensors", "activations"
CURVE = 200  # points of the loss that are kept
LESS = "take fewer features (--width) or a smaller step (--batch); what was trained so far is kept"


def train_own_sae(
    workspace: Workspace, dataset: Dataset, identity: TrainingIdentity, *, name: str, progress: Progress,
    stop: Callable[[], bool], cache: int | None = None, tell: Callable[[TrainingEstimate], None] = lambda estimate: None,
    where: dict | None = None, save_every: float = SAVE_SECONDS, sizes: Sizes | None = None,
) -> Path:  # fmt: skip
    """Train, or go on, and return the finished folder `saes/<name>` of the workspace.

    Raises `Cancelled` when `stop()` turns true; checkpoint and cache stay, and the same call goes on to the same weights.
    `cache`: bytes that activations may take on disk, None to read them anew in each epoch. `where`: device and trust for
    loading the model. `progress` counts tokens, each half when it is read and half when it is trained on.
    """
    there = find_trained(workspace, identity.id)
    if there is not None:
        return there.folder
    to = workspace.saes / check_name(name, of="SAE")
    if to.exists():
        raise GamutError(f"There is another SAE called {name!r} in this workspace; choose another name.")
    work = identity.work(workspace)
    work.mkdir(parents=True, exist_ok=True)
    run = _Run(workspace, dataset, identity, progress, stop, Meter(work))
    try:
        run.said(0, 0, "loading the model")
        run.machine = Machine(identity, **(where or {}))
        run.machine.reader = replace(run.machine.reader, split=InPieces(work / FILE))
        with made_beside(to) as made, told_when_out_of_memory("the SAE was trained", LESS):
            run.train(made, work, cache=cache, tell=tell, save_every=save_every, sizes=sizes)
            run.said(0, 0, "writing")
            run.meter.finish(made)
        trained_sae(to)
        shutil.rmtree(work)  # checkpoint and cache: the weights are saved
    finally:
        if not ((work / CHECKPOINT).exists() or (work / CACHE).exists()):
            shutil.rmtree(work, ignore_errors=True)  # it came to nothing: nothing of it stays
    return to


class _Run:
    """One run of a training: what is loaded, and whom to tell."""

    machine: Machine

    def __init__(self, workspace, dataset, identity, progress: Progress, stop, meter: Meter) -> None:
        self.workspace, self.dataset, self.identity, self.stop, self.meter = workspace, dataset, identity, stop, meter
        self._progress = progress

    def said(self, done: int, total: int, note: str, stage: str = "") -> None:
        self.meter.tick(stage or note)
        self._progress(done, total, note)

    def check_stop(self) -> None:
        if self.stop():
            raise Cancelled

    def train(self, made: Path, work: Path, *, cache, tell, save_every: float, sizes: Sizes | None) -> None:
        """Everything from tokens to the files in `made`."""
        machine, settings = self.machine, self.identity.settings
        self.said(0, 0, "tokenising")
        train, held = split(self.dataset, seed=settings.seed)
        tokens = machine.tokenise(self.dataset, train)
        plan = plan_of(machine, tokens, held=len(held))
        self.check_stop()
        parts = self._parts(tokens, work, plan, cache, sizes := sizes or Sizes.for_width(machine.model.width))
        if not (work / CHECKPOINT).exists():
            self.said(0, 0, "measuring its pace")
            told = rehearse(machine, tokens, plan, check_stop=self.check_stop)
            tell(forecast(plan, told, machine, cache=cache is not None))
        losses = self._steps(parts, tokens, plan, work, made, save_every, sizes)
        self.said(0, 0, "measuring the fit")
        card = measure_own_fit(machine, self.dataset, held, made, check_stop=self.check_stop)
        write_own_card(made, self._facts(plan, losses, card))

    def _parts(self, tokens: Tokens, work: Path, plan: TrainingPlan, cache: int | None, sizes: Sizes):
        machine = self.machine
        seed = self.identity.settings.seed
        parts = Parts(
            machine.reader, tokens, np.arange(len(tokens.lengths)), wanted=plan.tokens, size=sizes.part, seed=seed,
            settings=machine.reading, check_stop=self.check_stop,
        )  # fmt: skip
        folder = work / CACHE
        if cache is None:
            shutil.rmtree(folder, ignore_errors=True)  # of an earlier run that kept one
            return parts
        dtype = self.identity.settings.dtype
        check_cache(folder, needed=cache_bytes(int(parts.counts.sum()), parts.width, dtype), budget=cache)
        return CachedParts(parts, folder, dtype=dtype)

    def _steps(
        self, parts, tokens: Tokens, plan: TrainingPlan, work: Path, made: Path, save_every: float, sizes: Sizes
    ):
        machine, total = self.machine, plan.tokens
        read = trained = 0
        note = "reading activations"

        def told() -> None:
            self.said((min(read, total) + trained) // 2, total, note + machine.reader.split.note, stage="training")

        def has_read(upto: int) -> None:
            nonlocal read
            read = upto
            told()

        def has_trained(steps: int, _of: int, words: str) -> None:
            nonlocal trained, note
            trained, note = steps * plan.batch, words
            told()

        seed = self.identity.settings.seed
        stream = Stream(parts, round=sizes.round, seed=seed, tell=has_read)
        trainer = new_trainer(
            sae=machine.fresh(plan, tokens), schedule=machine.schedule(plan), device=str(machine.model.home)
        )
        decided = decided_by(training=self.identity.id, part=sizes.part, round=sizes.round)
        losses = train_steps(
            trainer=trainer, source=stream, scale=lambda: input_scale(stream.first_round()), path=work / CHECKPOINT,
            decided=decided, schedule=machine.schedule(plan), progress=has_trained, stop=self.stop, save_every=save_every,
        )  # fmt: skip
        if len(losses) < plan.steps:
            raise Cancelled
        finish(trainer=trainer, to=made)
        return losses

    def _facts(self, plan: TrainingPlan, losses: list[float], card: FitCard) -> dict:
        identity, machine = self.identity, self.machine
        return {
            "id": identity.id,
            "model": {
                "ref": identity.model.ref,
                "sha256": identity.model.sha256,
                "name": identity.facts.name,
                "width": machine.model.width,
            },
            "dataset": {"name": identity.dataset, "hash": identity.dataset_hash},
            "settings": {**identity.settings.as_dict(), "lr": identity.settings.rate, "width": plan.width},
            "hook": identity.settings.hook,
            "plan": plan,
            "max_length": machine.max_length,
            "read_in_pieces_of": machine.reader.split.limit,
            "rendering": template_words(machine.model.tokenizer, identity.settings.template),
            "losses": [float(np.mean(piece)) for piece in np.array_split(losses, min(CURVE, len(losses)))],
            "fit": card,
            "device": machine.device,
            "threads": usable_threads(),
            "versions": {"gamut": core.__version__, "torch": torch.__version__},
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def measure_own_fit(
    machine: Machine, dataset: Dataset, held: np.ndarray, folder: Path, *, check_stop: Callable[[], None]
) -> FitCard:
    """The fit card of the saved SAE on held-out samples, as many as a pilot reads."""
    sae = load_sae(folder, dtype="float32", device=str(machine.model.home))
    tokens = machine.tokenise(dataset, held, bos=sae.prepend_bos)
    within = max(1, int(np.searchsorted(np.cumsum(tokens.lengths), TOKENS, side="right")))
    held = held[:within]
    tokens = machine.tokenise(dataset, held, bos=sae.prepend_bos)
    for_loss = int(np.searchsorted(np.cumsum(tokens.lengths), LOSS_TOKENS, side="right"))
    return measure_fit(
        machine.model, sae, tokens, settings=machine.reading, loss_samples=max(1, for_loss),
        languages=languages_of(dataset, held), check_stop=check_stop,
    )  # fmt: skip
