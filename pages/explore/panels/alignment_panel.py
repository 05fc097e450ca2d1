"""Alignment: how well every sample agrees with a capability."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_alignment(opened: Opened) -> None:
    """The distribution, the share of each layer, the ends to read, and the score against length."""
    st.info(
        "No capability is learned here yet: gamut capability learn NAME FILE --analysis ANALYSIS learns one.",
        icon=":material/info:",
    )
