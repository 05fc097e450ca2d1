"""Named groups of a data set's samples, one small file each: what was drawn on a map, filtered or typed, kept by name.

A group never changes under its name: what was chosen by it can be chosen again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import GamutError
from core.files import json_hash
from core.named_files import NamedFiles
from core.store.datasets import Dataset
from core.workspace import Workspace, check_name

DRAWN = "Drawn on the map"  # begins how such a group was made


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleGroup:
    """A group: ascending ids of samples of the data set with that content hash, and a sentence on its making."""

    name: str
    dataset: str
    dataset_hash: str
    ids: tuple[int, ...]
    made_from: str

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of whom it holds, whatever it is called."""
        return json_hash({"dataset": self.dataset_hash, "ids": list(self.ids)})[:16]


def save_group(workspace: Workspace, name: str, *, dataset: Dataset, ids: Iterable[int], made_from: str) -> SampleGroup:
    """Save samples of a data set under a name; the same samples under it already are left as they are.

    `GamutError` for no sample, for ids there are none of, and for a name that other samples have.
    """
    group = SampleGroup(
        name=check_name(name, of="group of samples"), dataset=dataset.name, dataset_hash=dataset.content_hash,
        ids=tuple(sorted({int(i) for i in ids})), made_from=made_from,
    )  # fmt: skip
    _check(group)
    if group.ids[-1] >= len(dataset):
        raise GamutError(
            f"Data set {dataset.name!r} has no sample {group.ids[-1]}; its ids run from 0 to {len(dataset) - 1}."
        )
    return _saved(workspace).save(group)


def load_group(workspace: Workspace, name: str) -> SampleGroup:
    """The saved group of that name, or `GamutError` naming those there are."""
    return _saved(workspace).load(name)


def group_of(dataset: Dataset, name: str) -> SampleGroup:
    """The saved group of that name, which must be of this data set."""
    group = load_group(dataset.workspace, name)
    if group.dataset_hash != dataset.content_hash:
        raise GamutError(
            f"Group {name!r} holds samples of data set {group.dataset!r}, not of {dataset.name!r}; choose one of the same."
        )
    return group


def group_names(workspace: Workspace) -> list[str]:
    """The names of all saved groups, sorted."""
    return _saved(workspace).names()


def groups_here(dataset: Dataset) -> dict[str, int]:
    """The groups of a data set's samples by name, and how many samples each holds; damaged files are left out."""
    found = {}
    for name in group_names(dataset.workspace):
        try:
            found[name] = len(group_of(dataset, name).ids)
        except GamutError:
            continue  # of another data set, or told where it is asked for by name
    return found


def _saved(workspace: Workspace) -> NamedFiles[SampleGroup]:
    return NamedFiles(folder=workspace.groups, of="group of samples", read=_group, others=_others)


def _group(said: dict) -> SampleGroup:
    group = SampleGroup(**said | {"ids": tuple(sorted({int(i) for i in said["ids"]}))})
    _check(group)
    return group


def _check(group: SampleGroup) -> None:
    if not group.ids:
        raise GamutError("The group holds no sample; it needs one at least.")
    if group.ids[0] < 0:
        raise GamutError(f"The group names sample {group.ids[0]}; ids begin with 0.")


def _others(group: SampleGroup) -> str:
    return f"{len(group.ids)} other samples"
