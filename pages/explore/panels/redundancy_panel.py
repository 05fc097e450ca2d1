"""Redundancy: what is in the data twice, exactly or nearly."""

from __future__ import annotations

import streamlit as st

from pages.shared.engine import Opened


def draw_redundancy(opened: Opened) -> None:
    """The panel of the tab."""
    st.info("Nothing is shown here yet.", icon=":material/info:")
