"""Which training this is: a hash of data, model and settings, told without loading any of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.activations.pair import ModelFacts
from core.activations.places import Artifact, find_model
from core.files import json_hash
from core.store.datasets import Dataset
from core.training.own.settings import OwnSaeSettings, check_block
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TrainingIdentity:
    """All that decides the weights; `facts`: what the model's folder says of it."""

    dataset: str
    dataset_hash: str
    model: Artifact
    settings: OwnSaeSettings
    facts: ModelFacts

    @property
    def id(self) -> str:
        """The first 16 hex digits of the hash of everything that decides the weights."""
        return json_hash([self.dataset_hash, self.model.sha256, self.settings.as_dict()])[:16]

    def work(self, workspace: Workspace) -> Path:
        """Where checkpoint and cache lie until it is done."""
        return workspace.training / f"sae-{self.id}"


def identify_training(
    dataset: Dataset, *, model: str, settings: OwnSaeSettings, with_code: bool = False
) -> TrainingIdentity:
    """Identify a training; a block or width that the model cannot have is refused before its weights are fetched or read."""
    found = find_model(model, with_code=with_code)
    shape = found.facts.shape
    if shape is not None:
        check_block(settings.block, shape.layers)
        settings.width_in(shape.width)
    return TrainingIdentity(dataset.name, dataset.content_hash, found.whole(), settings, found.facts)
