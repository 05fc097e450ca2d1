"""The scores of a pool along a capability, drawn: their spread, which layers decide, and how they follow length."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.alignment_summary import AlignmentSummary
from core.scores.score_shape import ByLength, Spread
from pages.shared.charts import COLOURS, QUIET, ink
from pages.shared.numbers import count, short, whole

HEIGHT = 290
HARDLY = 0.1  # of a rank correlation
ACCENT = {"light": "#0F766E", "dark": "#4FD1C5"}


def draw_spread(found: Spread, *, title: str) -> None:
    """The pool as a grey area; the rows chosen as a line, beside what rows of their lengths would have."""
    figure = go.Figure()
    middle = (found.edges[:-1] + found.edges[1:]) / 2
    _step(figure, middle, found.pool, "whole pool", COLOURS["random"], fill=True)
    if found.chosen is not None:
        _step(figure, middle, found.like_length, "random rows of the same lengths", ink(), dash="dot")
        _step(figure, middle, found.chosen, title, _accent())
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 8, "t": 8, "b": 0}, hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        xaxis={"title": "alignment", "hoverformat": ".3g"}, yaxis={"title": "share of rows, %", "rangemode": "tozero"},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key="alignment_spread")


def _step(figure: go.Figure, x, shares, name: str, colour: str, *, fill: bool = False, dash: str = "solid") -> None:
    figure.add_scatter(
        x=x, y=100 * shares, mode="lines", name=name, fill="tozeroy" if fill else None,
        fillcolor="rgba(138,143,152,0.35)" if fill else None,
        line={"color": colour, "width": 1 if fill else 2, "dash": dash, "shape": "hvh"},
        hovertemplate="%{y:.2f} %",
    )  # fmt: skip


def draw_layers(shares: np.ndarray) -> None:
    """What each layer brings to the variance of the score."""
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(shares))), x=100 * shares, orientation="h", marker={"color": COLOURS["nait"]},
        hovertemplate="layer %{y}: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 8, "t": 8, "b": 0}, bargap=0.25,
        xaxis={"title": "share of variance, %", "zeroline": True},
        yaxis={"title": "layer", "dtick": max(1, len(shares) // 8)},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key="alignment_layers")


def draw_lengths(found: ByLength) -> None:
    """Where the samples lie by length and score, as density, with the quartiles by length."""
    heights = (found.scores[:-1] + found.scores[1:]) / 2
    lengths = np.sqrt(found.tokens[:-1] * found.tokens[1:])
    seen = np.where(found.counts > 0, np.log10(np.maximum(found.counts, 1)), np.nan)
    figure = go.Figure()
    figure.add_heatmap(
        x=lengths, y=heights, z=seen, customdata=found.counts, colorscale=_one_hue(), showscale=False,
        hovertemplate="about %{x:.0f} tokens, alignment %{y:.3g}: %{customdata} samples<extra></extra>",
    )  # fmt: skip
    for at, (name, dash) in enumerate((("lower quartile", "dot"), ("median", "solid"), ("upper quartile", "dot"))):
        figure.add_scatter(
            x=found.middle, y=found.quartiles[at], mode="lines", name=name, line={"color": ink(), "width": 1.6, "dash": dash},
            hovertemplate=f"{name} %{{y:.3g}} at %{{x}} tokens<extra></extra>", showlegend=False,
        )  # fmt: skip
    ticks = [n for power in range(7) for n in (10**power, 3 * 10**power) if found.tokens[0] <= n <= found.tokens[-1]]
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 8, "t": 8, "b": 0}, hovermode="closest",
        xaxis={"type": "log", "title": "scored tokens (logarithmic)", "tickvals": ticks, "ticktext": [short(n) for n in ticks]},
        yaxis={"title": "alignment"},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key="alignment_lengths")


def spread_words(found: Spread, said: AlignmentSummary, title: str) -> str:
    """The medians in words, of the pool, of what is chosen, and of random rows of those lengths."""
    pool, chosen, like = found.medians
    words = f"Median {pool:.3g} over {whole(len(said.scores))} samples; the score {_by_length(said.spearman)}."
    if chosen is not None and like is not None:
        words += f" {title[0].upper()}{title[1:]}: median {chosen:.3g}; random rows of the same lengths: {like:.3g}."
    beyond = count(found.beyond, "sample")
    return f"{words} {beyond} beyond the picture's edges count in its outer bars." if found.beyond else words


def _by_length(spearman: float | None) -> str:
    """What length has to do with the score."""
    if spearman is None:
        return "or the length is the same for all samples"
    how = "hardly follows" if abs(spearman) < HARDLY else "rises with" if spearman > 0 else "falls with"
    return f"{how} length (Spearman ρ {spearman:.2f})"


def _accent() -> str:
    return ACCENT.get(st.context.theme.type or "light", ACCENT["light"])


def _one_hue() -> list[list]:
    """From almost nothing to the accent, so that it reads on both themes."""
    colour = _accent().lstrip("#")
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return [[0.0, f"rgba({red},{green},{blue},0.12)"], [1.0, f"rgba({red},{green},{blue},1)"]]
