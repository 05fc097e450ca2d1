"""The picture: layers by neurons, the same colours on both sides, and beside it how far whole layers are apart."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.scores.heatmap import Cells, Window, colour_limit
from core.selection.neuron_answer import SITE_WORDS, SPREAD, typical
from pages.explore.panels.heat_answers import DIFFERENCE, A, B, Drawn, ranked, words_of
from pages.shared.charts import QUIET, ink
from pages.shared.engine import Opened
from pages.shared.numbers import whole
from pages.shared.state import choose

APART = [[0.0, "#0072B2"], [0.5, "#F3F2EE"], [1.0, "#D55E00"]]  # lower in A, the same, higher in A
APART_DARK = [[0.0, "#56B4E9"], [0.5, "#22272F"], [1.0, "#F0803C"]]
CHANCE = "#8A8F98"
ROW, LEAST, MOST = 24, 150, 360  # pixels
CHART = "heat_chart"


def draw_chart(opened: Opened, one: Drawn, window: Window, side: str, cells: Cells, limit: float) -> None:
    """One picture: a box zooms to what is in it; where cells are single neurons, a click opens one.

    Streamlit tells of clicks or of boxes: while a box is drawn by dragging, it drops clicks.
    """
    figure = heat_figure(one, side, cells, limit, hovers(opened, one, side, cells), by_rank=window.order == "value")
    key = f"{CHART}_{side}_{one.key}_{window}"
    st.plotly_chart(
        figure, key=key, on_select=lambda: _selected(key, one.values.shape),
        selection_mode="points" if cells.size == 1 else "box", config=QUIET, width="stretch", theme="streamlit",
    )  # fmt: skip


def heat_figure(
    one: Drawn, side: str, cells: Cells, limit: float, texts: list[list[str]], *, by_rank: bool
) -> go.Figure:
    """Heatmap with an invisible point a cell, which Plotly can tell of being clicked; layers' bars beside it."""
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, column_widths=[0.87, 0.13], horizontal_spacing=0.012)
    centred = side == DIFFERENCE and one.picture.b is not None
    edges = np.append(cells.first, cells.last[-1] + 1) - 0.5
    dark = st.context.theme.type == "dark"
    figure.add_heatmap(
        x=edges, y=cells.layers, z=cells.values, zmin=-limit if centred else 0.0, zmax=limit, hoverinfo="skip",
        colorscale=(APART_DARK if dark else APART) if centred else "Cividis", row=1, col=1,
        colorbar={"thickness": 10, "len": 1.0, "x": 1.0, "xpad": 6, "outlinewidth": 0, "tickformat": ".2~g"},
    )  # fmt: skip
    middle = (cells.first + cells.last) / 2
    figure.add_scatter(
        x=np.tile(middle, len(cells.layers)), y=np.repeat(cells.layers, len(middle)), mode="markers", row=1, col=1,
        marker={"size": 7, "opacity": 0, "symbol": "square"}, hovertext=[text for row in texts for text in row],
        hovertemplate="%{hovertext}<extra></extra>", showlegend=False,
        customdata=np.stack([np.repeat(cells.layers, len(middle)), cells.neurons.ravel()], axis=1).tolist(),
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
    )  # fmt: skip
    _add_layers(figure, one, side, cells)
    noun = SITE_WORDS[one.picture.question.site]
    height = int(np.clip(ROW * len(cells.layers), LEAST, MOST)) + 54
    figure.update_layout(
        height=height, margin={"l": 0, "r": 0, "t": 6, "b": 0}, hovermode="closest", showlegend=False,
        dragmode="select" if cells.size > 1 else False,
        separators=".\u202f",
    )  # fmt: skip
    step = max(1, -(-len(cells.layers) // 16))
    figure.update_yaxes(
        tickvals=cells.layers[::step], range=[cells.layers[0] - 0.5, cells.layers[-1] + 0.5], fixedrange=True,
        showgrid=False, zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(title="layer", row=1, col=1)
    figure.update_xaxes(
        title="rank in the layer, highest first, from 0" if by_rank else noun, range=[edges[0], edges[-1]],
        fixedrange=True, showgrid=False, zeroline=False, tickformat=",d", row=1, col=1,
    )  # fmt: skip
    return figure


def _add_layers(figure: go.Figure, one: Drawn, side: str, cells: Cells) -> None:
    """A bar a layer: how far the sides are apart in it, with a mark where random groups are; else its mean magnitude."""
    picture = one.picture
    if side == DIFFERENCE and picture.spread is not None and picture.b is not None:
        apart, title = typical(picture)[cells.layers], "apart, spreads"
        if picture.chance is not None:
            by_chance = np.median(picture.chance.typical, axis=0)[cells.layers]
            figure.add_scatter(
                x=by_chance, y=cells.layers, mode="markers", row=1, col=2, showlegend=False,
                marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": CHANCE}},
                hovertemplate="layer %{y}: random groups %{x:.2f}<extra></extra>",
            )  # fmt: skip
    else:
        of_side = picture.b if side == B and picture.b is not None else picture.a
        values = one.values if side == DIFFERENCE else of_side
        apart, title = np.nan_to_num(np.abs(values)).mean(axis=1)[cells.layers], "mean size"
    figure.add_bar(
        x=apart, y=cells.layers, orientation="h", row=1, col=2, marker={"color": ink(), "opacity": 0.55}, width=0.5,
        hovertemplate="layer %{y}: %{x:.2f}<extra></extra>", showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(title=title, rangemode="tozero", fixedrange=True, nticks=3, row=1, col=2)


def hovers(opened: Opened, one: Drawn, side: str, cells: Cells) -> list[list[str]]:
    """Of every cell: who it stands for, its strongest neuron with value and rank, and the tokens that stand out for it."""
    picture, site = one.picture, one.picture.question.site
    layers = np.broadcast_to(cells.layers[:, None], cells.neurons.shape)
    places = list(zip(layers.ravel().tolist(), cells.neurons.ravel().tolist(), strict=True))
    source = one.values if side == DIFFERENCE or picture.b is None else picture.a if side == A else picture.b
    up = [bool(source[place] >= 0) for place in places]
    words = words_of(opened, site, places, up)
    place_of, noun = ranked(one), SITE_WORDS[site]
    found = []
    for (layer, neuron), high, tokens in zip(places, up, words, strict=True):
        lines = [f"<b>{noun} {neuron} of layer {layer}</b>", *_figures(one, layer, neuron)]
        if rank := int(place_of[layer, neuron]):
            lines.append(f"rank {whole(rank)} of {whole(place_of.size)}")
        if tokens:
            said = " · ".join(html.escape(f"“{token}”", quote=False) for token in tokens)
            lines.append(f"{'highest' if high else 'lowest'} in samples with {said}")
        found.append("<br>".join(lines))
    width = cells.neurons.shape[1]
    head = "" if cells.size == 1 else f"strongest of {cells.size}: "
    return [[head + text for text in found[at : at + width]] for at in range(0, len(found), width)]


def _figures(one: Drawn, layer: int, neuron: int) -> list[str]:
    picture = one.picture
    if picture.b is None:
        return [f"mean {picture.a[layer, neuron]:+.3g}"]
    said = [f"A {picture.a[layer, neuron]:+.3g}, B {picture.b[layer, neuron]:+.3g}"]
    if picture.spread is not None:
        own = picture.in_spreads[layer, neuron]
        beyond = picture.chance is not None and abs(own) > picture.chance.limit
        said.append(f"A {own:+.2f} spreads from B" + (", beyond chance" if beyond else ""))
    return said


def limits_words(pictures: dict[str, Cells], limit: float, unit: str) -> str:
    """Where the colours end, and what lies beyond."""
    values = [cells.values for cells in pictures.values()]
    known = sum(int((~np.isnan(one)).sum()) for one in values)
    beyond = sum(int((np.abs(one) > limit).sum()) for one in values)
    if not beyond:
        return f"Colours end at {limit:.3g}{unit}; no cell lies beyond."
    cells = max(pictures.values(), key=lambda own: float(np.nanmax(np.abs(own.values))))
    row, column = np.unravel_index(int(np.nanargmax(np.abs(cells.values))), cells.values.shape)
    name = f"{cells.layers[row]}.{cells.neurons[row, column]}"
    return (
        f"Colours end at {limit:.3g}{unit}; {whole(beyond)} of {whole(known)} cells lie beyond and have the last colour, the "
        f"farthest {cells.values[row, column]:.3g} ({name})."
    )


def limit_of(one: Drawn, pictures: dict[str, Cells]) -> float:
    """The same limit for all pictures on screen; of differences at least what chance reaches, so that noise stays pale."""
    limit = colour_limit(*(cells.values for cells in pictures.values()))
    in_spreads = DIFFERENCE in pictures and one.picture.chance is not None and one.unit == SPREAD
    return max(limit, one.picture.chance.limit) if in_spreads and one.picture.chance is not None else limit


def _selected(key: str, shape: tuple[int, ...]) -> None:
    chosen = st.session_state[key]["selection"]
    boxes, points = chosen.get("box") or [], [p for p in chosen.get("points") or [] if "customdata" in p]
    if boxes:
        (left, right), (bottom, top) = (sorted(float(v) for v in boxes[0][axis]) for axis in ("x", "y"))
        _zoom((round(bottom), round(top)), (int(np.ceil(left - 0.5)), int(np.floor(right + 0.5))), shape)
    elif points:
        layer, neuron = (int(value) for value in points[0]["customdata"][:2])
        choose(neuron=f"{layer}.{neuron}")


def _zoom(layers: tuple[int, int], places: tuple[int, int], shape: tuple[int, ...]) -> None:
    """Look at these layers and places, both ends within."""
    low, high = max(0, places[0]), min(shape[1] - 1, places[1])
    first, last = max(0, layers[0]), min(shape[0] - 1, layers[1])
    if low <= high and first <= last:
        choose(heat_layers=f"{first}-{last}", heat_places=f"{low}-{high}")
