"""The map on screen: what colours it, how much of it is seen, what is drawn upon it, and what a click or a lasso means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.density import View, view_of_most, whole_view, widened
from core.scores.layout import Layout
from core.scores.outline import Outline, around, box, outline, read_outline
from core.selection.map_colours import CHOSEN, FEATURE, PLAIN, Colouring, colour_choices
from pages.explore.panels.map_answers import coloured, feature_values, names_of, regions_of
from pages.explore.panels.map_chart import CONFIG, MOST_POINTS, SHAPE, Scene, map_figure, points_drawn, theme
from pages.explore.panels.map_eye import watch_view
from pages.explore.panels.map_labels import Label, spread_labels
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.numbers import count, whole
from pages.shared.state import choose, chosen
from pages.shared.subset import Subset

CHART = "map_chart"
ASKED = "_map_asked"  # the sample whose point was clicked
DRAWN = "_map_drawn"  # (what else the picture shows, the outline that it was drawn with)
ANEW = "_map_anew"  # counts what makes the picture be drawn again although nothing that it shows has changed
EVERYTHING = "all"  # of the map is seen; "" where most samples lie
LABELS = 26  # letters of a feature's words on the scale


@dataclass(frozen=True, eq=False)
class Colours:
    """What colours the map, who of it stays in colour (None: everybody), and whether it is one feature."""

    colouring: Colouring
    chosen: np.ndarray | None
    feature: bool = False


def first_colour(opened: Opened) -> str:
    """The colouring that is chosen, else the first there is."""
    choices = colour_choices(opened.analysis, opened.dataset)
    return chosen("map_colour") if chosen("map_colour") in choices else next(iter(choices))


def colours_of(opened: Opened, subset: Subset | None) -> Colours:
    """The colouring on screen."""
    wanted, n = first_colour(opened), opened.analysis.n_samples
    mask = subset.members(n) if subset is not None and chosen("map_grey") else None
    if wanted == CHOSEN:
        if subset is None:
            raise GamutError("Nothing is chosen now: Budget says what the choice there lacks.")
        return Colours(Colouring("chosen"), subset.members(n))
    if wanted == FEATURE:
        feature_id = feature_shown(opened)
        words = feature_words(opened, [feature_id])[feature_id]
        values = feature_values(opened, feature_id)
        return Colours(Colouring(f"feature {feature_id} {_cut(words)}", values=values), mask, feature=True)
    if wanted == PLAIN:
        return Colours(Colouring("samples"), mask)
    return Colours(coloured(opened, wanted), mask)


def feature_shown(opened: Opened) -> int:
    """The feature that is chosen, within those there are."""
    return min(max(0, chosen("map_feature")), opened.analysis.n_features - 1)


def chosen_outline() -> Outline | None:
    """What is drawn on the map now."""
    return read_outline(chosen("map_outline")) if chosen("map_outline") else None


def chosen_view(layout: Layout) -> View:
    """How much of the map is seen, in the shape of the picture."""
    if chosen("map_view") in ("", EVERYTHING):
        return widened((whole_view if chosen("map_view") else view_of_most)(layout.x, layout.y), SHAPE)
    x0, x1, y0, y1 = (float(end) for end in chosen("map_view").split(","))
    view = x0, x1, y0, y1
    like = 0.85 < (x1 - x0) / (y1 - y0) / SHAPE < 2  # what a browser shows: as it is, else each look would show more
    return view if like else widened(view, SHAPE)


def zoom_to(bounds: View) -> None:
    """See no more than what lies around a box."""
    choose(map_view=",".join(f"{end:.5g}" for end in around(bounds, 0.15)))


def shows_chosen(opened: Opened) -> bool:
    """Whether the picture asks who is chosen."""
    return chosen("map_grey") or first_colour(opened) == CHOSEN


def draw_scene(opened: Opened, layout: Layout, subset: Subset | None) -> None:
    """The picture, drawn again only when what it shows has changed: a new outline is in the browser's picture already."""
    colours, view = colours_of(opened, subset), chosen_view(layout)
    labels = _labels(opened, view) if chosen("map_words") else []
    shows = [
        opened.key, theme(), first_colour(opened), chosen("map_feature"), chosen("map_grey"), chosen("map_words"), view,
        subset.key if subset else "", colours.colouring.title, st.session_state.get(ANEW, 0),
    ]  # fmt: skip
    held = st.session_state.get(DRAWN)
    if held is None or held[0] != shows:
        held = st.session_state[DRAWN] = (shows, chosen("map_outline"))
    with_outline = read_outline(held[1]) if held[1] else None
    scene = Scene(layout.x, layout.y, colours.colouring, colours.chosen, view, labels, with_outline, colours.feature)
    figure = map_figure(scene)
    figure.layout.meta = st.session_state.get(ANEW, 0)  # another picture to Streamlit, which forgets what was clicked
    st.plotly_chart(
        figure, key=CHART, on_select=_selected, selection_mode=("points", "box", "lasso"), config=CONFIG, width="stretch",
        theme="streamlit",
    )  # fmt: skip
    if len(layout.x) > MOST_POINTS:
        watch_view(CHART)
    st.caption(_how(scene, len(layout.x)))


def _labels(opened: Opened, view: View) -> list[Label]:
    texts = [name.text() for name in names_of(opened)]
    return spread_labels(regions_of(opened, opened.key).regions, texts, view)


def _how(scene: Scene, n: int) -> str:
    shown, points = points_drawn(scene)
    seen = f"{whole(shown)} of {whole(n)} samples in view" if shown < n else f"All {count(n, 'sample')}"
    drawn = "each a point" if points else "too many for points: shaded by how many are in each cell; zoom in for points"
    return (
        f"{seen}, {drawn}. Drag to draw around samples, scroll to zoom; with the hand (top right) drag the map, or click a "
        "sample to read it. Near means alike in features; directions and distances mean nothing else."
    )


def draw_again() -> None:
    """Draw the picture anew with the outline that is chosen now: allowed in callbacks."""
    st.session_state[ANEW] = st.session_state.get(ANEW, 0) + 1


def _selected() -> None:
    """A lasso or a box becomes the outline, a click on a point asks for the sample; nothing clears the outline."""
    said = st.session_state[CHART]["selection"]
    polygons = [list(zip(one["x"], one["y"], strict=True)) for one in said["lasso"]]
    polygons += [box(*sorted(one["x"]), *sorted(one["y"])) for one in said["box"]]
    if polygons:
        try:
            choose(map_outline=outline(polygons).text(), map_page=1)
        except GamutError:
            draw_again()  # a stroke that encloses nothing
    elif said["points"]:
        if "customdata" in said["points"][0]:  # a sample: cells have none
            st.session_state[ASKED] = int(_one(said["points"][0]["customdata"]))
        draw_again()
    else:
        choose(map_outline="")


def _one(value):
    return value[0] if isinstance(value, (list, tuple)) else value


def _cut(words: str) -> str:
    return words if len(words) <= LABELS else words[: LABELS - 1] + "…"
