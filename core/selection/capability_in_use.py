"""Which saved selections call a capability by its name: they could not be made again without it."""

from __future__ import annotations

from core.errors import GamutError
from core.selection.saved import load_selection, selection_names
from core.workspace import Workspace


def refuse_in_use(workspace: Workspace, name: str, what: str) -> None:
    """Raise `GamutError` while a saved selection was chosen by a capability; `what` is not done to it: "removed"."""
    for selection in selection_names(workspace):
        try:
            leans_on = load_selection(workspace, selection).leans_on
        except GamutError:
            continue  # a damaged file is told where it is opened
        if f"capability:{name}" in leans_on:
            raise GamutError(
                f"Capability {name!r} is not {what}: the saved selection {selection!r} was chosen by it and could not be made "
                "again."
            )
