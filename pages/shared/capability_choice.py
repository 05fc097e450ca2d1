"""The capabilities of a workspace as screens offer them: those of the model at hand, and which one is looked at."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import GamutError
from core.scores.capability import Capability, capability_names, load_capability, read_capability
from core.workspace import Workspace
from pages.shared.engine import Opened
from pages.shared.messages import guard
from pages.shared.state import chosen

CONTROLS_READ = (
    "Whatever reading is chosen above, difference of means is read at the MLP neurons, embedding similarity is the cosine at "
    "the residual stream of the last layer, and BM25 reads words."
)


@st.cache_resource(max_entries=64, show_spinner=False)
def _read(path: str, stamp: int, size: int) -> Capability:
    return read_capability(Path(path))


def capability_called(workspace: Workspace, name: str) -> Capability:
    """The capability of that name, read once for all sessions as long as its file stays the same."""
    path = workspace.capabilities / f"{name}.safetensors"
    if not path.is_file():
        return load_capability(workspace, name)  # which says what there is
    stat = path.stat()
    return _read(str(path.resolve()), stat.st_mtime_ns, stat.st_size)


def capabilities(workspace: Workspace) -> list[Capability]:
    """All capabilities by name; one that cannot be read is told in a sentence and left out."""
    found = []
    for name in capability_names(workspace):
        with guard():
            found.append(capability_called(workspace, name))
    return found


def fits(opened: Opened, one: Capability) -> bool:
    """Whether a capability was learned on the model that the analysis was made with."""
    try:
        one.require(opened.analysis)
    except GamutError:
        return False
    return True


def fitting(opened: Opened) -> list[Capability]:
    """The capabilities of the model of an analysis, by name."""
    return [one for one in capabilities(opened.workspace) if fits(opened, one)]


def looked_at(found: list[Capability]) -> Capability:
    """The one that the link names, else the first of those found; there must be one.

    A name that is not there stays chosen: a job may be learning it.
    """
    return next((one for one in found if one.name == chosen("capability")), found[0])
