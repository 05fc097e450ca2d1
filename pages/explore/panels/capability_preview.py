"""A look at a file before a capability is learned from it: how it would be read, and what would be left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets.look import LOOKED_AT, Look, look_at
from core.datasets.options import ImportOptions, read_map_words
from core.datasets.sample import Turn
from core.errors import GamutError
from pages.shared.messages import guard, plain
from pages.shared.numbers import count
from pages.shared.sample_view import draw_turns

FIRST = 2  # samples shown


@dataclass(frozen=True, slots=True)
class Read:
    """How the file is read, and how many samples it holds where all of it was looked at."""

    map: tuple[str, ...]
    records: str | None
    rows: int | None


def draw_look(file: Path) -> Read | None:
    """The first samples as they would be read, and templates for files of an unusual form; None where it cannot be read."""
    held = st.session_state
    typed = tuple(line for line in (held.get("capability_map") or "").splitlines() if line.strip())
    inside = (held.get("capability_records") or "").strip() or None
    look = None
    with guard():
        options = ImportOptions(map=read_map_words(list(typed)), records=inside)
        stamp = file.stat().st_mtime_ns if file.exists() else 0
        look = _look(str(file), stamp, json.dumps(options.as_dict()))
        _say(look)
    with st.expander("How it is read", expanded=look is None or bool(look.refused)):
        _draw_reading(look)
    if look is None or look.refused:
        return None
    return Read(typed, inside, look.kept if look.seen < LOOKED_AT else None)


@st.cache_resource(max_entries=8, show_spinner="Looking at its first records …")
def _look(file: str, stamp: int, options: str) -> Look:
    return look_at(Path(file), ImportOptions.from_dict(json.loads(options)))


def _say(look: Look) -> None:
    if look.refused:
        raise GamutError(look.refused)
    form = ", ".join(dict.fromkeys(found.title for found in look.formats.values()))
    left_out = look.seen - look.kept
    first = "" if look.seen < LOOKED_AT else "first "
    words = f"Read as {form}: of the {first}{count(look.seen, 'record')}, {look.kept} are samples"
    if left_out:
        st.warning(plain(f"{words}; {left_out} would be left out, the first because: {look.problems[0].reason}"))
    else:
        st.caption(plain(f"{words}."))


def _draw_reading(look: Look | None) -> None:
    st.text_area(
        "Templates, one a line", key="capability_map", placeholder="user={question}\nassistant={answer}", height=80,
        help="ROLE=TEMPLATE with columns in braces, for a file of an unusual form",
    )  # fmt: skip
    st.text_input(
        "Where the rows lie inside nested records", key="capability_records", placeholder="data[].paragraphs[].qas[]"
    )
    for sample in look.samples[:FIRST] if look is not None else ():
        draw_turns(tuple(Turn(turn.role, turn.text[:2000]) for turn in sample.turns))
