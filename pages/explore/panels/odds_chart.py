"""The features that set two groups apart, both ways, on one scale: log-odds ratios with their intervals."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.enrichment import Enrichment
from pages.shared.charts import QUIET, ink

SIDE_COLOURS = {"a": "#D55E00", "b": "#0072B2"}
SCALE = [[0.0, SIDE_COLOURS["b"]], [0.5, "#B8BCC4"], [1.0, SIDE_COLOURS["a"]]]
FARTHEST = 8.0  # log-odds: a limit beyond is drawn to the edge
LABEL = 26  # characters of a feature's words
ROW = 21  # pixels
CHART = "ab_chart"


def draw_odds(found: Enrichment, ids: list[int], words: dict[int, str], *, marked: int) -> None:
    """One line a feature, A's above B's; a click chooses one."""
    figure = odds_figure(found, ids, words, marked=marked)
    st.plotly_chart(
        figure, key=CHART, on_select=_clicked, selection_mode="points", config=QUIET, width="stretch", theme="streamlit"
    )


def _clicked() -> None:
    points = st.session_state[CHART]["selection"]["points"]
    if points:
        st.session_state["ab_feature"] = int(points[0]["customdata"][0])


def odds_figure(
    found: Enrichment, ids: list[int], words: dict[int, str], *, marked: int, sides: tuple[str, str] = ("in A", "in B")
) -> go.Figure:
    """Points with error bars; limits that are infinite or far end at the edge. `sides`: where A and B are."""
    odds = found.adjusted
    edge = _edge(found, ids)
    middle = np.clip(odds.log_odds[ids], -edge, edge)
    low, high = np.clip(odds.low[ids], -edge, edge), np.clip(odds.high[ids], -edge, edge)
    figure = go.Figure()
    figure.add_scatter(
        x=middle, y=list(range(len(ids))), mode="markers", showlegend=False,
        error_x={"type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low,
                 "thickness": 1.4, "width": 3, "color": "#8A8F98"},
        marker={"size": [13 if f == marked else 9 for f in ids], "color": middle, "colorscale": SCALE, "cmin": -edge,
                "cmax": edge, "line": {"width": [2 if f == marked else 0 for f in ids], "color": ink()}},
        customdata=[[f] for f in ids], hovertemplate="%{hovertext}<extra></extra>",
        hovertext=[_hover(found, f, words[f], sides) for f in ids],
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": ink(), "width": 1}, opacity=0.5)
    figure.update_layout(
        height=70 + ROW * len(ids), margin={"l": 0, "r": 8, "t": 26, "b": 0}, hovermode="closest", dragmode=False,
        xaxis={"range": [-edge * 1.02, edge * 1.02], "title": "log-odds ratio at equal length, with 95 % interval",
               "fixedrange": True},
        yaxis={"autorange": "reversed", "tickvals": list(range(len(ids))), "fixedrange": True, "showgrid": False,
               "ticktext": [_label(f, words[f]) for f in ids], "zeroline": False},
        separators=".\u202f",
    )  # fmt: skip
    for x, text, anchor in ((0.0, f"← commoner {sides[1]}", "left"), (1.0, f"commoner {sides[0]} →", "right")):
        figure.add_annotation(
            x=x, xref="paper", xanchor=anchor, y=1.0, yref="paper", yanchor="bottom", text=text, showarrow=False
        )
    return figure


def _edge(found: Enrichment, ids: list[int]) -> float:
    """The same limit on both sides: the farthest finite limit, within reason."""
    limits = np.abs(np.concatenate([found.adjusted.low[ids], found.adjusted.high[ids], found.adjusted.log_odds[ids]]))
    finite = limits[np.isfinite(limits)]
    return float(min(FARTHEST, max(1.0, 1.05 * finite.max(initial=0.0))))


def _label(feature_id: int, words: str) -> str:
    cut = words if len(words) <= LABEL else words[: LABEL - 1] + "…"
    return f"{_escaped(cut)}  {feature_id}"


def _hover(found: Enrichment, feature_id: int, words: str, sides: tuple[str, str]) -> str:
    odds = found.adjusted
    return (
        f"feature {feature_id} {_escaped(words)}<br>{sides[0]} {100 * found.rate_a[feature_id]:.3g} % of samples, "
        f"{sides[1]} {100 * found.rate_b[feature_id]:.3g} %<br>log-odds {odds.log_odds[feature_id]:.2f}, "
        f"{odds.low[feature_id]:.2f} to {odds.high[feature_id]:.2f}"
    )


def _escaped(text: str) -> str:
    """Text as Plotly takes it, which reads some markup."""
    return html.escape(" ".join(text.split()), quote=False)
