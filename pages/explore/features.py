"""Features: what does this data talk about?"""

from __future__ import annotations

import streamlit as st

from pages.explore.panels.feature_table import draw_table
from pages.explore.panels.telling_features import draw_telling
from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.messages import guard, head
from pages.shared.sidebar import Current, current
from pages.shared.state import NO_FEATURE, chosen


def overview(here: Current, opened: Opened) -> None:
    """The telling features first, then the table of all."""
    with guard():
        draw_telling(here, opened)
    st.divider()
    with guard():
        draw_table(here, opened)


head("Features", "What does this data talk about?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
elif chosen("feature") == NO_FEATURE:
    overview(here, opened)
