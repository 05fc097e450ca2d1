"""The largest overlap of every sample over the size of its set, beside what chance gives."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.scores.redundancy_null import Null
from core.scores.redundancy_search import Redundancy
from core.selection.specification import RankingSpec
from pages.explore.panels.feature_charts import accent
from pages.shared import engine
from pages.shared.charts import axis_ticks, ink
from pages.shared.engine import Opened
from pages.shared.numbers import whole

CELLS = 48  # along either axis
EACH = 3_000  # samples up to which every one is a point


def overlap_figure(opened: Opened, spec: RankingSpec, found: Redundancy, null: Null, at: float) -> go.Figure:
    """Points where they are few, else how many samples lie in each cell; the threshold and two yardsticks of chance."""
    size = engine.active(opened, spec).features.richness
    shown = np.flatnonzero(size > 0)
    figure = go.Figure()
    (_draw_points if len(shown) <= EACH else _draw_cells)(figure, size[shown], found.overlap[shown], shown)
    bins = null.by_size()
    ticks = axis_ticks(int(size[shown].min(initial=1)), int(size[shown].max(initial=1)))
    x = [middle for middle, _, _ in bins]
    figure.add_scatter(
        x=x, y=[rare for _, rare, _ in bins], mode="lines", name="random pairs of such sizes, 1 in 1 000",
        line={"color": ink(), "width": 2},
        hovertemplate="1 random pair in 1 000: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=[dealt for _, _, dealt in bins], mode="lines", name="largest, features dealt anew",
        line={"color": ink(), "width": 2, "dash": "dot"}, hovertemplate="largest if dealt anew: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure.add_hline(y=at, line={"color": ink(), "width": 1, "dash": "dash"})
    figure.update_layout(
        height=330, margin={"l": 0, "r": 8, "t": 8, "b": 0}, dragmode=False, separators=".\u202f",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "active features of the sample (logarithmic)", "type": "log", "fixedrange": True, **ticks},
        yaxis={"title": "largest overlap with another sample", "range": [0, 1.02], "fixedrange": True},
    )  # fmt: skip
    return figure


def _draw_points(figure: go.Figure, size: np.ndarray, overlap: np.ndarray, ids: np.ndarray) -> None:
    figure.add_scatter(
        x=size, y=overlap, customdata=ids, mode="markers", showlegend=False, name="samples",
        marker={"size": 5, "color": accent(), "opacity": 0.5},
        hovertemplate="#%{customdata}: %{x} features, overlap %{y:.2f}<extra></extra>",
    )  # fmt: skip


def _draw_cells(figure: go.Figure, size: np.ndarray, overlap: np.ndarray, _ids: np.ndarray) -> None:
    """Cells of equal width on the axes shown, the darker the more samples (logarithmic)."""
    across = np.geomspace(size.min(), size.max() + 1, CELLS + 1)
    up = np.linspace(0, 1 + 1 / CELLS, CELLS + 2)
    counts, _, _ = np.histogram2d(size, overlap, [across, up])
    told = np.vectorize(lambda n: whole(int(n)))(counts.T)
    figure.add_heatmap(
        x=np.sqrt(across[:-1] * across[1:]), y=(up[:-1] + up[1:]) / 2, z=np.where(counts.T > 0, np.log10(counts.T + 1), np.nan),
        colorscale=[[0, _faint()], [1, accent()]], showscale=False, customdata=told, name="samples", hoverongaps=False,
        hovertemplate="about %{x:.0f} features, overlap %{y:.2f}: %{customdata} samples<extra></extra>",
    )  # fmt: skip


def _faint() -> str:
    red, green, blue = (int(accent()[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
