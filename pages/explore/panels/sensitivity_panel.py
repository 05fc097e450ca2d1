"""Sensitivity: how far a selection moves with what counts as active."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_sensitivity(opened: Opened) -> None:
    """The panel of the tab."""
    st.info("Nothing is shown here yet.", icon=":material/info:")
