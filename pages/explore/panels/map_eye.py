"""What of the map is seen in the browser, told to the server: more samples than can be drawn are drawn for what is seen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.scores.density import View
from pages.shared.state import choose

PAUSE = 350  # milliseconds without a move before the view is sent
KEY = "map_eye"
_eye = st.components.v2.component(
    "gamut_map_eye", html="<i></i>", js=(Path(__file__).parent / "map_eye.js").read_text(encoding="utf-8")
)


def watch_view(chart: str) -> None:
    """From now on the view follows the wheel and the hand over the chart of that key; draws nothing."""
    _eye(key=KEY, data={"chart": chart, "pause": PAUSE}, on_view_change=_seen, height=1)


def _seen() -> None:
    said = st.session_state[KEY].get("view")
    view = view_of(said)
    if view is not None:
        choose(map_view=",".join(f"{end:.6g}" for end in view))


def view_of(said: object) -> View | None:
    """The ends of both axes, ascending, as a browser tells them; None for anything else."""
    if not isinstance(said, list | tuple) or len(said) != 4:
        return None
    if not all(isinstance(end, int | float) and abs(end) < 1e6 for end in said):  # False of nan, too
        return None
    (x0, x1), (y0, y1) = sorted(said[:2]), sorted(said[2:])
    return (x0, x1, y0, y1) if x1 - x0 > 1e-4 and y1 - y0 > 1e-4 else None
