"""The controls that overrule how a source is read: its format, a map, where its records lie, whether it has a header."""

from __future__ import annotations

import streamlit as st

from core.datasets.formats import FORMATS
from core.datasets.look import Look
from core.datasets.options import ImportOptions, typed_template
from core.datasets.sample import ROLES
from pages.shared.messages import plain

AUTO, MAP = "recognise it", "a map of its columns"
FIRST_ROLES = ("user", "assistant")
TURNS = 8  # rows of a new map at most; a longer one is for the command line
KEYS_SHOWN = 40
KEYS = ("import_format", "import_records", "import_header", "import_split", "import_turns",
        *(f"import_{part}_{turn}" for part in ("role", "template") for turn in range(TURNS)))  # fmt: skip


def options_now() -> ImportOptions:
    """What the controls say; they may be drawn later in the same run."""
    state = st.session_state
    chosen = state.get("import_format", AUTO)
    return ImportOptions(
        format=chosen if chosen in FORMATS else None,
        map=_map_now() if chosen == MAP else (),
        records=state.get("import_records") or None,
        header=state.get("import_header", True),
        split=(state.get("import_split") or "").strip() or None,
    )


def _map_now() -> tuple[tuple[str, str], ...]:
    state = st.session_state
    rows = [(_role(turn), state.get(f"import_template_{turn}", "")) for turn in range(_turns())]
    return tuple((role, typed_template(template)) for role, template in rows if template)


def _turns() -> int:
    return int(st.session_state.get("import_turns", len(FIRST_ROLES)))


def _role(turn: int) -> str:
    return st.session_state.get(f"import_role_{turn}", FIRST_ROLES[turn % 2])


def forget_options() -> None:
    """For another source everything is recognised again."""
    for key in KEYS:
        st.session_state.pop(key, None)


def map_wanted() -> bool:
    """Whether a map is being written that says nothing yet."""
    return st.session_state.get("import_format") == MAP and not _map_now()


def draw_options(look: Look | None, *, splits: bool) -> None:
    """The controls that fit the source; `splits` where it may have several."""
    form, records, more = st.columns([2, 2, 2], vertical_alignment="bottom")
    form.selectbox("Format", [AUTO, MAP, *FORMATS], format_func=_title, key="import_format")
    if look is not None and look.paths and _may_be_nested(look):
        records.selectbox(
            "Records lie", [None, *look.paths], format_func=lambda path: path or "one beside the other",
            key="import_records", help="lists of objects inside the first record; fields around them are kept",
        )  # fmt: skip
    if look is not None and look.table:
        more.toggle("The first line names the columns", value=True, key="import_header")
    if splits:
        more.text_input("Split", key="import_split", placeholder="all of them")
    if st.session_state.get("import_format") == MAP:
        _draw_map(look)


def _may_be_nested(look: Look) -> bool:
    """Whether a path may be wanted: one is said, or nothing is read without; the messages of a talk are no records."""
    state = st.session_state
    return bool(look.refused or state.get("import_records") or state.get("import_format", AUTO) == MAP)


def _title(name: str) -> str:
    return FORMATS[name].title if name in FORMATS else name


def _draw_map(look: Look | None) -> None:
    for turn in range(_turns()):
        role, template = st.columns([1, 4])
        role.selectbox(
            "Role", ROLES, index=ROLES.index(FIRST_ROLES[turn % 2]), key=f"import_role_{turn}",
            label_visibility="visible" if turn == 0 else "collapsed",
        )  # fmt: skip
        template.text_input(
            "Template: {column}, {a.b}, {a[0].b}; {{ and }} are braces, \\n is a line end", key=f"import_template_{turn}",
            placeholder="{question}" if turn == 0 else "{answer}", label_visibility="visible" if turn == 0 else "collapsed",
        )  # fmt: skip
    st.number_input("Turns", min_value=1, max_value=TURNS, value=len(FIRST_ROLES), key="import_turns", width=140)
    if look is not None and look.keys:
        more = len(look.keys) - KEYS_SHOWN
        named = "  ".join(f"{{{key}}}" for key in look.keys[:KEYS_SHOWN])
        st.text(f"Columns: {named}" + (f"  and {more} more" if more > 0 else ""))
    if map_wanted():
        st.caption(plain("A turn whose template is empty is left out."))
