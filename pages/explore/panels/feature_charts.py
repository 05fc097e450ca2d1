"""The small pictures of one feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.store.bins import strength_edges
from pages.shared.charts import ink
from pages.shared.numbers import whole

ACCENT = {"light": "#0F766E", "dark": "#4FD1C5"}


def accent() -> str:
    """The accent of the theme that the user looks at."""
    return ACCENT.get(st.context.theme.type or "light", ACCENT["light"])


def strength_figure(counts: np.ndarray) -> go.Figure:
    """Active tokens by strength: a bar each quarter of a doubling, from the first that holds any to the last."""
    edges = [*strength_edges(), np.inf]
    shown = np.flatnonzero(counts)
    bins = range(int(shown[0]), int(shown[-1]) + 1)
    figure = go.Figure()
    figure.add_bar(
        x=list(bins),
        y=[int(counts[b]) for b in bins],
        marker_color=accent(),
        customdata=[f"{edges[b]:.3g} to {edges[b + 1]:.3g}: {whole(int(counts[b]))} tokens" for b in bins],
        hovertemplate="%{customdata}<extra></extra>",
    )
    ticks = [b for b in bins if b and (b - 1) % 4 == 0]  # whole doublings
    ticks = ticks[:: max(1, len(ticks) // 5)]
    figure.update_xaxes(
        tickvals=[b - 0.5 for b in ticks], ticktext=[f"{edges[b]:.3g}" for b in ticks], title="strength (logarithmic)"
    )
    return _calm(figure, height=190, title="active tokens")


def share_figure(names: Sequence[str], shares: Sequence[float], counts: Sequence[int], *, title: str) -> go.Figure:
    """A share for each part of the data, as horizontal bars in the order given; what has none is left out."""
    told = [(name, share, count) for name, share, count in zip(names, shares, counts, strict=True) if share == share]
    figure = go.Figure()
    figure.add_bar(
        y=[name for name, _, _ in told],
        x=[100 * share for _, share, _ in told],
        orientation="h",
        marker_color=accent(),
        customdata=[f"{100 * share:.3g} % ({whole(count)})" for _, share, count in told],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(title=title, rangemode="tozero", ticksuffix=" %", nticks=5)
    return _calm(figure, height=90 + 24 * max(1, len(told)), title="")


def _calm(figure: go.Figure, *, height: int, title: str) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 0, "r": 8, "t": 8, "b": 0}, bargap=0.12, showlegend=False, font={"color": ink()},
        separators=".\u202f",
    )  # fmt: skip
    if title:
        figure.update_yaxes(title=title, tickformat=",d", nticks=4)
    return figure
