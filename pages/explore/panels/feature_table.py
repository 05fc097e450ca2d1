"""The table of all features: searched, filtered, sorted and paged by the database."""

from __future__ import annotations

import math

import streamlit as st

from core.scores.hygiene import KINDS, Hygiene
from core.store.feature_table import Beside, FeaturePage, feature_page
from pages.explore.panels.answers import chosen_counts, hygiene_of, peaks
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words, labels_for
from pages.shared.fragment import fragment
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.sample_features import clicked_row
from pages.shared.sidebar import Current
from pages.shared.state import choose, choose_next, chosen, write_link
from pages.shared.subset import Subset, current_subset

PAGE = 50
NOTHING_HIDDEN = "none"
SORTS = {
    "samples": "density", "max": "strongest", "subset": "subset against pool", "tokens": "tokens", "label": "label",
    "feature_id": "id",
}  # fmt: skip


@fragment
def draw_table(here: Current, opened: Opened) -> None:
    """Search, filters, a page of the table; a click on a row opens the feature."""
    with guard():
        st.subheader("All features", anchor=False)
        found = hygiene_of(opened, opened.key)
        subset = current_subset(opened, here.selection)
        _draw_bar(found, subset)
        beside = _beside(opened, found, subset)
        page = _page(opened, beside)
        _draw_page(opened, page, beside, found, subset)
    write_link()


def hidden_kinds() -> list[str]:
    """The kinds of features that are left out of the table."""
    return [kind for kind in chosen("hide").split(",") if kind in KINDS]


def _draw_bar(found: Hygiene, subset: Subset | None) -> None:
    search, sort, way = st.columns([2, 1, 1], vertical_alignment="bottom")
    search.text_input("Search", key="find", placeholder="words of a label, a token, or an id", on_change=_to_first_page)
    sorts = [name for name in SORTS if name != "subset" or subset]
    if chosen("sort") not in sorts:
        choose(sort=sorts[0])
    sort.selectbox("Sort by", sorts, key="sort", format_func=SORTS.get, on_change=_to_first_page)
    way.toggle("ascending", key="ascending", on_change=_to_first_page)
    st.session_state["_hide"] = hidden_kinds()
    st.pills(
        "Leave out", KINDS, selection_mode="multi", key="_hide", on_change=_hide,
        format_func=lambda kind: f"{kind} {whole(int(found.kinds[kind].sum()))}",
        help="; ".join(f"{kind}: {found.unknown.get(kind) or found.settings.words(kind)}" for kind in KINDS),
    )  # fmt: skip


def _hide() -> None:
    kinds = [kind for kind in KINDS if kind in st.session_state["_hide"]]
    choose(hide=",".join(kinds) or NOTHING_HIDDEN, features_page=1)


def _to_first_page() -> None:
    choose(features_page=1)


def _beside(opened: Opened, found: Hygiene, subset: Subset | None) -> Beside:
    kinds = hidden_kinds()
    return Beside(
        labels=labels_for(opened).best_table,
        peaks=peaks(opened, opened.key) if chosen("find").strip() else None,
        kept=~found.any_of(kinds) if kinds else None,
        chosen=chosen_counts(opened, opened.key, subset.key, subset) if subset else None,
        subset=len(subset.ids) if subset else 0,
    )


def _page(opened: Opened, beside: Beside) -> FeaturePage:
    """The page asked for, or the last one there is."""
    ask = {"order": chosen("sort"), "descending": not chosen("ascending"), "search": chosen("find"), "beside": beside}
    at = max(1, chosen("features_page"))
    page = feature_page(opened.analysis, **ask, live=False, limit=PAGE, offset=(at - 1) * PAGE)
    pages = max(1, math.ceil(page.total / PAGE))
    if at > pages:
        choose(features_page=pages)
        page = feature_page(opened.analysis, **ask, live=False, limit=PAGE, offset=(pages - 1) * PAGE)
    return page


def _draw_page(opened: Opened, page: FeaturePage, beside: Beside, found: Hygiene, subset: Subset | None) -> None:
    said, pages = st.columns([1, 1], vertical_alignment="center")
    said.caption(f"{count(page.total, 'feature')} of {whole(opened.analysis.n_features)}; all counts at θ = 0")
    if not page.rows:
        st.info("No feature is like that. Search for another word, or leave fewer kinds out.", icon=":material/info:")
        return
    if page.total > PAGE:
        with pages.container(horizontal_alignment="right"):
            _draw_pages(math.ceil(page.total / PAGE))
    ids = [row.feature_id for row in page.rows]
    words = feature_words(opened, ids)
    n, size = opened.analysis.n_samples, beside.subset
    columns = {
        "feature": ids,
        "what it is about": [words[feature_id] for feature_id in ids],
        "samples": [row.samples for row in page.rows],
        "density, %": [100 * row.samples / n for row in page.rows],
        "strongest": [row.max for row in page.rows],
    }
    if subset is not None:
        columns["subset, %"] = [100 * (row.chosen or 0) / size for row in page.rows]
        columns["× pool"] = [(row.chosen or 0) * n / (size * row.samples) if row.samples else None for row in page.rows]
    columns["note"] = [", ".join(found.of(feature_id)) for feature_id in ids]
    event = st.dataframe(
        columns, hide_index=True, key="features_table", row_height=30, height=min(560, 38 + 30 * len(ids)),
        selection_mode="single-cell", on_select="rerun", column_config=_formats(subset),
    )  # fmt: skip
    clicked = clicked_row(event, len(ids))
    if clicked is not None:
        choose_next(feature=ids[clicked])
        st.rerun()


def _draw_pages(pages: int) -> None:
    """A strip of its own for every search and order, so that each begins at the page that is chosen."""
    key = "_".join(["_features_page", chosen("find"), chosen("sort"), chosen("hide"), str(chosen("ascending"))])
    st.pagination(
        pages, default=min(pages, max(1, chosen("features_page"))), key=key, max_visible_pages=5,
        on_change=lambda: choose(features_page=st.session_state[key]),
    )  # fmt: skip


def _formats(subset: Subset | None) -> dict:
    column = st.column_config
    return {
        "feature": column.NumberColumn(format="#%d", width=70),
        "what it is about": column.TextColumn(width=330),
        "samples": column.NumberColumn(width=70),
        "density, %": column.NumberColumn(format="%.3g", width=80, help="share of samples it is active in"),
        "strongest": column.NumberColumn(format="%.3g", width=80, help="its maximum over all tokens"),
        "subset, %": column.NumberColumn(
            format="%.3g",
            width=80,
            help=f"share of the samples of {plain(subset.title)} it is active in" if subset else None,
        ),
        "× pool": column.NumberColumn(format="%.2f", width=70, help="the subset's share over the pool's"),
        "note": column.TextColumn(help="features that say little of what a text is about, by stated rules"),
    }
