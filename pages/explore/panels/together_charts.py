"""What capabilities share, and what kinds they pick, drawn."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.selection.together import Picks, Transfer
from pages.shared.charts import QUIET
from pages.shared.numbers import whole

LABEL = 22  # characters of a name on an axis
ASLANT = 120  # pixels left of the first column: Plotly leaves out a slanted label that would begin outside the picture
FARTHEST = 3.0  # doublings and halvings against the pool: what lies beyond is drawn as that


def draw_overlap(picks: Picks, shared: np.ndarray) -> None:
    """How many picks each pair shares, as a share of theirs; the colour begins at 0, chance is told beside."""
    names, rows = list(picks.names), max(1, picks.rows)
    share = 100 * shared / rows
    expected = rows * picks.chance
    figure = go.Figure()
    figure.add_heatmap(
        z=share, x=list(range(len(names))), y=list(range(len(names))), zmin=0, zmax=100, colorscale="Cividis", showscale=False,
        text=[[f"{value:.0f} %" for value in row] for row in share], texttemplate="%{text}",
        customdata=[[f"{a} and {b}: {whole(int(shared[i, j]))} of {whole(rows)} rows, by chance {expected:.0f}"
                     for j, b in enumerate(names)] for i, a in enumerate(names)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": [_label(name) for name in names], "showgrid": False}
    figure.update_layout(
        height=max(240, 110 + 34 * len(names)), margin={"l": 0, "r": 0, "t": 8, "b": 0},
        xaxis={**ticks, "tickangle": -30, "ticklabeloverflow": "allow"}, yaxis={**ticks, "autorange": "reversed"},
    )  # fmt: skip
    st.caption(f"Picks that two share; by chance {100 * picks.chance:.3g} %")
    st.plotly_chart(figure, width="stretch", config=QUIET, key="together_overlap")


def draw_transfer_map(found: Transfer, kept: np.ndarray) -> None:
    """Capability × category: how many times its share of the pool each has among the picks; what chance gives is starred."""
    share, pool = 100 * found.shares[:, kept], 100 * found.pool_shares[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        doublings = np.clip(np.log2(found.times[:, kept]), -FARTHEST, FARTHEST)
    outside = (found.counts[:, kept] < found.low[kept]) | (found.counts[:, kept] > found.high[kept])
    names, kinds = list(found.names), [found.categories[at] for at in kept.tolist()]
    figure = go.Figure()
    figure.add_heatmap(
        z=doublings, x=list(range(len(kinds))), y=list(range(len(names))), zmin=-FARTHEST, zmax=FARTHEST, colorscale="RdBu_r",
        text=[[f"{value:.0f}{'' if far else ' ·'}" for value, far in zip(row, more, strict=True)]
              for row, more in zip(share, outside, strict=True)],
        texttemplate="%{text}",
        customdata=[
            [
                f"{name}, {html.escape(kind[:60], quote=False)}: {whole(int(found.counts[i, at]))} picks, {share[i, j]:.1f} %; "
                f"the pool has {pool[j]:.1f} %, random picks {whole(int(found.low[at]))} to {whole(int(found.high[at]))}"
                for j, (at, kind) in enumerate(zip(kept.tolist(), kinds, strict=True))
            ]
            for i, name in enumerate(names)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        colorbar={"title": "against the pool", "orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right",
                  "lenmode": "pixels", "len": 300, "thickness": 10, "tickvals": [-3, -2, -1, 0, 1, 2, 3],
                  "ticktext": ["⅛ ×", "¼ ×", "½ ×", "1 ×", "2 ×", "4 ×", "8 ×"]},
    )  # fmt: skip
    figure.update_layout(
        height=230 + 34 * len(names), margin={"l": ASLANT, "r": 8, "t": 64, "b": 0},
        xaxis={"tickvals": list(range(len(kinds))), "tickangle": -35, "showgrid": False, "ticklabeloverflow": "allow",
               "ticktext": [f"{_label(kind)} {part:.0f} %" for kind, part in zip(kinds, pool, strict=True)]},
        yaxis={"tickvals": list(range(len(names))), "ticktext": [_label(name) for name in names], "autorange": "reversed",
               "showgrid": False},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key="together_transfer")


def _label(text: str) -> str:
    cut = " ".join(text.split())
    return html.escape(cut if len(cut) <= LABEL else cut[: LABEL - 1] + "…", quote=False)
