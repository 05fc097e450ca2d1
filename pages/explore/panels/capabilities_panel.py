"""Capabilities: what there is, how good each is, and a new one."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_capabilities(opened: Opened) -> None:
    """Every capability of this model at a glance, and the form for a new one."""
    st.info(
        "No capability is learned here yet: gamut capability learn NAME FILE --analysis ANALYSIS learns one.",
        icon=":material/info:",
    )
