"""The table under the picture: every feature that tells the sets apart, or all live ones, a page at a time."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.scores.enrichment import Enrichment
from pages.explore.panels.against_answers import Against, words_of
from pages.shared.engine import Opened
from pages.shared.numbers import count

PAGE = 50
TABLE = "ab_table"
LISTS = {"a": "commoner in A", "b": "commoner in B", "lacking": "common in B, rare in A", "all": "all live features"}


def draw_table(opened: Opened, against: Against) -> None:
    """The list chosen, its pages, and a row to click."""
    found = against.found
    listed = st.segmented_control(
        "List", list(LISTS), key="ab_list", required=True, label_visibility="collapsed",
        format_func=lambda name: f"{LISTS[name]} ({len(_ids(found, name))})",
    )  # fmt: skip
    ids = _ids(found, listed)
    if not len(ids):
        st.caption("No feature is in this list.")
        return
    pages = math.ceil(len(ids) / PAGE)
    page = (
        min(st.pagination(pages, key=f"ab_page_{listed}_{against.key}", max_visible_pages=5), pages) if pages > 1 else 1
    )
    shown = ids[(page - 1) * PAGE : page * PAGE].tolist()
    _draw_page(found, shown, words_of(opened, against, shown))
    st.caption(
        f"{count(len(ids), 'feature')}. Shares are of all samples of a side; log-odds ratios compare samples of like length. "
        "q: the share of false discoveries among all features called different down to this one. Click a row to read it."
    )


def _ids(found: Enrichment, listed: str) -> np.ndarray:
    if listed == "a":
        return found.common_in_a()
    if listed == "b":
        return found.common_in_b()
    return found.lacking_in_a() if listed == "lacking" else np.flatnonzero(found.live)


def _draw_page(found: Enrichment, ids: list[int], words: dict[int, str]) -> None:
    odds, plain = found.adjusted, found.plain
    number = st.column_config.NumberColumn
    st.dataframe(
        {
            "feature": ids,
            "strongest at": [words[f] for f in ids],
            "in A, %": (100 * found.rate_a[ids]),
            "in B, %": (100 * found.rate_b[ids]),
            "of A": found.active_a[ids],
            "of B": found.active_b[ids],
            "log-odds": odds.log_odds[ids],
            "95 % interval": [_interval(odds.low[f], odds.high[f]) for f in ids],
            "q": [f"{odds.q[f]:.1g}" for f in ids],
            "ignoring length": plain.log_odds[ids],
        },
        hide_index=True, key=TABLE, on_select=lambda: _clicked(ids), selection_mode="single-cell",
        row_height=30, height=min(400, 38 + 30 * len(ids)),
        column_config={
            "feature": number(format="%d", width=66),
            "strongest at": st.column_config.TextColumn(width=220),
            "in A, %": number(format="%.3g", width=66), "in B, %": number(format="%.3g", width=66),
            "of A": number(width=60, help="samples of A"), "of B": number(width=60, help="samples of B"),
            "log-odds": number(format="%.2f", width=72, help="above 0: commoner in A, at equal length"),
            "95 % interval": st.column_config.TextColumn(width=110),
            "q": st.column_config.TextColumn(width=60),
            "ignoring length": number(format="%.2f", width=104, help="the log-odds ratio of the plain table"),
        },
    )  # fmt: skip


def _interval(low: float, high: float) -> str:
    if math.isnan(low):
        return "none"
    shown = f"{'−∞' if math.isinf(low) else f'{low:.2f}'} to {'∞' if math.isinf(high) else f'{high:.2f}'}"
    return shown.replace("-", "−")


def _clicked(ids: list[int]) -> None:
    cells = st.session_state[TABLE]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state["ab_feature"] = ids[cells[0][0]]
