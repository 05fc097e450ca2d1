"""Selections as named files: specification, budget, hashes and ordered ids."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import GamutError
from core.files import write_json
from core.selection.budget import Budget
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.store.analyses import Analysis
from core.workspace import Workspace, check_name

VERSION = 1
EARLIER = "revisions"  # the folder of those that were replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A saved selection: `ids` in the order they were chosen, `tokens` of their whole conversations.

    leans_on: what else it called by name when it was made, with its hash; empty too where it was saved before that was kept.
    """

    name: str
    revision: int
    spec: RankingSpec
    budget: Budget
    dataset: str
    dataset_hash: str
    analysis_hash: str
    ids: tuple[int, ...]
    tokens: int
    created: str
    leans_on: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        said: dict[str, Any] = {
            "version": VERSION, "name": self.name, "revision": self.revision, "spec": self.spec.as_dict(),
            "budget": self.budget.as_dict(),
            "dataset": self.dataset, "dataset_hash": self.dataset_hash, "analysis_hash": self.analysis_hash,
            "ids": list(self.ids), "tokens": self.tokens, "created": self.created,
        }  # fmt: skip
        return said | ({"leans_on": self.leans_on} if self.leans_on else {})


def save_selection(
    workspace: Workspace,
    name: str,
    *,
    analysis: Analysis,
    spec: RankingSpec,
    selected: Selected,
    replaces: int | None = None,
) -> Selection:
    """Save a selection under a name. One that is there already is replaced only by who names its revision.

    `replaces`: the revision that the caller has seen; raises `GamutError` if the name is taken by another one. The one that
    is replaced is kept: see `revisions_of`.
    """
    if not len(selected.sample_ids):
        raise GamutError("The budget is too small for a single row; raise it.")
    from core.selection.leans import leans_of  # here, because it may lean on another saved selection

    path = workspace.selections / f"{check_name(name, of='selection')}.json"
    revision, leans_on = 1, leans_of(workspace, spec)
    if path.exists():
        there = load_selection(workspace, name)
        made = (spec, selected.budget, tuple(selected.sample_ids.tolist()), leans_on)
        if (there.spec, there.budget, there.ids, there.leans_on) == made:
            return there
        if replaces != there.revision:
            raise GamutError(
                f"There is a selection {name!r} already (revision {there.revision}, {len(there.ids)} rows); "
                "choose another name or say that it is to be replaced."
            )
        revision = there.revision + 1
    selection = Selection(
        name=name, revision=revision, spec=spec, budget=selected.budget, dataset=analysis.dataset,
        dataset_hash=analysis.meta["dataset_hash"], analysis_hash=analysis.content_hash,
        ids=tuple(selected.sample_ids.tolist()), tokens=selected.tokens,
        created=datetime.now(UTC).isoformat(timespec="seconds"), leans_on=leans_on,
    )  # fmt: skip
    _write(workspace, selection)
    return selection


def _write(workspace: Workspace, selection: Selection) -> None:
    """Write the newest revision; the one before it is put aside first, so that none is ever lost."""
    path = workspace.selections / f"{selection.name}.json"
    if path.exists():
        before = load_selection(workspace, selection.name)
        write_json(_earlier(workspace, before.name, before.revision), before.as_dict())
    write_json(path, selection.as_dict())


def _earlier(workspace: Workspace, name: str, revision: int) -> Path:
    return workspace.selections / EARLIER / name / f"{revision}.json"


def revisions_of(workspace: Workspace, name: str) -> list[Selection]:
    """All revisions of a saved selection that are kept, the newest first."""
    newest = load_selection(workspace, name)
    kept = (workspace.selections / EARLIER / name).glob("*.json")
    numbers = sorted((int(path.stem) for path in kept if path.stem.isdecimal()), reverse=True)
    return [newest, *(_read(_earlier(workspace, name, n)) for n in numbers if n < newest.revision)]


def restore_revision(workspace: Workspace, name: str, revision: int) -> Selection:
    """Make an earlier revision the newest one again, under a number of its own; the others stay."""
    newest, earlier = load_selection(workspace, name), load_selection(workspace, name, revision=revision)
    if earlier.revision == newest.revision:
        return newest
    restored = replace(earlier, revision=newest.revision + 1, created=datetime.now(UTC).isoformat(timespec="seconds"))
    _write(workspace, restored)
    return restored


def load_selection(workspace: Workspace, name: str, *, revision: int | None = None) -> Selection:
    """The saved selection of that name (None: its newest revision), or `GamutError` naming those there are."""
    path = workspace.selections / f"{name}.json"
    if not path.is_file():
        raise GamutError(
            f"There is no selection {name!r}; there are: {', '.join(selection_names(workspace)) or 'none yet'}."
        )
    newest = _read(path)
    if revision is None or revision == newest.revision:
        return newest
    earlier = _earlier(workspace, check_name(name, of="selection"), revision)
    if not earlier.is_file():
        known = ", ".join(str(one.revision) for one in revisions_of(workspace, name))
        raise GamutError(f"Selection {name!r} has no revision {revision}; there are: {known}.")
    return _read(earlier)


def _read(path: Path) -> Selection:
    try:
        said = json.loads(path.read_text())
        if said["version"] > VERSION:
            raise GamutError(f"Selection {path.stem!r} was saved by a newer Gamut; update this one to open it.")
        return Selection(
            spec=RankingSpec.from_dict(said["spec"]), budget=Budget(**said["budget"]), ids=tuple(said["ids"]),
            leans_on=dict(said.get("leans_on", {})),
            **{key: said[key] for key in ("name", "revision", "dataset", "dataset_hash", "analysis_hash", "tokens", "created")},
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise GamutError(f"The selection file {path} is damaged ({error!r}); select again.") from None


def selection_names(workspace: Workspace) -> list[str]:
    """The names of all saved selections, sorted."""
    return sorted(path.stem for path in workspace.selections.glob("[!.]*.json"))
