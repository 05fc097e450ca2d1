"""Features: what does this data talk about?"""

from __future__ import annotations

import streamlit as st

from pages.explore.panels.feature_head import draw_examples, draw_head
from pages.explore.panels.feature_table import draw_table
from pages.explore.panels.feature_tabs import draw_tabs
from pages.explore.panels.labels_panel import draw_labels
from pages.explore.panels.telling_features import draw_telling
from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.fragment import fragment
from pages.shared.messages import guard, head
from pages.shared.sidebar import Current, current
from pages.shared.state import NO_FEATURE, chosen, write_link


def overview(here: Current, opened: Opened) -> None:
    """The telling features first, then the table of all."""
    with guard():
        draw_telling(here, opened)
    with guard():
        draw_labels(opened)
    st.divider()
    with guard():
        draw_table(here, opened)


def feature_page(here: Current, opened: Opened, feature_id: int) -> None:
    """One feature: what it is about and texts to read, then the tabs."""
    with guard():
        draw_head(opened, feature_id)
        read_examples(opened, feature_id)
        more(here, opened, feature_id)


@fragment
def read_examples(opened: Opened, feature_id: int) -> None:
    with guard():
        draw_examples(opened, feature_id)
    write_link()


@fragment
def more(here: Current, opened: Opened, feature_id: int) -> None:
    with guard():
        draw_tabs(here, opened, feature_id)
    write_link()


head("Features", "What does this data talk about?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
elif chosen("feature") == NO_FEATURE:
    overview(here, opened)
else:
    feature_page(here, opened, chosen("feature"))
