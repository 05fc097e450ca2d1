"""Diversity: is it varied, or just long?"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.explore.panels.length_panel import draw_length
from pages.explore.panels.redundancy_panel import draw_redundancy
from pages.explore.panels.sample_diversity_panel import draw_samples
from pages.explore.panels.sensitivity_panel import draw_sensitivity
from pages.explore.panels.spectrum_panel import draw_spectrum
from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.messages import guard, head
from pages.shared.sidebar import current
from pages.shared.state import chosen, keep_choices, write_link

# One line a tab, in the order of `pages.shared.state.DIVERSITY_TABS`.
PANELS: dict[str, tuple[str, Callable[[Opened], None]]] = {
    "length": ("Length", draw_length),
    "samples": ("Samples", draw_samples),
    "redundancy": ("Redundancy", draw_redundancy),
    "spectrum": ("Spectrum", draw_spectrum),
    "sensitivity": ("Sensitivity", draw_sensitivity),
}


@st.fragment
def workbench(opened: Opened) -> None:
    """The strip of tabs and the panel of the chosen one: only that one runs."""
    keep_choices()
    st.segmented_control(
        "Diversity", list(PANELS), key="diversity_tab", required=True, format_func=lambda tab: PANELS[tab][0],
        label_visibility="collapsed",
    )  # fmt: skip
    with guard():
        PANELS[chosen("diversity_tab")][1](opened)
    write_link()


head("Diversity", "Is it varied, or just long?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
else:
    workbench(opened)
