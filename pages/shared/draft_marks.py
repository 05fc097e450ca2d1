"""The pins and bans of the selection being made: those of the data set, or those that a saved selection was made with.

Marks belong to the data set: everybody who works on it sees them. Loading a saved selection must show it as it was and
yet change nothing for others; so the draft then holds the pins and bans of its file, and what is marked afterwards on
any screen counts on top of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import GamutError
from core.selection.saved import Selection, load_selection
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, clear_marks, marked, set_marks
from core.workspace import Workspace
from pages.shared.address import SINCE
from pages.shared.state import choose, chosen

SEEN = "_marks_seen"  # the data set's own marks when the draft took over those of a file
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DraftMarks:
    """Pins in order and bans ascending; `held`: the saved selection that they come from, None for the data set's own."""

    pins: Ids
    bans: Ids
    held: Selection | None = None


def draft_marks(workspace: Workspace, dataset: Dataset) -> DraftMarks:
    """The pins and bans of the draft."""
    pins, bans = own_marks(workspace, dataset)
    held = held_selection(workspace, dataset)
    if held is None:
        return DraftMarks(pins, bans)
    if st.session_state.get(SEEN, ("",))[0] != chosen("marks"):
        st.session_state[SEEN] = (chosen("marks"), *_as_before(pins, bans))
    _, seen_pins, seen_bans = st.session_state[SEEN]
    choose(marks_since=_since(seen_pins, pins, seen_bans, bans))
    now_pins = _changed(held.spec.pins, seen_pins, pins)
    now_bans = _changed(held.spec.bans, seen_bans, bans)
    pinned, banned = set(pins) - set(seen_pins), set(bans) - set(seen_bans)  # what was marked since
    return DraftMarks(
        tuple(pin for pin in now_pins if pin not in banned),
        tuple(sorted(ban for ban in now_bans if ban not in pinned)),
        held,
    )


def _since(seen_pins: Ids, pins: Ids, seen_bans: Ids, bans: Ids) -> str:
    """What was marked since as the link says it, so that a new session knows it too; empty where nothing was."""
    sets = (
        set(pins) - set(seen_pins), set(seen_pins) - set(pins), set(bans) - set(seen_bans), set(seen_bans) - set(bans)
    )  # fmt: skip
    said = {name: sorted(ids) for name, ids in zip(SINCE, sets, strict=True) if ids}
    return json.dumps(said, separators=(",", ":")) if said else ""


def _as_before(pins: Ids, bans: Ids) -> tuple[Ids, Ids]:
    """The data set's own marks as they were before what the link says was marked since."""
    said = json.loads(chosen("marks_since") or "{}")
    pinned, unpinned, banned, unbanned = (said.get(name, []) for name in SINCE)
    return (
        (*(pin for pin in pins if pin not in set(pinned)), *(pin for pin in unpinned if pin not in pins)),
        tuple(sorted({*bans, *unbanned} - set(banned))),
    )


def own_marks(workspace: Workspace, dataset: Dataset) -> tuple[Ids, Ids]:
    """The pins and bans of the data set."""
    pins, bans = (marked(workspace, dataset.content_hash, mark) for mark in (PIN, BAN))
    return pins, tuple(sorted(bans))


def _changed(held: Ids, before: Ids, now: Ids) -> Ids:
    """What is held, less what was taken back since and with what was marked since."""
    gone, new = set(before) - set(now), set(now) - set(before)
    return (*(one for one in held if one not in gone), *(one for one in now if one in new and one not in held))


def held_selection(workspace: Workspace, dataset: Dataset) -> Selection | None:
    """The saved selection whose marks the draft holds; None where it holds none, or they are gone or of other data."""
    name, _, revision = chosen("marks").rpartition("@")
    if not name or not revision.isdecimal():
        return None
    path = workspace.selections / f"{name}.json"
    found = _load(workspace, name, int(revision), path.stat().st_mtime_ns) if path.is_file() else None
    return found if found is not None and found.dataset_hash == dataset.content_hash else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(root: str, name: str, revision: int, stamp: int) -> Selection | None:
    try:
        return load_selection(Workspace(Path(root)), name, revision=revision)
    except GamutError:
        return None


def _load(workspace: Workspace, name: str, revision: int, stamp: int) -> Selection | None:
    return _read(str(workspace.root.resolve()), name, revision, stamp)


def hold_marks(workspace: Workspace, saved: Selection) -> None:
    """Let the draft hold the marks of a saved selection, where they differ from the data set's own."""
    pins, bans = (marked(workspace, saved.dataset_hash, mark) for mark in (PIN, BAN))
    st.session_state.pop(SEEN, None)
    same = (pins, tuple(sorted(bans))) == (saved.spec.pins, saved.spec.bans)
    choose(marks="" if same else f"{saved.name}@{saved.revision}", marks_since="")


def let_go() -> None:
    """Use the marks of the data set again."""
    st.session_state.pop(SEEN, None)
    choose(marks="", marks_since="")


def make_own(workspace: Workspace, dataset: Dataset) -> None:
    """Make the marks of the draft those of the data set, for everybody; marks that stay keep their reasons."""
    draft, mark = draft_marks(workspace, dataset), dataset.content_hash
    pins, bans = own_marks(workspace, dataset)
    clear_marks(workspace, mark, mark=PIN, ids=pins)  # the order of pins counts: they are set anew
    clear_marks(workspace, mark, mark=BAN, ids=set(bans) - set(draft.bans))
    set_marks(workspace, mark, set(draft.bans) - set(bans), BAN)
    set_marks(workspace, mark, draft.pins, PIN)
    let_go()
