"""How good a capability's directions are, drawn: by layer and by number of samples, beside random sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.scores.capability_quality import FIGURES, Quality
from pages.shared.charts import COLOURS, QUIET, ink
from pages.shared.messages import plain
from pages.shared.numbers import count, whole

HEIGHT = 430


@dataclass(frozen=True, slots=True)
class FigureWords:
    """What a figure is called on screen, and what it says."""

    title: str
    help: str


FIGURE_WORDS = {
    "explained": FigureWords(
        "explained variance", "share of the changes' variance along the direction; near 1, all samples move one way"
    ),
    "margin": FigureWords(
        "sign margin", "|μ·v| / ‖μ‖ of the token means: near 0, it is a matter of chance which way is forward"
    ),
    "stability": FigureWords(
        "split-half |cos|", "how far the directions of two halves of the samples agree: 1, they are the same"
    ),
}


def draw_quality(quality: Quality, *, null: str) -> None:
    """Six small pictures: every figure by layer, and below by number of samples; `null` says what the random sets are."""
    st.plotly_chart(quality_figure(quality), width="stretch", config=QUIET, key="capability_quality")
    st.caption(plain(quality_caption(quality, null)))


def quality_caption(quality: Quality, null: str) -> str:
    """What the grey is, and what stands at each number of samples."""
    sets = quality.random_sets
    words = f"Grey: {count(sets, 'random set')}" if sets else "No random sets beside it"
    words += f" ({null.removeprefix('none: ')})." if null else "."
    if not len(quality.sizes):
        return f"{words} How the figures grow with the number of samples is not kept in this file: learn it again to see it."
    return f"{words} Below: two disjoint sets of so many samples, drawn ten times, median and range; the last is half of all."


def quality_figure(quality: Quality) -> go.Figure:
    """Lines with what random sets give behind them in grey; the range over draws stands at each number of samples."""
    titles = [f"{FIGURE_WORDS[name].title} by layer" for name in FIGURES]
    titles += ["by number of samples" for _ in FIGURES] if len(quality.sizes) else []
    figure = make_subplots(
        rows=2 if len(quality.sizes) else 1, cols=len(FIGURES), subplot_titles=titles, vertical_spacing=0.2,
        horizontal_spacing=0.06,
    )  # fmt: skip
    for at, name in enumerate(FIGURES, start=1):
        _by_layer(figure, quality, name, at)
        if len(quality.sizes):
            _by_size(figure, quality, name, at)
    figure.update_yaxes(range=[0, 1.03], tickformat=".1f")
    figure.update_annotations(font_size=13)
    figure.update_layout(
        height=HEIGHT if len(quality.sizes) else HEIGHT // 2, margin={"l": 0, "r": 8, "t": 28, "b": 0},
        hovermode="x", showlegend=False,
    )  # fmt: skip
    return figure


def _by_layer(figure: go.Figure, quality: Quality, name: str, column: int) -> None:
    layers = np.arange(quality.layers)
    random = quality.of_random(name)
    if len(random):
        _band(figure, layers, random.min(axis=0), random.max(axis=0), row=1, column=column, of=len(random))
    figure.add_scatter(
        x=layers, y=quality.figure(name), mode="lines+markers", line={"color": COLOURS["nait"], "width": 2.5},
        hovertemplate="layer %{x}: %{y:.2f}<extra></extra>", row=1, col=column,
    )  # fmt: skip
    figure.update_xaxes(dtick=max(1, quality.layers // 8), row=1, col=column)


def _by_size(figure: go.Figure, quality: Quality, name: str, column: int) -> None:
    sizes, middle, low, high = quality.curve(name)
    if (random := quality.random_curve(name)) is not None:
        _band(figure, sizes, *random, row=2, column=column, of=quality.random.shape[1])
    figure.add_scatter(
        x=sizes, y=middle, mode="lines+markers", line={"color": COLOURS["nait"], "width": 2.5},
        error_y={"type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low, "thickness": 1.2,
                 "width": 3, "color": ink()},
        hovertemplate="two sets of %{x} samples: %{y:.2f}<extra></extra>", row=2, col=column,
    )  # fmt: skip
    figure.update_xaxes(
        type="log", tickvals=sizes, ticktext=[whole(int(size)) for size in sizes], row=2, col=column
    )  # fmt: skip


def _band(
    figure: go.Figure, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, row: int, column: int, of: int
) -> None:
    """Lowest to highest of random sets, so narrow where chance is steady."""
    edge = {"x": x, "mode": "lines", "line": {"width": 1, "color": COLOURS["random"]}}
    figure.add_scatter(**edge, y=low, hoverinfo="skip", row=row, col=column)
    figure.add_scatter(
        **edge, y=high, fill="tonexty", fillcolor="rgba(138,143,152,0.35)", customdata=low,
        hovertemplate=f"{of} random sets: %{{customdata:.2f}} to %{{y:.2f}}<extra></extra>", row=row, col=column,
    )  # fmt: skip
