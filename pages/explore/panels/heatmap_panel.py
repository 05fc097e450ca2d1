"""Layer by neuron: what a sample, a group or a capability exercises, and where two of them differ."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_heatmap(opened: Opened) -> None:
    """The picture, its sentence and its table."""
    st.info("Nothing is drawn here yet.", icon=":material/info:")
