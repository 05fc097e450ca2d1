"""The pictures, in the colours that every screen gives to the same things."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from core.selection.registry import METHODS
from pages.shared.engine import Curves
from pages.shared.numbers import short, whole

COLOURS = {
    "sae-greedy": "#0072B2",
    "sae-simscale": "#56B4E9",
    "nait": "#D55E00",
    "feature-coverage": "#009E73",
    "richest": "#CC79A7",
    "longest": "#E69F00",
    "k-center": "#7B5EA7",
    "random": "#8A8F98",
}
INK = {"light": "#1E2430", "dark": "#E7E9EC"}
QUIET = {"displayModeBar": False}


def ink() -> str:
    """The ink of the theme that the user looks at."""
    return INK.get(st.context.theme.type or "light", INK["light"])


def coverage_figure(method: str, mine: Curves, others: dict[str, Curves], *, size: int, c: int) -> go.Figure:
    """Features reached over tokens: the method as a line, chance as a grey band, the budget as a point."""
    figure = go.Figure()
    _draw_band(figure, mine)
    for name, curve in others.items():
        _draw_line(figure, name, curve, width=1.5)
    if method != "random":
        _draw_line(figure, method, mine, width=3)
    if size:
        _draw_budget(figure, method, mine, size)
    figure.add_hline(y=mine.whole, line={"color": ink(), "width": 1, "dash": "dash"}, opacity=0.6)
    label = {"text": f"whole pool: {whole(mine.whole)}", "showarrow": False}
    figure.add_annotation(x=0, xref="paper", y=mine.whole, xanchor="left", yanchor="bottom", **label)
    rows = "one row" if c == 1 else f"{c} rows"
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        hovermode="x",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        yaxis={"title": f"features reached in {rows} or more", "rangemode": "tozero", "tickformat": ",d"},
        xaxis={
            "type": "log",
            "title": "tokens taken (logarithmic)",
            **_ticks(int(mine.tokens[0]), int(mine.tokens[-1])),
        },
        separators=".\u202f",
    )
    return figure


def _draw_band(figure: go.Figure, curve: Curves) -> None:
    """Lowest to highest of the seeds, so narrow where chance is steady."""
    low, high = curve.band.min(axis=0), curve.band.max(axis=0)
    colour = COLOURS["random"]
    edge = {"x": curve.tokens, "mode": "lines", "line": {"width": 1, "color": colour}}
    figure.add_scatter(**edge, y=low, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        **edge,
        y=high,
        name="random, 5 seeds",
        fill="tonexty",
        fillcolor="rgba(138,143,152,0.35)",
        hovertemplate="random, at best %{y:,d}<extra></extra>",
    )


def _draw_line(figure: go.Figure, method: str, curve: Curves, *, width: float) -> None:
    title = METHODS[method].title
    figure.add_scatter(
        x=curve.tokens,
        y=curve.reached,
        mode="lines",
        name=title,
        line={"width": width, "color": COLOURS[method]},
        hovertemplate=title + " %{y:,d}<extra></extra>",
    )


def _draw_budget(figure: go.Figure, method: str, curve: Curves, size: int) -> None:
    tokens, reached = int(curve.spent[size - 1]), int(curve.at[size - 1])
    figure.add_vline(x=tokens, line={"color": ink(), "width": 1, "dash": "dot"}, opacity=0.6)
    figure.add_scatter(
        x=[tokens],
        y=[reached],
        mode="markers",
        name="this budget",
        showlegend=False,
        marker={"size": 12, "color": COLOURS[method], "line": {"width": 2, "color": ink()}},
        hovertemplate=f"this budget: {whole(size)} rows, {whole(tokens)} tokens, {whole(reached)} features<extra></extra>",
    )


def _ticks(low: int, high: int) -> dict:
    """1, 3, 10, 30 … with units as on every screen (a logarithmic axis labels itself in other letters)."""
    steps = [step * 10**power for power in range(12) for step in (1, 3)]
    shown = [step for step in steps if low <= step <= high]
    return {"tickvals": shown, "ticktext": [short(step) for step in shown]}
