"""The estimate of a training as it lies in the workspace; no heavy import."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.activations.refs import same_ref
from core.files import write_json
from core.numbers import PLAIN, whole
from core.training.own.identity import TrainingIdentity
from core.training.own.settings import OwnSaeSettings, TrainingPlan
from core.workspace import Workspace

ESTIMATES = "estimates"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a machine reads scored tokens and takes steps, and the most memory it held meanwhile."""

    read_tokens_a_second: float
    step_seconds: float
    memory_bytes: int
    load_seconds: float = 0.0
    tokenise_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """What the whole training will take. `disk_bytes`: the finished SAE; `working_bytes`: the most on disk while it is made.

    `exact`: whether all samples were tokenised for it, else tokens are told from characters. `beside`: another job was
    running, which makes the times too long.
    """

    plan: TrainingPlan
    load_seconds: float
    tokenise_seconds: float
    read_seconds: float
    step_seconds: float
    fit_seconds: float
    memory_bytes: int
    disk_bytes: int
    working_bytes: int
    exact: bool
    beside: bool

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum((self.load_seconds, self.tokenise_seconds, self.read_seconds, self.step_seconds, self.fit_seconds))

    @property
    def sentence(self) -> str:
        """What is read, as one sentence."""
        plan = self.plan
        return (
            f"{whole(plan.tokens, PLAIN)} tokens are read in {whole(plan.steps, PLAIN)} steps of {whole(plan.batch, PLAIN)}: "
            f"{'' if self.exact else 'about '}{plan.epochs:.2f} times the {whole(plan.available, PLAIN)} scored tokens of "
            f"{whole(plan.samples, PLAIN)} samples; {whole(plan.held_out, PLAIN)} more are held out for the fit card."
        )


def write_estimate(workspace: Workspace, identity: TrainingIdentity, estimate: TrainingEstimate) -> None:
    """Keep an estimate, to be found by the choices that it is of."""
    said = {
        "dataset": identity.dataset, "model": identity.model.ref, "settings": identity.settings.as_dict(),
        "estimate": asdict(estimate),
    }  # fmt: skip
    write_json(workspace.training / ESTIMATES / f"{identity.id}.json", said)


def find_estimate(
    workspace: Workspace, *, dataset: str, model: str, settings: OwnSaeSettings
) -> TrainingEstimate | None:
    """The newest estimate of these choices, in whatever numbers, told without reading the model; None where there is none."""
    found = sorted(_files(workspace), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found:
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(path.read_text())
            same = said["dataset"] == dataset and {**said["settings"], "dtype": settings.dtype} == settings.as_dict()
            if same and same_ref(model, said["model"]):
                told = said["estimate"]
                return TrainingEstimate(**{**told, "plan": TrainingPlan(**told["plan"])})
    return None


def _files(workspace: Workspace) -> list[Path]:
    return list((workspace.training / ESTIMATES).glob("[!.]*.json"))
