"""Save the draft under a name, its revisions, and how to make the same selection again."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from core.errors import GamutError
from core.export.manifest import select_line
from core.export.python_lines import python_lines
from core.selection.leans import leans_of
from core.selection.saved import (
    Selection,
    load_selection,
    restore_revision,
    revisions_of,
    save_selection,
    selection_names,
)
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from pages.shared.constraint_choice import tell_changed
from pages.shared.draft import load_draft
from pages.shared.draft_marks import draft_marks
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import budget_words, count, moment
from pages.shared.state import choose_next, chosen, link

NAME = "save_as"
SAVED = "_just_saved"
REVISION = "revision_of"
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
    elif _same(there, spec, selected, leans_of(opened.workspace, spec)):
        button.button("Saved", disabled=True, width="stretch")
    else:
        st.caption(
            plain(
                f"{name} holds {count(len(there.ids), 'row')} by {there.spec.method}, {budget_words(there.budget)} "
                f"(revision {there.revision}, which is kept when it is replaced)."
            )
        )
        if button.button("Replace", width="stretch"):
            _save(opened, spec, selected, name, there.revision)
    if said := st.session_state.pop(SAVED, None):
        st.success(plain(said))


def _same(there: Selection, spec: RankingSpec, selected: Selected, leans_on: dict[str, str]) -> bool:
    made = (spec, selected.budget, tuple(selected.sample_ids.tolist()), leans_on)
    return (there.spec, there.budget, there.ids, there.leans_on) == made


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
    """The same selection as a link, a command line and Python lines, and the revisions of the saved one."""
    held = draft_marks(opened.workspace, opened.dataset).held
    whose = "that the data set has when it is opened" if held is None else f"of {held.name} and those marked since"
    st.caption(plain(f"The link opens this screen; it heeds the pins and bans {whose}."))
    st.code(_address(), language=None, wrap_lines=True)
    taken = selection_names(opened.workspace)
    name = st.session_state.get(NAME) or _free(taken)
    replaces = f"; what {name} holds before stays as a revision" if name in taken else ""
    st.caption(plain(f"The command line names every pin and ban, and saves the selection as {name}{replaces}."))
    line = select_line(spec, selected.budget, name=name, dataset=opened.dataset, replace=name in taken)
    st.code(line, language=None, wrap_lines=True)
    st.caption("The Python lines end with the ids in order.")
    lines = python_lines(spec, selected.budget, workspace=opened.workspace.root.resolve())
    st.code(lines, language="python", height=260)
    if chosen("selection") in taken:
        _draw_revisions(opened, chosen("selection"))


def _free(taken: list[str]) -> str:
    """A name that no selection has yet."""
    return next(name for name in (EXAMPLE, *(f"{EXAMPLE}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _address() -> str:
    """The address of what is on screen; its path alone where the server does not know its own name."""
    here = (st.context.url or "").split("?")[0]
    return f"{here}?{urlencode(link())}"


def _draw_revisions(opened: Opened, name: str) -> None:
    """Every revision that is kept; an earlier one can be looked at, and made the newest again."""
    found = revisions_of(opened.workspace, name)
    st.markdown(plain(f"Revisions of {name}"))
    st.dataframe(
        {
            "revision": [one.revision for one in found],
            "saved": [moment(one.created) for one in found],
            "rows": [len(one.ids) for one in found],
            "tokens": [one.tokens for one in found],
            "method": [one.spec.method for one in found],
            "budget": [budget_words(one.budget) for one in found],
            "pinned": [len(one.spec.pins) for one in found],
            "banned": [len(one.spec.bans) for one in found],
        },
        hide_index=True,
        height=min(248, 38 + 35 * len(found)),
    )
    pick, look, restore = st.columns([1, 1.4, 1.6], vertical_alignment="bottom")
    numbers = [one.revision for one in found]
    if st.session_state.get(REVISION) not in numbers:
        st.session_state[REVISION] = numbers[0]
    revision = pick.selectbox("Revision", numbers, key=REVISION)
    wanted = found[numbers.index(revision)]
    look.button(
        "Look at it", key="revision_look", width="stretch", on_click=_look, args=(opened, wanted),
        help="the choices on screen become those of this revision; nothing is saved",
    )  # fmt: skip
    restore.button(
        "Make it the newest again", key="revision_restore", width="stretch", disabled=revision == numbers[0],
        on_click=_restore, args=(opened, name, revision),
    )  # fmt: skip


def _look(opened: Opened, wanted: Selection) -> None:
    load_draft(opened.workspace, wanted)
    tell_changed()


def _restore(opened: Opened, name: str, revision: int) -> None:
    restored = restore_revision(opened.workspace, name, revision)
    st.session_state[SAVED] = (
        f"Revision {revision} of {name} is revision {restored.revision} now: {count(len(restored.ids), 'row')}."
    )
    _look(opened, restored)
