"""The map as a picture: points where they can be drawn, else cells; outlines and the words of regions upon it."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.density import View, grid, within
from core.scores.outline import Outline
from core.selection.known import NO_VALUE
from core.selection.map_colours import Colouring
from pages.explore.panels.map_labels import Label
from pages.shared.charts import ink
from pages.shared.numbers import short, whole

MOST_POINTS = 100_000  # samples of a map that are drawn one by one; of more only those of a view
MOST_OVER = 50_000  # of such a view, or over cells
HEIGHT = 510
SHAPE = 1.28  # width over height of what is drawn, about, where the page is 1280 pixels wide
ACROSS = 260  # cells from left to right
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7B5EA7", "#8C6D31", "#C9B200")
QUIET = {"light": "#C3C7CE", "dark": "#454C57"}  # samples that the picture is not about
ACCENT = {"light": "#0F766E", "dark": "#4FD1C5"}
PAPER = {"light": "#FCFCFA", "dark": "#14171C"}
CONFIG = {
    "scrollZoom": True, "displayModeBar": True, "displaylogo": False, "doubleClick": "reset", "editSelection": False,
    "modeBarButtonsToRemove": ["toImage", "autoScale2d"],
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn: places float32 (n), who is chosen (None: shown alike), what colours them, the view, the words."""

    x: np.ndarray
    y: np.ndarray
    colouring: Colouring
    chosen: np.ndarray | None
    view: View
    labels: list[Label]
    outline: Outline | None
    feature: bool = False  # the colours are strengths of one feature: one hue, and silent samples are quiet


def theme() -> str:
    """light or dark, as the user looks at it."""
    return st.context.theme.type or "light"


def map_figure(scene: Scene) -> go.Figure:
    """The picture of a scene."""
    figure = go.Figure()
    shown = within(scene.x, scene.y, scene.view)
    if len(shown) <= MOST_POINTS:
        _draw_points(figure, scene, np.ones(len(shown), bool))  # also what one may move or zoom to
    elif int(shown.sum()) <= MOST_OVER:
        _draw_points(figure, scene, shown)
    else:
        _draw_cells(figure, scene, shown)
    _frame(figure, scene)
    for label in scene.labels:
        font = {"size": 12, "color": ink(), "shadow": _halo()}
        figure.add_annotation(x=label.x, y=label.y, text=_escaped(label.text), showarrow=False, font=font)
    return figure


def points_drawn(scene: Scene) -> tuple[int, bool]:
    """How many samples are in the view, and whether each is a point."""
    shown = int(within(scene.x, scene.y, scene.view).sum())
    return shown, len(scene.x) <= MOST_POINTS or shown <= MOST_OVER


def _frame(figure: go.Figure, scene: Scene) -> None:
    x0, x1, y0, y1 = scene.view
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    line = {"color": ACCENT[theme()], "width": 2, "dash": "solid"}
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="lasso", hovermode="closest", showlegend=True,
        xaxis={**bare, "range": [x0, x1]}, yaxis={**bare, "range": [y0, y1], "scaleanchor": "x", "scaleratio": 1},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemsizing": "constant", **_side(scene)},
        newselection={"line": line}, activeselection={"fillcolor": "rgba(0,0,0,0)"}, modebar={"orientation": "h"},
        separators=".\u202f",
    )  # fmt: skip
    for polygon in scene.outline.polygons if scene.outline else ():
        path = "M" + "L".join(f"{x!r},{y!r}" for x, y in polygon.astype(float).tolist()) + "Z"
        figure.add_selection(type="path", path=path, xref="x", yref="y", line=line)


def _side(scene: Scene) -> dict:
    """Where the legend stands: on the left, or on the right of the bar of a scale."""
    return {"x": 0} if scene.colouring.values is None else {"x": 1, "xanchor": "right"}


def _draw_points(figure: go.Figure, scene: Scene, shown: np.ndarray) -> None:
    quiet = np.zeros(len(shown), bool) if scene.chosen is None else shown & ~scene.chosen
    loud = shown & ~quiet
    size = _size(int(shown.sum()))
    if quiet.any():
        _points(figure, scene, np.flatnonzero(quiet), "not chosen", QUIET[theme()], size - 0.5, opacity=0.55)
    own = scene.colouring
    if own.codes is not None:
        for at in _greys_first(own):
            ids = np.flatnonzero(loud & (own.codes == at))
            if len(ids):
                _points(figure, scene, ids, own.names[at], _colour(own, at), size)
    elif own.values is not None:
        _numbers(figure, scene, loud, size)
    else:
        colour = ACCENT[theme()]
        _points(figure, scene, np.flatnonzero(loud), own.title, colour, size)


def _points(
    figure: go.Figure, scene: Scene, ids: np.ndarray, name: str, colour, size: float, *, opacity: float = 0.75, **more
) -> None:
    hover = "#%{customdata}" + f"<br>{_escaped(name)} ({whole(len(ids))})<extra></extra>"
    figure.add_scattergl(
        x=scene.x[ids], y=scene.y[ids], mode="markers", name=_escaped(_cut(name)),
        customdata=ids.astype(np.int32), hovertemplate=more.pop("hovertemplate", hover),
        marker={"size": size, "color": colour, "opacity": opacity, **more}, unselected={"marker": {"opacity": 0.22}},
    )  # fmt: skip


def _numbers(figure: go.Figure, scene: Scene, loud: np.ndarray, size: float) -> None:
    """Points by a number: without one first, in grey, then the others, the largest on top."""
    own = scene.colouring
    none = np.flatnonzero(loud & ~np.isfinite(own.values))
    if len(none):
        said = "silent" if scene.feature else "not known"
        _points(figure, scene, none, said, QUIET[theme()], size - 0.5, opacity=0.45)
    ids = np.flatnonzero(loud & np.isfinite(own.values))
    if not len(ids):
        return
    ids = ids[np.argsort(own.values[ids], kind="stable")]
    values = own.values[ids]
    drawn = np.log10(1 + np.maximum(values, 0)) if own.skewed else values
    unit = f" {own.unit}" if own.unit else ""
    _points(
        figure, scene, ids, own.title, drawn.astype(np.float32), size + (0.5 if scene.feature else 0), opacity=0.85,
        hovertemplate=f"#%{{customdata}}<br>{_escaped(own.title)}: %{{marker.color:.3~f}}<extra></extra>"
        if not own.skewed else f"#%{{customdata}}<br>{_escaped(own.title)}: %{{text}}{_escaped(unit)}<extra></extra>",
        **_scale(scene, drawn),
    )  # fmt: skip
    if own.skewed:
        figure.data[-1].text = [short(value) for value in values.tolist()]
    figure.data[-1].showlegend = False


def _scale(scene: Scene, drawn: np.ndarray) -> dict:
    """The scale of colours, from the 1st to the 99th percentile (of a feature, from 0), and its bar."""
    low, high = (float(end) for end in np.quantile(drawn, [0.0 if scene.feature else 0.01, 0.99]))
    high = high if high > low else low + 1
    own = scene.colouring
    title = f"{own.title}, {own.unit}" if own.unit and own.unit not in own.title else own.title
    return {
        "cmin": low, "cmax": high, "colorscale": _hue() if scene.feature else "Cividis", "showscale": True,
        "colorbar": _bar(title, low, high, skewed=own.skewed),
    }  # fmt: skip


def _bar(title: str, low: float, high: float, *, skewed: bool) -> dict:
    """The bar that explains a scale, under the picture; `skewed`: the scale is of log10(1 + value)."""
    ticks = np.linspace(low, high, 4)
    said = 10**ticks - 1 if skewed else ticks
    return {
        "orientation": "h", "y": 0, "yanchor": "top", "x": 0, "xanchor": "left", "len": 0.5, "thickness": 9, "outlinewidth": 0,
        "title": {"text": _escaped(title), "side": "top"}, "tickvals": ticks.tolist(),
        "ticktext": [short(float(value)) for value in said],
    }  # fmt: skip


def _hue() -> list[list]:
    """One hue, from nearly nothing to the accent."""
    return [[0.0, "#B9D9D5"], [1.0, "#0B5D56"]] if theme() == "light" else [[0.0, "#27504D"], [1.0, "#7FF0E5"]]


def _draw_cells(figure: go.Figure, scene: Scene, shown: np.ndarray) -> None:
    """More samples than points: how many are in each cell, coloured by what most are, or by their mean."""
    x0, x1, y0, y1 = scene.view
    rows = max(40, min(2 * ACROSS, round(ACROSS * (y1 - y0) / (x1 - x0))))
    cells = grid(scene.x, scene.y, scene.view, columns=ACROSS, rows=rows)
    counts = cells.counts()
    own, some = scene.colouring, counts > 0
    figure.add_scattergl(  # nobody sees it: only where there are points does Plotly offer lasso and box
        x=[(x0 + x1) / 2], y=[(y0 + y1) / 2], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False
    )
    filled = np.where(some, np.log10(np.maximum(counts, 1)), np.nan)
    if scene.chosen is not None:
        _cells(figure, cells, filled, counts, [[0, _rgba(QUIET[theme()], 0.35)], [1, QUIET[theme()]]], "not chosen")
        _draw_chosen(figure, scene, cells, shown)
    elif own.codes is not None:
        most = cells.commonest(own.codes, len(own.names))
        for at in _greys_first(own):
            name, here = own.names[at], most == at
            if here.any():
                colour = _colour(own, at)
                scale = [[0, _rgba(colour, 0.35)], [1, colour]]
                _cells(figure, cells, np.where(here, filled, np.nan), counts, scale, f"mostly {name}")
                figure.data[-1].update(zmin=0, zmax=float(np.nanmax(filled)))
    elif own.values is not None:
        _draw_means(figure, scene, cells, counts)
    else:
        _cells(figure, cells, filled, counts, _faint_hue(), "samples")


def _draw_chosen(figure: go.Figure, scene: Scene, cells, shown: np.ndarray) -> None:
    """The chosen samples over all: points where they are few enough, else cells."""
    ids = np.flatnonzero(shown & scene.chosen)
    if len(ids) <= MOST_OVER:
        _points(figure, scene, ids, "chosen", ACCENT[theme()], 3.5)
        return
    counts = cells.counts(scene.chosen)
    _cells(figure, cells, np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan), counts, _faint_hue(), "chosen")


def _draw_means(figure: go.Figure, scene: Scene, cells, counts: np.ndarray) -> None:
    own = scene.colouring
    if scene.feature:  # the share of the cell's samples in which it is active
        active = 100 * cells.counts(np.isfinite(own.values)) / np.maximum(counts, 1)
        z, title = np.where(counts > 0, active, np.nan), f"{own.title}, % of samples"
    else:
        z, title = cells.means(np.log10(1 + np.maximum(own.values, 0)) if own.skewed else own.values), own.title
    told = z[np.isfinite(z)]
    _cells(figure, cells, z, counts, _faint_hue() if scene.feature else "Cividis", title)
    if len(told):
        low, high = (float(end) for end in np.quantile(told, [0.01, 0.99]))
        high = high if high > low else low + 1
        bar = _bar(title, low, high, skewed=own.skewed and not scene.feature)
        figure.data[-1].update(zmin=low, zmax=high, showscale=True, showlegend=False, colorbar=bar)


def _cells(figure: go.Figure, cells, z: np.ndarray, counts: np.ndarray, scale, name: str) -> None:
    figure.add_heatmap(
        x=cells.x.astype(np.float32), y=cells.y.astype(np.float32), z=z.astype(np.float32), customdata=counts.astype(np.int32),
        colorscale=scale, showscale=False, name=_escaped(name), showlegend=True, hoverongaps=False,
        hovertemplate=f"%{{customdata:,d}} samples<br>{_escaped(name)}<extra></extra>",
    )  # fmt: skip


def _faint_hue() -> list[list]:
    return [[0, _rgba(ACCENT[theme()], 0.12)], [1, ACCENT[theme()]]]


def _rgba(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _colour(own: Colouring, at: int) -> str:
    """The colour of a group by its place; samples without a value and those of small groups are grey."""
    return QUIET[theme()] if _grey(own, at) else PALETTE[at]


def _grey(own: Colouring, at: int) -> bool:
    return at >= len(PALETTE) or own.names[at] == NO_VALUE


def _greys_first(own: Colouring) -> list[int]:
    """The groups in the order they are drawn: the grey ones below the others, the smallest on top."""
    return sorted(range(len(own.names)), key=lambda at: not _grey(own, at))


def _size(points: int) -> float:
    """Pixels of a point: small where there are many, never under 2.5."""
    return float(min(7.0, max(2.5, 9 - 1.4 * math.log10(max(points, 10)))))


def _cut(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


def _halo() -> str:
    """Paper around letters, so that they are read upon points."""
    paper = PAPER[theme()]
    return ", ".join(f"{x}px {y}px 2px {paper}" for x in (-1, 0, 1) for y in (-1, 0, 1))


def _escaped(text: str) -> str:
    """Text as Plotly takes it, which reads some markup."""
    return html.escape(text, quote=False)
