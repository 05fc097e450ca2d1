"""Capabilities as files: one that was learned elsewhere taken in, another name, and away with one."""

from __future__ import annotations

from pathlib import Path

from core.errors import GamutError
from core.files import written_beside
from core.scores.capability import Capability, capability_names, load_capability, read_capability
from core.workspace import Workspace, check_name


def take_in(workspace: Workspace, file: Path, *, name: str = "") -> Capability:
    """Copy a capability file into the workspace, byte for byte; `name` as the file's where it is not given.

    `GamutError` for a file that is no capability, and for a name that is taken.
    """
    read_capability(file)
    to = _free(workspace, name or file.stem)
    with written_beside(to) as out:
        out.write(file.read_bytes())
    return load_capability(workspace, to.stem)


def rename_capability(workspace: Workspace, name: str, to: str) -> Capability:
    """Give a capability another name; its contents, and so its hash, stay. `GamutError` where the new name is taken."""
    path = load_capability(workspace, name).path
    assert path is not None, "a capability that was loaded"
    path.rename(_free(workspace, to))
    return load_capability(workspace, to)


def remove_capability(workspace: Workspace, name: str) -> None:
    """Remove a capability's file; what was scored by it stays beside the analyses until they go."""
    path = load_capability(workspace, name).path
    assert path is not None, "a capability that was loaded"
    path.unlink()


def _free(workspace: Workspace, name: str) -> Path:
    if check_name(name, of="capability") in capability_names(workspace):
        raise GamutError(f"There is a capability {name!r} already; choose another name.")
    return workspace.capabilities / f"{name}.safetensors"
