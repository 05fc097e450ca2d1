"""What every two settings share, as a square of cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.selection.sensitivity import Chosen, Matrix
from pages.shared.numbers import whole

LONGEST = 22  # letters of a setting's name on the axis


def matrix_figure(chosen: Sequence[Chosen], told: Matrix, *, look: str) -> go.Figure:
    """The square, the selection as it is first; the number stands in each cell."""
    names = [_name(one.setting.words) for one in chosen]
    places = list(range(len(names)))
    value = 100 * told.share if look == "share" else told.spearman
    shown = [
        ["" if np.isnan(one) else f"{one:.0f}" if look == "share" else f"{one:.2f}" for one in row] for row in value
    ]
    hover = [
        [
            f"{names[a]} and {names[b]}: {whole(int(told.shared[a, b]))} rows in both, {100 * told.share[a, b]:.0f} % of the "
            f"smaller<br>chance {100 * told.chance[a, b]:.2g} %"
            for b in places
        ]
        for a in places
    ]
    low = 0 if look == "share" else -1
    figure = go.Figure(
        go.Heatmap(
            x=places,
            y=places,
            z=value,
            text=shown,
            texttemplate="%{text}",
            customdata=hover,
            zmin=low,
            zmax=100 if look == "share" else 1,
            colorscale="Cividis",
            showscale=False,
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    axis = {"tickmode": "array", "tickvals": places, "ticktext": names, "fixedrange": True, "showgrid": False}
    figure.update_layout(
        height=120 + 26 * len(names), margin={"l": 0, "r": 8, "t": 8, "b": 0}, dragmode=False,
        xaxis={**axis, "tickangle": -40}, yaxis={**axis, "autorange": "reversed"},
    )  # fmt: skip
    return figure


def _name(words: str) -> str:
    """A setting as an axis writes it: a name of an analysis may be anything."""
    short = words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
    return short.replace("<", "‹").replace(">", "›")
