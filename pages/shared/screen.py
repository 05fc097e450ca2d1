"""What screens share around their own matter: title and question, an analysis to look at, and tabs of which one runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.fragment import fragment
from pages.shared.messages import guard, head
from pages.shared.sidebar import current
from pages.shared.state import chosen, write_link

Panel = Callable[[Opened], None]


def draw_screen(title: str, question: str, draw: Panel) -> None:
    """A screen about the analysis chosen; where there is none, what to do next."""
    head(title, question)
    here = current()
    opened = here.opened()
    if opened is None:
        offer_analysis(here)
    else:
        draw(opened)


@fragment
def draw_tabbed(opened: Opened, label: str, key: str, panels: Mapping[str, tuple[str, Panel]]) -> None:
    """The strip of tabs and the panel of the chosen one: no other panel runs.

    key: the tab's name in the link. panels: title and panel by tab, one line a tab.
    """
    st.segmented_control(
        label,
        list(panels),
        key=key,
        required=True,
        format_func=lambda tab: panels[tab][0],
        label_visibility="collapsed",
    )
    with guard():
        panels[chosen(key)][1](opened)
    write_link()
