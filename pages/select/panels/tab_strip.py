"""The strip of tabs under the picture of Budget: only the panel of the chosen tab runs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.selection.pool import Pool
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from pages.select.panels.bias_panel import draw_bias
from pages.select.panels.compare_panel import draw_compare
from pages.select.panels.constraints_panel import draw_constraints
from pages.select.panels.keep import draw_keep, draw_reproduce
from pages.select.panels.never_covered import draw_missed
from pages.select.panels.picks import asked_sample
from pages.select.panels.reading_queue import draw_queue
from pages.shared.constraint_choice import redraw_if_changed
from pages.shared.engine import Opened
from pages.shared.fragment import fragment
from pages.shared.messages import guard
from pages.shared.sample_view import Judged, open_sample
from pages.shared.state import choose, chosen, write_link

Panel = Callable[[Opened, RankingSpec, Pool, Selected], None]
CONSTRAINTS = "constraints"
TITLES = {
    "queue": "Reading queue", "missed": "Never covered", "bias": "Bias", "compare": "Compare",
    CONSTRAINTS: "Constraints", "reproduce": "Reproduce",
}  # fmt: skip

# One line a tab; a tab without a panel is not shown.
PANELS: dict[str, Panel] = {
    "queue": draw_queue,
    "missed": draw_missed,
    "bias": draw_bias,
    "compare": draw_compare,
    "reproduce": lambda opened, spec, pool, selected: draw_reproduce(opened, spec, selected),
}


def draw_tabs(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """The strip with the field to save beside it, and the panel of the chosen tab."""
    strip, save = st.columns([2.1, 1], vertical_alignment="bottom")
    with save:
        draw_keep(opened, spec, selected)
    shown = [tab for tab in TITLES if tab in PANELS or tab == CONSTRAINTS]
    if chosen("tab") not in shown:
        choose(tab=shown[0])
    strip.segmented_control(
        "Look closer", shown, key="tab", required=True, format_func=TITLES.get, label_visibility="collapsed"
    )
    draw_panel(opened, spec, pool, selected)


@fragment
def draw_panel(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """The chosen panel: what is clicked within it draws nothing else again, unless it asks for that."""
    redraw_if_changed()
    with guard():
        tab = chosen("tab")
        if tab == CONSTRAINTS:
            draw_constraints(opened, spec, pool)
        else:
            PANELS[tab](opened, spec, pool, selected)
        asked = asked_sample()
        if asked is not None:
            open_sample(opened, asked, Judged(pool.features, selected.ranking))
    write_link()
