"""Save the draft under a name, and the line that makes the same selection on the command line."""

from __future__ import annotations

import streamlit as st

from core.errors import GamutError
from core.export.manifest import select_line
from core.selection.saved import Selection, load_selection, save_selection, selection_names
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import budget_words, count
from pages.shared.state import choose_next, chosen

NAME = "save_as"
SAVED = "_just_saved"
EXAMPLE = "my-selection"


def draw_keep(opened: Opened, spec: RankingSpec, selected: Selected) -> None:
    """A name, a button, and what happens when the name is taken."""
    st.session_state.setdefault(NAME, chosen("selection"))
    field, button = st.columns([3, 1.3], vertical_alignment="bottom")
    name = field.text_input("Save as", key=NAME, placeholder=EXAMPLE)
    there = load_selection(opened.workspace, name) if name in selection_names(opened.workspace) else None
    if there is None:
        if button.button("Save", type="primary", disabled=not name, width="stretch"):
            _save(opened, spec, selected, name, None)
    elif _same(there, spec, selected):
        button.button("Saved", disabled=True, width="stretch")
    else:
        st.caption(
            plain(
                f"{name} holds {count(len(there.ids), 'row')} by {there.spec.method}, {budget_words(there.budget)} "
                f"(revision {there.revision})."
            )
        )
        if button.button("Replace", width="stretch"):
            _save(opened, spec, selected, name, there.revision)
    if said := st.session_state.pop(SAVED, None):
        st.success(plain(said))


def _same(there: Selection, spec: RankingSpec, selected: Selected) -> bool:
    return (there.spec, there.budget, there.ids) == (
        spec,
        selected.budget,
        tuple(selected.sample_ids.tolist()),
    )


def _save(opened: Opened, spec: RankingSpec, selected: Selected, name: str, replaces: int | None) -> None:
    if not len(selected.sample_ids):
        raise GamutError("There is nothing to save: the budget is too small for a single row.")
    saved = save_selection(
        opened.workspace, name, analysis=opened.analysis, spec=spec, selected=selected, replaces=replaces
    )
    choose_next(selection=saved.name)
    st.session_state[SAVED] = f"Saved as {saved.name}, revision {saved.revision}: {count(len(saved.ids), 'row')}."
    st.rerun()


def draw_reproduce(opened: Opened, spec: RankingSpec, selected: Selected) -> None:
    """The same selection as a command line."""
    st.code(
        select_line(spec, selected.budget, name=st.session_state.get(NAME) or EXAMPLE, dataset=opened.dataset),
        language=None,
        wrap_lines=True,
    )
