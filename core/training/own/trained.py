"""The SAEs that were trained in a workspace, and those of them that read a model; no heavy import."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.activations.fit_card import FitCard, fit_card
from core.activations.model_names import SAME, relation
from core.activations.pilot_report import Actual, read_actual
from core.activations.public_saes import names_of
from core.activations.refs import absolute, same_ref
from core.errors import GamutError
from core.training.own.settings import TrainingPlan
from core.workspace import Workspace

FACTS = "training.json"


@dataclass(frozen=True, slots=True)
class TrainedSae:
    """An SAE trained here: `ref` is what to write for --sae. `losses`: of the reconstruction, means over the steps in order."""

    name: str
    folder: Path
    id: str
    model: str
    model_name: str
    model_width: int
    dataset: str
    hook: str
    architecture: str
    k: int
    plan: TrainingPlan
    fit: FitCard
    losses: tuple[float, ...]
    created: str
    actual: Actual | None

    @property
    def ref(self) -> str:
        return str(self.folder.resolve())

    @property
    def layer(self) -> int:
        """The number that its hook names."""
        return int(self.hook.split(".")[1])


def trained_sae(folder: Path) -> TrainedSae:
    """The SAE of a folder; `GamutError` where it does not say how it was trained."""
    try:
        said = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return TrainedSae(
            folder.name, folder, said["id"], said["model"]["ref"], said["model"]["name"],
            said["model"]["width"], said["dataset"]["name"],
            said["hook"], said["settings"]["architecture"], said["settings"]["k"], TrainingPlan(**said["plan"]),
            fit_card(said["fit"]), tuple(said["losses"]), said["created"], read_actual(folder),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GamutError(
            f"{folder / FACTS} is damaged or of another version of Gamut; remove the folder, or give it as --sae by hand."
        ) from None


def trained_saes(workspace: Workspace) -> list[TrainedSae]:
    """All that can be read, newest first."""
    found = []
    for path in workspace.saes.glob(f"[!.]*/{FACTS}"):
        with suppress(GamutError):
            found.append(trained_sae(path.parent))
    return sorted(found, key=lambda sae: (sae.created, sae.name), reverse=True)


def find_trained(workspace: Workspace, id: str) -> TrainedSae | None:
    """The SAE of a training, where it was finished."""
    return next((sae for sae in trained_saes(workspace) if sae.id == id), None)


def trained_for(workspace: Workspace, model: str) -> list[TrainedSae]:
    """Those that read the model that a user names: by where it lies, or by what it is called."""
    every = trained_saes(workspace)
    if not every:
        return []
    names: tuple[str, ...] = ()
    shape = None
    with suppress(GamutError):
        names, shape = names_of(model)
    by_name = [
        relation(names, sae.model_name) == SAME and (shape is None or shape.width == sae.model_width) for sae in every
    ]
    return [
        sae for sae, named in zip(every, by_name, strict=True) if named or same_ref(absolute(model), sae.model)
    ]  # fmt: skip


def free_name(workspace: Workspace, dataset: str, model: str, hook: str, architecture: str) -> str:
    """A name for a new SAE, told from what it is made of."""
    block, site = hook.removeprefix("blocks.").split(".hook_")
    said = f"{dataset}-{model.rpartition('/')[2]}-{block}-{site.replace('_', '-')}-{architecture}"
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in said)
    wanted = plain.lstrip("._-")[:58] or "sae"
    names = {path.name for path in workspace.saes.glob("*")}
    return next(name for name in (wanted, *(f"{wanted}-{n}" for n in range(2, len(names) + 3))) if name not in names)
