"""What only one of two selections has, side by side: rows to read, and features in words."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.selection.compare import Comparison
from pages.select.panels.picks import ask
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.numbers import count, whole
from pages.shared.sample_view import draw_turns, first_words

PAGE = 50
TABLE_HEIGHT = 250
TEXT_HEIGHT = 420


def draw_rows(opened: Opened, only_a: np.ndarray, only_b: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """The rows of one side alone, each side with the text of the row clicked (at first its first one)."""
    left, right = st.columns(2, gap="medium")
    for column, side, own, whole_side in ((left, "A", only_a, a), (right, "B", only_b, b)):
        with column:
            _draw_side(opened, side, own, whole_side)


def _draw_side(opened: Opened, side: str, own: np.ndarray, whole_side: np.ndarray) -> None:
    st.markdown(f"**Only in {side}**: {count(len(own), 'row')}")
    if not len(own):
        st.caption("Every row of it is in the other one too.")
        return
    part = _page(f"compare_{side}", own)
    place = {int(sample): at for at, sample in enumerate(whole_side, start=1)}
    words = dict(opened.dataset.conversations(part))
    clicked = st.dataframe(
        {
            "place": [place[sample] for sample in part],
            "sample": part,
            "tokens": opened.analysis.counts.conversation_tokens[part].tolist(),
            "begins with": [first_words(words[sample]) for sample in part],
        },
        hide_index=True,
        height=min(TABLE_HEIGHT, 38 + 30 * len(part)),
        row_height=30,
        key=f"compare_rows_{side}",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "place": st.column_config.NumberColumn(width=50, help="in the whole of its selection"),
            "sample": st.column_config.NumberColumn(format="#%d", width=64, help="a click shows it below"),
            "tokens": st.column_config.NumberColumn(width=58),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )
    cells = clicked["selection"]["cells"]
    sample_id = part[cells[0][0]] if cells and cells[0][0] < len(part) else part[0]
    name, button = st.columns([3, 1], vertical_alignment="center")
    name.markdown(f"Sample #{sample_id}")
    button.button("Open", key=f"compare_open_{side}", on_click=ask, args=(sample_id,), width="stretch")
    with st.container(height=TEXT_HEIGHT, border=False):
        draw_turns(words[sample_id])


def draw_features(opened: Opened, said: Comparison) -> None:
    """Features that only one side reaches, those that are active in most of the pool first."""
    left, right = st.columns(2, gap="medium")
    for column, side, own in ((left, "A", said.features_a), (right, "B", said.features_b)):
        with column:
            st.markdown(f"**Only {side} reaches**: {count(len(own), 'feature')}")
            if not len(own):
                st.caption("Every feature it reaches, the other one reaches too.")
                continue
            part = _page(f"compare_features_{side}", own)
            words = feature_words(opened, part)
            samples = said.rows_of_features[part]
            st.dataframe(
                {
                    "feature, in words": [words[feature] for feature in part],
                    "samples": samples.tolist(),
                    "%": (100 * samples / opened.analysis.n_samples).tolist(),
                    "id": part,
                },
                hide_index=True,
                height=min(460, 38 + 30 * len(part)),
                row_height=30,
                key=f"compare_features_table_{side}",
                column_config={
                    "feature, in words": st.column_config.TextColumn(width="medium"),
                    "samples": st.column_config.NumberColumn(width=70, help="of the data set, in which it is active"),
                    "%": st.column_config.NumberColumn(format="%.3g", width=60, help="share of all samples"),
                    "id": st.column_config.NumberColumn(format="%d", width=64),
                },
            )
    st.caption(
        "Active as the draft says; those active in most samples stand first. A feature few samples have is easily missed."
    )


def _page(key: str, ids: np.ndarray) -> list[int]:
    """A page of a list, with the control to turn it."""
    pages = -(-len(ids) // PAGE)
    page = min(st.pagination(pages, key=f"{key}_page", max_visible_pages=3), pages) if pages > 1 else 1
    if pages > 1:
        st.caption(f"{whole((page - 1) * PAGE + 1)} to {whole(min(page * PAGE, len(ids)))} of {whole(len(ids))}")
    return ids[(page - 1) * PAGE : page * PAGE].tolist()
