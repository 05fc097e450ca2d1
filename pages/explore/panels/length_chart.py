"""Richness against length: points or their density, what length alone predicts, and the mean of like lengths."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.errors import GamutError
from core.scores.length_null import LengthNull
from core.scores.length_view import Box, View, box_of, view
from core.selection.diversity_report import Diversity
from pages.explore.panels.feature_charts import accent
from pages.shared.charts import QUIET, ink
from pages.shared.engine import Opened
from pages.shared.fragment import fragment
from pages.shared.numbers import count
from pages.shared.sample_view import open_sample
from pages.shared.state import choose, chosen, write_link

OPEN = "_open_sample_of_length"
HEIGHT = 400
STEPS = 200  # points of a line


@fragment
def draw_length_chart(opened: Opened, diversity: Diversity, null: LengthNull) -> None:
    """The picture; a box drawn on its density is looked at closer, a point clicked opens its sample: only this is redrawn."""
    _draw(diversity, null)
    asked = st.session_state.pop(OPEN, None)
    if asked is not None:
        open_sample(opened, asked)
    write_link()


def _draw(diversity: Diversity, null: LengthNull) -> None:
    box = _chosen_box()
    seen = view(diversity.tokens, diversity.features.richness, box)
    said, back = st.columns([2.6, 1], vertical_alignment="center")
    said.caption(_about(seen, box))
    if box is not None:
        back.button("Whole picture", on_click=choose, kwargs={"length_box": ""}, width="stretch")
    key = f"length_chart_{chosen('diversity_counted')}_{chosen('length_box')}"
    st.plotly_chart(
        length_figure(diversity, null, seen, box), key=key, on_select=lambda: _selected(key),
        selection_mode="box" if seen.counts.size else "points",  # of both, Streamlit would tell no clicks
        config=QUIET, width="stretch", theme="streamlit",
    )  # fmt: skip


def _chosen_box() -> Box | None:
    try:
        return box_of(chosen("length_box"))
    except GamutError:  # a link: the whole picture is as good
        choose(length_box="")
        return None


def _about(seen: View, box: Box | None) -> str:
    where = "" if box is None else " in this part"
    if len(seen.ids) or not seen.inside:
        return f"{count(seen.inside, 'sample')}{where}, a point each: click one to read it, drag to look closer."
    return (
        f"{count(seen.inside, 'sample')}{where}, as density; draw a box to look closer: few enough are shown as points."
    )


def _selected(key: str) -> None:
    said = st.session_state[key]["selection"]
    if said["box"]:
        (left, right), (low, high) = sorted(said["box"][0]["x"]), sorted(said["box"][0]["y"])
        if right - left > 1 and high - low > 1:
            choose(length_box=Box(left, right, low, high).words())
    elif said["points"] and "customdata" in said["points"][0]:
        st.session_state[OPEN] = int(said["points"][0]["customdata"][0])


def length_figure(diversity: Diversity, null: LengthNull, seen: View, box: Box | None) -> go.Figure:
    """Points (or cells) and both lines."""
    figure = go.Figure()
    if seen.counts.size:
        _draw_cells(figure, seen)
    else:
        _draw_points(figure, diversity, seen.ids)
    _draw_line(figure, *_thinned(null.lengths, null.expected), "what length alone predicts", dash="dash")
    _draw_line(figure, *_means(diversity), "mean of samples of like length", dash="solid")
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 8, "t": 8, "b": 0}, hovermode="closest",
        dragmode="select" if seen.counts.size else "zoom",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "scored tokens", "tickformat": ",d", "rangemode": "tozero"},
        yaxis={"title": "richness: active features", "tickformat": ",d", "rangemode": "tozero"},
        separators=".\u202f",
    )  # fmt: skip
    if box is not None:
        figure.update_xaxes(range=[box.left, box.right])
        figure.update_yaxes(range=[box.low, box.high])
    return figure


def _draw_points(figure: go.Figure, diversity: Diversity, ids: np.ndarray) -> None:
    tokens, richness = diversity.tokens[ids], diversity.features.richness[ids]
    figure.add_scattergl(
        x=tokens, y=richness, mode="markers", showlegend=False, customdata=[[sample_id] for sample_id in ids.tolist()],
        marker={"size": 4 if len(ids) > 3000 else 6, "color": accent(), "opacity": 0.3 if len(ids) > 3000 else 0.6},
        hovertemplate="#%{customdata[0]}: %{x:,d} tokens, %{y:,d} features<extra></extra>",
        selected={"marker": {"opacity": 0.9}}, unselected={"marker": {"opacity": 0.3}},
    )  # fmt: skip


def _draw_cells(figure: go.Figure, seen: View) -> None:
    held = seen.counts > 0
    shade = np.where(held, np.log10(np.maximum(seen.counts, 1)) + 0.3, np.nan)
    colour = accent()
    x, y = ((edges[:-1] + edges[1:]) / 2 for edges in (seen.x_edges, seen.y_edges))
    figure.add_heatmap(
        x=x, y=y, z=shade, customdata=seen.counts, showscale=False, zmin=0, hoverongaps=False,
        colorscale=[[0, _faint(colour)], [1, colour]],
        hovertemplate="about %{x:,d} tokens, %{y:,d} features: %{customdata:,d} samples<extra></extra>",
    )  # fmt: skip
    # A box needs something that can be selected: the middles of the cells, unseen.
    row, column = np.nonzero(held)
    figure.add_scattergl(
        x=x[column], y=y[row], mode="markers", showlegend=False, hoverinfo="skip", marker={"size": 3, "opacity": 0},
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
    )  # fmt: skip


def _draw_line(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, *, dash: str) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines", name=name, line={"color": ink(), "width": 2, "dash": dash},
        hovertemplate=f"{name}: %{{y:.0f}} features at %{{x:,d}} tokens<extra></extra>",
    )  # fmt: skip


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    place = np.unique(np.linspace(0, len(x) - 1, STEPS).round().astype(int)) if len(x) else np.empty(0, int)
    return x[place], y[place]


def _means(diversity: Diversity) -> tuple[np.ndarray, np.ndarray]:
    """Mean tokens and mean richness of every group of like length."""
    held = np.maximum(1, np.bincount(diversity.lengths))
    return tuple(
        np.bincount(diversity.lengths, values) / held for values in (diversity.tokens, diversity.features.richness)
    )  # type: ignore[return-value]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.12)"
