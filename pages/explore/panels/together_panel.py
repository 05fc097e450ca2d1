"""Together: what several capabilities agree on."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_together(opened: Opened) -> None:
    """Overlap, core set and transfer."""
    st.info(
        "No capability is learned here yet: gamut capability learn NAME FILE --analysis ANALYSIS learns one.",
        icon=":material/info:",
    )
