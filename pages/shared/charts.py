"""The pictures, in the colours that every screen gives to the same things."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from core.selection.methods.registry import find
from pages.shared.curves import FEATURES, HELD_OUT, WORDS, Picture, Point
from pages.shared.numbers import short, whole

COLOURS = {
    "sae-greedy": "#0072B2",
    "sae-simscale": "#56B4E9",
    "nait": "#D55E00",
    "feature-coverage": "#009E73",
    "richest": "#CC79A7",
    "longest": "#E69F00",
    "k-center": "#7B5EA7",
    "repr-filter": "#8C6D31",
    "random": "#8A8F98",
}
INK = {"light": "#1E2430", "dark": "#E7E9EC"}
QUIET = {"displayModeBar": False}


@dataclass(frozen=True, slots=True)
class Unit:
    """How the heights of a yardstick are written: by Plotly on hover, on the axis, and in words.

    Runs of words grow about as the tokens do, so they need a logarithmic axis as these do.
    """

    hover: str
    suffix: str
    words: str
    logarithmic: bool = False

    def say(self, height: float) -> str:
        """A height with its unit."""
        return f"{height:.1f} %" if self.suffix else f"{whole(round(height))}{self.words}"


UNITS = {
    FEATURES: Unit("%{y:,d} features", "", " features"),
    WORDS: Unit("%{y:,d} runs of words", "", " runs of words", logarithmic=True),
    HELD_OUT: Unit("%{y:.1f} % of held-out features", " %", " %"),
}
HEIGHTS = {
    FEATURES: "features reached",
    WORDS: "distinct runs of 4 words reached",
    HELD_OUT: "held-out rows' features reached",
}


def colour_of(method: str) -> str:
    """The colour of a method everywhere; ink for one that has none of its own."""
    return COLOURS.get(method) or ink()


def ink() -> str:
    """The ink of the theme that the user looks at."""
    return INK.get(st.context.theme.type or "light", INK["light"])


def coverage_figure(
    method: str,
    mine: Picture,
    others: dict[str, Picture],
    *,
    here: Point | None,
    saved: Sequence[Point],
    yardstick: str,
    c: int,
) -> go.Figure:
    """What is reached over tokens: the method as a line, chance as a grey band, the budget and saved selections as points."""
    figure, unit = go.Figure(), UNITS[yardstick]
    _draw_band(figure, mine, unit)
    for name, picture in others.items():
        _draw_line(figure, name, picture, unit, width=1.5)
    if method != "random":
        _draw_line(figure, method, mine, unit, width=3)
    _draw_knee(figure, mine, unit)
    _draw_saved(figure, saved, unit)
    shapes = []
    if here is not None and here.rows:
        _draw_budget(figure, method, here, unit)
        shapes.append(_line(x=here.tokens, dash="dot"))
    shapes.append(_line(y=mine.whole, dash="dash"))
    rows = "one row" if c == 1 else f"{c} rows"
    figure.update_layout(
        height=380,
        margin=_margins(figure, mine, unit),
        hovermode="x",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        yaxis={
            "title": f"{HEIGHTS[yardstick]} in {rows} or more",
            "type": "log" if unit.logarithmic else "linear",
            "rangemode": "tozero",
            "tickformat": ",d",
            "ticksuffix": unit.suffix,
            **({"dtick": 1} if unit.logarithmic else {}),
        },
        xaxis={
            "type": "log",
            "title": "tokens taken (logarithmic)",
            **axis_ticks(int(mine.tokens[0]), int(mine.tokens[-1])),
        },
        separators=".\u202f",
        shapes=shapes,
        annotations=[_whole_words(mine, unit)],
    )
    return figure


def _draw_band(figure: go.Figure, picture: Picture, unit: Unit) -> None:
    """Lowest to highest of the seeds, so narrow where chance is steady."""
    low, high = picture.band.min(axis=0), picture.band.max(axis=0)
    colour = COLOURS["random"]
    edge = {"x": picture.tokens, "mode": "lines", "line": {"width": 1, "color": colour}}
    figure.add_scatter(**edge, y=low, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        **edge,
        y=high,
        name=f"random, {len(picture.band)} seeds",
        fill="tonexty",
        fillcolor="rgba(138,143,152,0.35)",
        hovertemplate=f"random, at best {unit.hover}<extra></extra>",
    )


def _draw_line(figure: go.Figure, method: str, picture: Picture, unit: Unit, *, width: float) -> None:
    title = find(method).title
    figure.add_scatter(
        x=picture.tokens[: len(picture.reached)],
        y=picture.reached,
        mode="lines",
        name=title,
        line={"width": width, "color": colour_of(method)},
        hovertemplate=f"{title} {unit.hover}<extra></extra>",
    )


def _draw_knee(figure: go.Figure, picture: Picture, unit: Unit) -> None:
    """Where the curve bends most: a description, so it is small."""
    if picture.knee is None:
        return
    figure.add_scatter(
        x=[int(picture.tokens[picture.knee])],
        y=[picture.reached[picture.knee]],
        mode="markers",
        name="knee",
        marker={"symbol": "diamond-open", "size": 9, "color": ink(), "line": {"width": 1.5}},
        hovertemplate=(
            f"knee of the curve: {short(picture.tokens[picture.knee])} tokens, {unit.hover}<br>"
            "the point farthest above the straight line<br>between the curve's ends on this axis<extra></extra>"
        ),
    )


def _draw_saved(figure: go.Figure, saved: Sequence[Point], unit: Unit) -> None:
    """Saved selections by name; their names are file names, so there is no markup in them."""
    if saved:
        figure.add_scatter(
            x=[point.tokens for point in saved],
            y=[point.reached for point in saved],
            text=[point.name for point in saved],
            customdata=[whole(point.rows) for point in saved],
            mode="markers+text",
            textposition="bottom right",
            name="saved",
            marker={"symbol": "square", "size": 8, "color": ink()},
            hovertemplate=f"%{{text}}: %{{customdata}} rows, {unit.hover}<extra></extra>",
        )


def _line(*, x: float | None = None, y: float | None = None, dash: str) -> dict:
    """A line across the picture, as part of its layout: Plotly's own functions for it take twice the time of all else."""
    ends = {"x0": 0, "x1": 1, "xref": "x domain"} if x is None else {"x0": x, "x1": x, "xref": "x"}
    ends |= {"y0": 0, "y1": 1, "yref": "y domain"} if y is None else {"y0": y, "y1": y, "yref": "y"}
    return {"type": "line", **ends, "line": {"color": ink(), "width": 1, "dash": dash}, "opacity": 0.6}


def _whole_words(picture: Picture, unit: Unit) -> dict:
    """The height of the whole pool in words."""
    height = math.log10(max(picture.whole, 1)) if unit.logarithmic else picture.whole  # a note counts in powers there
    place = {"x": 0, "xref": "paper", "y": height, "yref": "y", "xanchor": "left", "yanchor": "bottom"}
    return {**place, "text": f"whole pool: {unit.say(picture.whole)}", "showarrow": False}


def _draw_budget(figure: go.Figure, method: str, here: Point, unit: Unit) -> None:
    said = f"this budget: {whole(here.rows)} rows, {whole(here.tokens)} tokens, {unit.say(here.reached)}"
    figure.add_scatter(
        x=[here.tokens],
        y=[here.reached],
        mode="markers",
        name="this budget",
        showlegend=False,
        marker={"size": 12, "color": colour_of(method), "line": {"width": 2, "color": ink()}},
        hovertemplate=f"{said}<extra></extra>",
    )


def _margins(figure: go.Figure, picture: Picture, unit: Unit) -> dict:
    """Room for the titles and the widest number, known beforehand: Plotly's own search for it draws everything twice."""
    named = sum(trace.showlegend is not False for trace in figure.data)
    digits = len(whole(round(picture.whole)) + unit.suffix)
    room = {"l": 36 + 7 * digits, "r": 8, "t": 30 if named < 4 else 50, "b": 46}
    return room | {"autoexpand": named > 4}  # a long legend breaks into as many lines as the window makes of it


def axis_ticks(low: int, high: int) -> dict:
    """1, 3, 10, 30 … with units as on every screen (a logarithmic axis labels itself in other letters)."""
    steps = [step * 10**power for power in range(12) for step in (1, 3)]
    shown = [step for step in steps if low <= step <= high]
    return {"tickvals": shown, "ticktext": [short(step) for step in shown]}
