"""Neurons: which circuits does this data exercise?"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.explore.panels.alignment_panel import draw_alignment
from pages.explore.panels.capabilities_panel import draw_capabilities
from pages.explore.panels.heatmap_panel import draw_heatmap
from pages.explore.panels.together_panel import draw_together
from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.messages import guard, head
from pages.shared.sidebar import current
from pages.shared.state import chosen, keep_choices, write_link

Panel = Callable[[Opened], None]

# One line a tab: its key in the link, its title, its panel.
PANELS: dict[str, tuple[str, Panel]] = {
    "heatmap": ("Heatmap", draw_heatmap),
    "capabilities": ("Capabilities", draw_capabilities),
    "alignment": ("Alignment", draw_alignment),
    "together": ("Together", draw_together),
}


@st.fragment
def workbench(opened: Opened) -> None:
    """The strip and the panel of the chosen tab: no other panel runs."""
    keep_choices()
    st.segmented_control(
        "Look at", list(PANELS), key="neurons_tab", required=True, format_func=_title, label_visibility="collapsed"
    )
    with guard():
        PANELS[chosen("neurons_tab")][1](opened)
    write_link()


def _title(tab: str) -> str:
    return PANELS[tab][0]


head("Neurons", "Which circuits does this data exercise?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
else:
    workbench(opened)
