"""How far the readings that the paper leaves open agree: rank correlation, and overlap of the best 10 % beside chance."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.capability import Capability
from core.scores.readings import Agreement
from pages.explore.panels.alignment_answers import agreement_of
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import whole
from pages.shared.state import chosen

ROW = 26  # pixels of a row of the matrix
SHOWN = 8  # readings whose cells are written out


def draw_readings(opened: Opened, one: Capability) -> None:
    """Both matrices side by side, the sentence above, and what could not be read."""
    st.toggle("With signs and scales too", key="align_every", help="else sites and poolings alone")
    found = agreement_of(opened, one, every=chosen("align_every"))
    if len(found.names) < 2:
        st.caption("Fewer than two readings can be told here: there is nothing to compare.")
    else:
        st.markdown(f"**{plain(readings_words(found))}**")
        left, right = st.columns(2, gap="medium")
        with left:
            st.caption("Rank correlation (Spearman)")
            _draw_matrix(found, found.correlation, key="readings_correlation", low=-1.0, scale="RdBu_r")
        with right:
            st.caption(f"Shared among the best 10 %; by chance {100 * found.chance:.0f} %")
            _draw_matrix(found, found.overlap, key="readings_overlap", low=0.0, scale="Cividis")
    if found.left_out:
        with st.expander(f"{len(found.left_out)} readings that cannot be told here"):
            st.dataframe(
                {"reading": list(found.left_out), "why": list(found.left_out.values())}, hide_index=True,
                column_config={"why": st.column_config.TextColumn(width="large")},
            )  # fmt: skip


def readings_words(found: Agreement) -> str:
    """The two readings that are farthest apart, in words."""
    size = len(found.names)
    pairs = [(found.overlap[a, b], a, b) for a in range(size) for b in range(a)]
    least, a, b = min(pairs)
    middle = float(np.median([overlap for overlap, _, _ in pairs]))
    return (
        f"Two readings share {100 * middle:.0f} % of their best {whole(found.rows)} samples in the median; farthest apart are "
        f"“{found.names[b]}” and “{found.names[a]}” with {100 * least:.0f} % (chance {100 * found.chance:.0f} %)."
    )


def _draw_matrix(found: Agreement, values: np.ndarray, *, key: str, low: float, scale: str) -> None:
    names = list(found.names)
    many = len(names) > SHOWN
    figure = go.Figure()
    figure.add_heatmap(
        z=values, x=list(range(len(names))), y=list(range(len(names))), zmin=low, zmax=1.0, colorscale=scale,
        showscale=many, text=None if many else np.char.mod("%.2f", values), texttemplate=None if many else "%{text}",
        customdata=[[f"{row} and {column}" for column in names] for row in names],
        hovertemplate="%{customdata}: %{z:.2f}<extra></extra>",
    )  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "showgrid": False}
    figure.update_layout(
        height=150 + ROW * len(names), margin={"l": 0, "r": 0, "t": 4, "b": 0},
        xaxis={**ticks, "tickangle": -45, "ticklabeloverflow": "allow"}, yaxis={**ticks, "autorange": "reversed"},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key=key)
