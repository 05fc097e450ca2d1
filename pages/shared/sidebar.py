"""The sidebar that every screen shares: data set, analysis and the current selection; switching keeps the screen."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.errors import GamutError
from core.selection.methods.registry import find
from core.selection.saved import Selection, load_selection, selection_names
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.workspace import Workspace
from pages.shared import engine
from pages.shared.draft import draft_budget, load_draft
from pages.shared.messages import plain
from pages.shared.numbers import budget_words, count
from pages.shared.state import BARE, NO_SELECTION, choose, chosen

STATUS = "_status"  # the place that a screen may write the current selection to


@dataclass(frozen=True, slots=True)
class Current:
    """What the sidebar has chosen; None where there is nothing to choose from."""

    workspace: Workspace
    datasets: tuple[Dataset, ...]
    dataset: Dataset | None
    analysis: Analysis | None
    selection: Selection | None

    def opened(self) -> engine.Opened | None:
        """The analysis with its data set."""
        return engine.open_pair(self.workspace, self.analysis) if self.analysis else None


def current() -> Current:
    """The choice of this run, for the screens."""
    return st.session_state["_current"]


def draw_sidebar(workspace: Workspace) -> None:
    """Draw the three choices and remember what they mean."""
    with st.sidebar:
        datasets, analyses = engine.datasets(workspace), engine.analyses(workspace)
        dataset = _choose_dataset({dataset.name: dataset for dataset in datasets}, analyses)
        analysis = _choose_analysis(analyses, dataset)
        selection = _choose_selection(workspace, analysis)
        st.session_state[STATUS] = st.empty()
        tell_selection(selection)
    st.session_state["_current"] = Current(workspace, tuple(datasets), dataset, analysis, selection)


def _choose_dataset(sets: dict[str, Dataset], analyses: list[Analysis]) -> Dataset | None:
    if not sets:
        st.selectbox("Data set", [], placeholder="none yet", disabled=True)
        return None
    if chosen("dataset") not in sets:
        newest = [analysis.dataset for analysis in analyses if analysis.dataset in sets]
        choose(dataset=(newest or list(sets))[0])
    return sets[st.selectbox("Data set", list(sets), key="dataset")]


def _choose_analysis(analyses: list[Analysis], dataset: Dataset | None) -> Analysis | None:
    found = {a.id: a for a in analyses if dataset is not None and a.dataset_hash == dataset.content_hash}
    if not found:
        st.selectbox("Analysis", [], placeholder="none yet", disabled=True)
        return None
    if chosen("analysis") not in found:
        choose(analysis=next(iter(found)))
    return found[
        st.selectbox("Analysis", list(found), format_func=lambda id: f"{found[id].name} · {id[:8]}", key="analysis")
    ]


def _choose_selection(workspace: Workspace, analysis: Analysis | None) -> Selection | None:
    saved = {s.name: s for s in _selections(workspace) if analysis is not None and s.spec.analysis == analysis.id}
    if chosen("selection") not in saved:
        choose(selection=NO_SELECTION)
    if st.session_state[BARE]:
        _selection_changed(workspace, saved)
    name = st.selectbox(
        "Selection",
        [NO_SELECTION, *saved],
        format_func=lambda name: name or "not saved yet",
        key="selection",
        on_change=_selection_changed,
        args=(workspace, saved),
        disabled=not saved,
    )
    return saved.get(name)


def _selections(workspace: Workspace) -> list[Selection]:
    found = []
    for name in selection_names(workspace):
        try:
            found.append(load_selection(workspace, name))
        except GamutError:
            continue  # a damaged file is told where it is opened, it must not close every screen
    return found


def _selection_changed(workspace: Workspace, saved: dict[str, Selection]) -> None:
    if chosen("selection") in saved:
        load_draft(workspace, saved[chosen("selection")])


def tell_selection(selection: Selection | None, *, rows: int | None = None, tokens: int | None = None) -> None:
    """Write method · budget · tokens under the choices: of the draft on screen, or of the saved selection."""
    try:
        method, budget = (selection.spec.method, selection.budget) if selection else (chosen("method"), draft_budget())
        words = [find(method).title, budget_words(budget)]
    except GamutError:
        return
    if selection is not None:
        rows, tokens = len(selection.ids), selection.tokens
    if rows is not None and tokens is not None:
        words += [count(rows, "row"), count(tokens, "token")]
    words = list(dict.fromkeys(words))  # a budget in rows says the rows already
    st.session_state[STATUS].caption(plain(" · ".join(words)))
