"""Targets: named lists of features that a selection is to cover, one small file each.

A list never changes under its name: what was chosen by it can be chosen again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import GamutError
from core.files import json_hash
from core.named_files import NamedFiles
from core.store.analyses import Analysis
from core.workspace import Workspace, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A list of features: ascending ids out of `n_features` of the SAE with that SHA-256, and a sentence on its making."""

    name: str
    sae: str
    n_features: int
    features: tuple[int, ...]
    made_from: str

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of what it says, whatever it is called."""
        return json_hash({"sae": self.sae, "n_features": self.n_features, "features": list(self.features)})[:16]


def save_target(
    workspace: Workspace, name: str, *, analysis: Analysis, features: Iterable[int], made_from: str
) -> Target:
    """Save a list of an analysis's features under a name; one of the same features there already is left as it is.

    `GamutError` for an empty list, for features there are none of, and for a name that other features have.
    """
    target = Target(
        name=check_name(name, of="list of features"), sae=json.loads(analysis.meta["sae"])["sha256"],
        n_features=analysis.n_features, features=tuple(sorted({int(f) for f in features})), made_from=made_from,
    )  # fmt: skip
    _check(target)
    return _saved(workspace).save(target)


def load_target(workspace: Workspace, name: str) -> Target:
    """The saved list of that name, or `GamutError` naming those there are."""
    return _saved(workspace).load(name)


def target_names(workspace: Workspace) -> list[str]:
    """The names of all saved lists, sorted."""
    return _saved(workspace).names()


def free_target_name(wanted: str, features: Iterable[int]) -> str:
    """A name for a list: `wanted` as far as a file can have it, and the beginning of a hash of the features."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in wanted).strip("-")
    short = "-".join(part for part in kept.split("-") if part)[:48].strip("-") or "features"
    return f"{short}-{json_hash(sorted(int(f) for f in features))[:6]}"


def _saved(workspace: Workspace) -> NamedFiles[Target]:
    return NamedFiles(folder=workspace.targets, of="list of features", read=_target, others=_others)


def _target(said: dict) -> Target:
    target = Target(**said | {"features": tuple(sorted({int(f) for f in said["features"]}))})
    _check(target)
    return target


def _check(target: Target) -> None:
    if not target.features:
        raise GamutError("The list holds no feature; a target needs one at least.")
    if target.features[0] < 0 or target.features[-1] >= target.n_features:
        raise GamutError(
            f"The list names features that the SAE has not; its ids run from 0 to {target.n_features - 1}."
        )


def _others(target: Target) -> str:
    return f"{len(target.features)} other features"
