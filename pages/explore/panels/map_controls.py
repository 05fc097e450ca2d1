"""What stands over the map: by what it is coloured, who stays in colour, how much is seen."""

from __future__ import annotations

import streamlit as st

from core.scores.outline import Outline
from core.selection.map_colours import CHOSEN, FEATURE, colour_choices
from pages.explore.panels.map_scene import EVERYTHING, first_colour, zoom_to
from pages.shared.engine import Opened
from pages.shared.state import choose, chosen


def draw_controls(opened: Opened, drawn: Outline | None) -> None:
    """One row of controls."""
    choices = colour_choices(opened.analysis, opened.dataset)
    choose(map_colour=first_colour(opened))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        wanted = st.selectbox(
            "Colour by", list(choices), key="map_colour", format_func=lambda key: f"Colour by {_cut(choices[key])}", width=236,
            label_visibility="collapsed",
        )  # fmt: skip
        if wanted == FEATURE:
            last = opened.analysis.n_features - 1
            choose(map_feature=min(max(0, chosen("map_feature")), last))
            st.number_input("Feature", 0, last, step=1, key="map_feature", width=130, label_visibility="collapsed")
        st.toggle(
            "Grey what is not chosen", key="map_grey", disabled=wanted == CHOSEN,
            help="chosen: the saved selection of the sidebar, else what is chosen on Budget now",
        )  # fmt: skip
        st.toggle("Words", key="map_words", help="what the samples of each region say more often than the others")
        if drawn is not None:
            st.button("Zoom in", key="map_zoom", icon=":material/zoom_in:", on_click=zoom_to, args=(drawn.bounds,))
        title, icon, view = _way_out(chosen("map_view"))
        st.button(title, key="map_see", icon=icon, on_click=_see, args=(view,))


def _way_out(view: str) -> tuple[str, str, str]:
    """The button that shows more of the map, or from all of it where most samples lie: its words, its sign, the view."""
    if view == "":
        return "Whole map", ":material/zoom_out_map:", EVERYTHING
    return (
        ("Where most lie", ":material/zoom_in_map:", "")
        if view == EVERYTHING
        else ("Zoom out", ":material/zoom_out:", "")
    )


def _see(view: str) -> None:
    choose(map_view=view)


def _cut(title: str) -> str:
    return title if len(title) <= 40 else title[:39] + "…"
