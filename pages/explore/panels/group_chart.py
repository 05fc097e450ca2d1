"""A figure of each group with its interval, one line a group."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.scores.length_correlation import Estimate
from pages.explore.panels.feature_charts import accent
from pages.explore.panels.feature_tabs import short_name
from pages.shared.charts import ink
from pages.shared.numbers import measured

ROW = 22


def group_figure(
    names: Sequence[str], found: Sequence[Estimate], *, title: str, beside: Sequence[tuple[float, float]] | None = None,
    beside_title: str = "", height: int | None = None,
) -> go.Figure:  # fmt: skip
    """Points with intervals in the order given; `beside`: a grey band for each group."""
    figure, rows = go.Figure(), list(range(len(names)))
    if beside is not None:
        figure.add_scatter(
            x=[(low + high) / 2 for low, high in beside], y=rows, mode="markers", name=beside_title,
            marker={"symbol": "line-ns", "size": 9, "line": {"width": 2, "color": "#8A8F98"}},
            error_x={"type": "data", "array": [(high - low) / 2 for low, high in beside], "thickness": 5, "width": 0,
                     "color": "#8A8F98"},
            customdata=[f"{beside_title}: {measured(low)} to {measured(high)}" for low, high in beside],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    value = [one.value for one in found]
    sides = [
        [0 if v is None or limit is None else abs(limit - v) for v, limit in zip(value, limits, strict=True)]
        for limits in ([one.high for one in found], [one.low for one in found])
    ]
    figure.add_scatter(
        x=value, y=rows, mode="markers", name="the group", showlegend=beside is not None,
        marker={"size": 9, "color": accent(), "line": {"width": 1, "color": ink()}},
        error_x={"type": "data", "symmetric": False, "array": sides[0], "arrayminus": sides[1], "thickness": 1.6,
                 "width": 4, "color": accent()},
        customdata=[_hover(name, one) for name, one in zip(names, found, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=height or 70 + ROW * max(3, len(names)), margin={"l": 0, "r": 8, "t": 8, "b": 0}, hovermode="closest",
        dragmode=False, xaxis={"title": title, "fixedrange": True, "tickformat": ",~f"},
        yaxis={"autorange": "reversed", "tickvals": rows, "ticktext": [short_name(name) for name in names],
               "fixedrange": True, "showgrid": False, "zeroline": False},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"}, separators=".\u202f",
    )  # fmt: skip
    return figure


def _hover(name: str, one: Estimate) -> str:
    if one.value is None:
        return f"{short_name(name)}: not defined"
    limits = "" if one.low is None or one.high is None else f" ({measured(one.low)} to {measured(one.high)})"
    return f"{short_name(name)}: {measured(one.value)}{limits}"
