"""What lies inside the outline: how much, which groups, which features at equal length, and samples to read."""

from __future__ import annotations

import math

import streamlit as st

from core.scores.enrichment import Enrichment
from core.scores.layout import Layout
from core.selection.inside import DESCRIPTION, shares_inside
from core.selection.map_colours import FEATURE
from pages.explore.panels.answers import known
from pages.explore.panels.map_answers import Drawn, group_columns, middle_first
from pages.explore.panels.map_scene import ASKED
from pages.explore.panels.odds_chart import odds_figure
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import count, short, whole
from pages.shared.sample_view import first_words
from pages.shared.state import choose, chosen
from pages.shared.subset import Subset

EACH = 8  # features of a side in the picture
PAGE = 20
CHART, TABLE, READ = "map_odds", "map_groups", "map_read"


def draw_amount(opened: Opened, found: Drawn, subset: Subset | None) -> None:
    """Samples, tokens, and what of the selection lies here."""
    inside, n = found.inside, opened.analysis.n_samples
    samples, tokens = st.columns(2)
    quiet = {"delta_color": "off", "delta_arrow": "off"}
    samples.metric("Samples", whole(inside.count), f"{_percent(inside.count, n)} of all", **quiet)
    tokens.metric("Tokens", short(inside.tokens), f"{_percent(inside.tokens, inside.all_tokens)} of all", **quiet)
    if subset is None:
        st.caption("Nothing is chosen now: Budget says what the choice there lacks.")
        return
    here, every = int(inside.members[subset.ids].sum()), len(subset.ids)
    said = f"Of {count(every, 'sample')} chosen ({subset.title}) {whole(here)} lie here: {_percent(here, every)} of the selection"
    st.caption(plain(f"{said}, {_percent(here, inside.count)} of what is here."))


def draw_groups(opened: Opened, found: Drawn) -> None:
    """The groups inside beside the pool."""
    columns = group_columns(opened)
    if chosen("map_groups_by") not in columns:
        choose(map_groups_by=columns[0])
    by = st.selectbox("Inside, by", columns, key="map_groups_by", label_visibility="collapsed")
    shares = shares_inside(known(opened).groups(by), found.inside.members)
    inside, n = found.inside.count, opened.analysis.n_samples
    st.dataframe(
        {
            by: [share.name for share in shares],
            "samples": [share.inside for share in shares],
            "inside, %": [100 * share.inside / max(1, inside) for share in shares],
            "pool, %": [100 * share.pool / n for share in shares],
        },
        hide_index=True, row_height=28, height=min(260, 38 + 28 * len(shares)),
        column_config={
            by: st.column_config.TextColumn(width=96), "samples": st.column_config.NumberColumn(width=58),
            "inside, %": st.column_config.NumberColumn(format="%.3g", width=58),
            "pool, %": st.column_config.NumberColumn(format="%.3g", width=50),
        },
    )  # fmt: skip


def draw_features(found: Enrichment, shown: list[int], words: dict[int, str]) -> None:
    """The features over- and under-represented inside; a click shows one on the map."""
    if not shown:
        st.caption("At equal length, no feature is surely commoner or rarer here than elsewhere.")
        return
    figure = odds_figure(found, shown, words, marked=chosen("map_feature"), sides=("inside", "elsewhere"))
    st.plotly_chart(
        figure,
        key=CHART,
        on_select=_feature_clicked,
        selection_mode="points",
        config=QUIET,
        width="stretch",
        theme="streamlit",
    )
    st.caption(plain(f"{_figures(found)} Click a feature to see it on the map. {DESCRIPTION}"))


def _figures(found: Enrichment) -> str:
    adjusted = len(found.common_in_a()) + len(found.common_in_b())
    ignoring = len(found.common_in_a(found.plain)) + len(found.common_in_b(found.plain))
    return (
        f"Compared within {count(len(found.strata.low), 'group')} of like length, copies once: {count(adjusted, 'feature')} "
        f"differ, at most one in twenty of them by chance; a test that ignores length calls {whole(ignoring)}."
    )


def _feature_clicked() -> None:
    points = st.session_state[CHART]["selection"]["points"]
    if points:
        choose(map_colour=FEATURE, map_feature=int(points[0]["customdata"][0]))


def draw_samples(opened: Opened, layout: Layout, found: Drawn) -> None:
    """The samples inside, those in the middle first; a click opens one."""
    ids = middle_first(layout, found.key, found)
    pages = max(1, math.ceil(len(ids) / PAGE))
    page = min(max(1, chosen("map_page")), pages)
    if pages > 1:
        key = f"_map_page_{found.key}"
        st.pagination(
            pages, default=page, key=key, max_visible_pages=3, on_change=lambda: choose(map_page=st.session_state[key])
        )
    shown = ids[(page - 1) * PAGE : page * PAGE].tolist()
    said = dict(opened.dataset.conversations(shown))
    counts = opened.analysis.counts
    st.dataframe(
        {
            "sample": shown, "begins with": [first_words(said[i]) for i in shown],
            "tokens": counts.conversation_tokens[shown].tolist(),
        },
        hide_index=True, key=READ, on_select=lambda: _sample_clicked(shown), selection_mode="single-cell", row_height=28,
        height=min(380, 38 + 28 * len(shown)),
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=62),
            "begins with": st.column_config.TextColumn(width=230), "tokens": st.column_config.NumberColumn(width=56),
        },
    )  # fmt: skip
    st.caption("Those in the middle of the outline first. Click one to read it.")


def _sample_clicked(ids: list[int]) -> None:
    cells = st.session_state[READ]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]


def _percent(part: int, of: int) -> str:
    return f"{100 * part / of:.3g} %" if of else "none"
