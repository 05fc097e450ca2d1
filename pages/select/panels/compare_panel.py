"""Compare: what do two selections share, what has only one of them, and how firm is the choice?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.selection.compare import Comparison, compare
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.saved import load_selection, selection_names
from core.selection.select import Selected
from core.selection.specification import RankingSpec, select_by
from pages.select.panels.compare_lists import draw_features, draw_rows
from pages.select.panels.import_panel import draw_import, tell_import
from pages.select.panels.stability_panel import draw_stability
from pages.shared import engine
from pages.shared.curves import Asked
from pages.shared.draft import draft_budget
from pages.shared.messages import plain
from pages.shared.numbers import count, short, whole
from pages.shared.state import choose, chosen

DRAFT = ""
SAVED, BY = "selection:", "method:"  # how the other sides are named in a link
YARDSTICKS = ("longest", "random", "richest")  # by the same budget, without saving them first
LOOKS = {"rows": "Rows", "features": "Features", "order": "Order", "stability": "Stability"}


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two selections: what to call it, and its samples in order."""

    title: str
    ids: np.ndarray


def draw_compare(opened: engine.Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """The two sides, the sentence, four figures, and what to look at."""
    names = _names(opened, spec)
    if chosen("compare_a") not in names:
        choose(compare_a=DRAFT)
    if chosen("compare_b") not in names or chosen("compare_b") == DRAFT:
        choose(compare_b=next(name for name in names if name not in (DRAFT, f"{SAVED}{chosen('selection')}")))
    first, second, file = st.columns([2, 2, 1.1], vertical_alignment="bottom")
    first.selectbox("A", names, key="compare_a", format_func=_title)
    second.selectbox("B", names, key="compare_b", format_func=_title)
    with file.popover(
        "Import …", width="stretch", help="samples that were chosen elsewhere, as a selection to compare"
    ):
        draw_import(opened)
    tell_import()
    a, b = (_side(opened, spec, selected, chosen(key)) for key in ("compare_a", "compare_b"))
    said = compared(opened, spec, pool, a.ids, b.ids)
    _draw_summary(a, b, said)
    st.segmented_control(
        "Look at", list(LOOKS), key="compare_look", required=True, format_func=LOOKS.get, label_visibility="collapsed"
    )
    if chosen("compare_look") == "rows":
        draw_rows(opened, said.only_a, said.only_b, a.ids, b.ids)
    elif chosen("compare_look") == "features":
        draw_features(opened, said)
    elif chosen("compare_look") == "order":
        _draw_order(said)
    else:
        draw_stability(opened, spec, pool, selected)


def _names(opened: engine.Opened, spec: RankingSpec) -> list[str]:
    """The draft, the saved selections of this data set, and yardsticks of the same budget."""
    saved = []
    for name in selection_names(opened.workspace):
        try:
            there = load_selection(opened.workspace, name)
        except GamutError:
            continue  # a damaged file is told where it is opened
        saved += [f"{SAVED}{name}"] if there.dataset_hash == opened.dataset.content_hash else []
    return [DRAFT, *saved, *(f"{BY}{name}" for name in YARDSTICKS if name != spec.method)]


def _title(name: str) -> str:
    if name.startswith(BY):
        return f"same budget by {find(name.removeprefix(BY)).title}"
    return name.removeprefix(SAVED) or "this draft"


def _side(opened: engine.Opened, spec: RankingSpec, selected: Selected, name: str) -> Side:
    if name == DRAFT:
        return Side("This draft", selected.sample_ids)
    if name.startswith(SAVED):
        saved = load_selection(opened.workspace, name.removeprefix(SAVED))
        return Side(saved.name, np.array(saved.ids, np.int32))
    other = replace(spec, method=name.removeprefix(BY), options={})
    budget = draft_budget()
    pool, ranking = engine.ranked(opened, other, budget)
    return Side(_title(name), select_by(pool, other, budget, ranking=ranking).sample_ids)


def compared(opened: engine.Opened, spec: RankingSpec, pool: Pool, a: np.ndarray, b: np.ndarray) -> Comparison:
    """The comparison, with features active as the draft says; chance draws from what may be chosen at all."""
    return _compared(pool, Asked.of(opened, spec).fair, a.astype(np.int32).tobytes(), b.astype(np.int32).tobytes())


@st.cache_resource(max_entries=16, show_spinner="Comparing …")
def _compared(_pool: Pool, fair: str, a: bytes, b: bytes) -> Comparison:
    first, second = (np.frombuffer(ids, np.int32).tolist() for ids in (a, b))
    return compare(_pool.features, _pool.conversation_tokens, first, second, eligible=_pool.free)


def _draw_summary(a: Side, b: Side, said: Comparison) -> None:
    """The sentence, and the figures behind it."""
    over = said.overlap
    st.markdown(f"**{plain(summary_words(a.title, b.title, said))}**")
    shared, jaccard, tokens, features = st.columns(4)
    share = f"{100 * over.shared / max(1, min(over.a, over.b)):.3g} %"
    shared.metric(
        f"Rows in both (chance {short(over.expected)})", whole(over.shared), help=f"{share} of the smaller selection"
    )
    jaccard.metric(
        f"Jaccard (chance {over.expected_jaccard:.3f})", f"{over.jaccard:.3f}", help="rows in both / rows in either"
    )
    tokens.metric("Tokens, A and B", f"{short(said.tokens_a)} · {short(said.tokens_b)}")
    features.metric(
        "Features, A and B", f"{whole(said.reached_a)} · {whole(said.reached_b)}",
        help=f"reached in one row or more; {whole(said.reached_both)} by both",
    )  # fmt: skip


def summary_words(a: str, b: str, said: Comparison) -> str:
    """A (88 rows) and B (88 rows) share 12 rows; two random subsets would share 4 (1 to 9)."""
    over = said.overlap
    reach = (
        f"A alone reaches {count(len(said.features_a), 'feature')}, B alone {whole(len(said.features_b))}."
        if len(said.features_a) or len(said.features_b)
        else "Both reach the same features."
    )
    return (
        f"{a} ({count(over.a, 'row')}) and {b} ({count(over.b, 'row')}) share {count(over.shared, 'row')}; two random "
        f"subsets of {whole(over.n)} would share {short(over.expected)} ({whole(over.low)} to {whole(over.high)}). {reach}"
    )


def _draw_order(said: Comparison) -> None:
    """How alike the orders are."""
    order = said.agreement
    kendall, spearman, tops = st.columns(3)
    told = f"of the places of the {count(order.common, 'row')} in both"
    kendall.metric("Kendall τ", _correlation(order.kendall), help=f"{told}: 1 same order, 0 none, −1 reversed")
    spearman.metric("Spearman ρ", _correlation(order.spearman), help=told)
    tops.metric(
        "Rank-biased overlap", f"{order.rbo:.3f}",
        help=f"of both lists from the top, extrapolated, persistence {order.p:g}: 1 the same list, 0 nothing in common",
    )  # fmt: skip
    st.caption(
        "Kendall and Spearman look at common rows only; rank-biased overlap (Webber, Moffat, Zobel 2010) also counts what "
        "only one list has, the top weighing most: with this persistence the first 50 places hold about nine tenths."
    )


def _correlation(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"
