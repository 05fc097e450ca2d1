"""The regions of the map in words, largest first: a click draws around one."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.scores.layout import Layout
from core.scores.outline import around_points
from pages.explore.panels.map_answers import names_of, regions_of
from pages.explore.panels.map_scene import draw_again
from pages.shared.engine import Opened
from pages.shared.numbers import whole
from pages.shared.state import choose
from pages.shared.subset import Subset

TABLE = "map_regions"


def draw_regions(opened: Opened, layout: Layout, subset: Subset | None) -> None:
    """What each region is about, how large it is, and how much of it is chosen."""
    found = regions_of(opened, opened.key)
    sizes = [region.size for region in found.regions]
    columns = {
        "region": [name.text() for name in names_of(opened)],
        "samples": sizes,
    }
    if subset is not None:
        chosen_in = np.bincount(found.codes[subset.ids], minlength=len(sizes))
        columns["chosen, %"] = (100 * chosen_in / np.maximum(1, sizes)).tolist()
    st.dataframe(
        columns, hide_index=True, key=TABLE, on_select=lambda: _clicked(layout, found.codes), selection_mode="single-cell",
        row_height=30, height=520,
        column_config={
            "region": st.column_config.TextColumn(width=148),
            "samples": st.column_config.NumberColumn(width=58),
            "chosen, %": st.column_config.NumberColumn(format="%.3g", width=66, help="of the region's samples"),
        },
    )  # fmt: skip
    read = "" if found.read == len(found.codes) else f" Words are those of {whole(found.read)} samples, evenly spaced."
    st.caption(
        "Click a region to draw around it." + read,
        help="Regions are cut by k-means on the places of the map: a way to name its parts, no finding. Their words are those "
        "that the user says in them more often than elsewhere. Where fewer than a quarter of a region say any of these, the "
        "one or two groups that most of it is in, oftener than the pool, stand before them, else “mixed”: such words are true of "
        "a few of its samples.",
    )


def _clicked(layout: Layout, codes: np.ndarray) -> None:
    cells = st.session_state[TABLE]["selection"]["cells"]
    if cells:
        here = codes == cells[0][0]
        choose(map_outline=around_points(layout.x[here], layout.y[here]).text(), map_page=1)
        draw_again()
