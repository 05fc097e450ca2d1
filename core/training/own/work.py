"""What trainings leave on disk beside the finished SAE: unfinished work, and copies elsewhere; no heavy import."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError
from core.files import made_beside, tree_size
from core.training.own.trained import FACTS, trained_sae
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What an unfinished training holds on disk: checkpoint and, where one was asked for, cached activations."""

    id: str
    bytes: int


def unfinished(workspace: Workspace) -> list[Unfinished]:
    """The trainings that stopped before their end, by id."""
    found = sorted(path for path in workspace.training.glob("sae-*") if path.is_dir())
    return [Unfinished(path.name.removeprefix("sae-"), tree_size(path)) for path in found]


def forget(workspace: Workspace, id: str) -> int:
    """Throw away what an unfinished training has left, and tell the bytes."""
    folder = workspace.training / f"sae-{id}"
    if not folder.is_dir():
        raise GamutError("There is no unfinished training of these choices in this workspace.")
    freed = tree_size(folder)
    shutil.rmtree(folder)
    return freed


def check_copy(to: Path, id: str) -> None:
    """Refuse a place for a copy that holds something else than the SAE of training `id`."""
    if to.exists() and not (to.is_dir() and (to / FACTS).is_file() and trained_sae(to).id == id):
        raise GamutError(f"{to} is there already; name a folder that is not.")


def copy_to(to: Path, made: Path) -> None:
    """Copy a finished SAE, unless it lies there already."""
    if not to.exists():
        with made_beside(to) as beside:
            shutil.copytree(made, beside)
