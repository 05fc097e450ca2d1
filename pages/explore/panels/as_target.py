"""What one set has and the other lacks, as what Budget is to cover."""

from __future__ import annotations

import streamlit as st

from core.scores.enrichment import SHARE, TIMES
from core.selection.targets import free_target_name, save_target
from core.selection.two_sets import lacking_words
from pages.explore.panels.against_answers import Against
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.state import choose_next, option_key

METHOD, OPTION = "sae-greedy", "target"


def draw_target(opened: Opened, against: Against) -> None:
    """How many features B has and A lacks, and the button that makes them the target of a selection."""
    ids = against.found.lacking_in_a()
    here = int((against.sets.in_pool[ids] > 0).sum())
    said, button = st.columns([3, 1.2], vertical_alignment="center")
    words = (
        f"Common in B, rare in A: {count(len(ids), 'feature')}, surely {TIMES:g} times the odds at equal length and in "
        f"{100 * SHARE:g} % of B or more."
    )
    if here < len(ids):
        words += f" {whole(len(ids) - here)} of them no sample of the pool has: no selection can cover those, other data could."
    said.caption(plain(words))
    if not button.button(
        "Cover them on Budget", key="ab_target", type="primary", disabled=not here, width="stretch", icon=":material/target:",
        help="saves the list as a target and opens Budget with SAE greedy covering these features alone",
    ):  # fmt: skip
        return
    with guard():
        name = free_target_name(f"{against.b.words()} not {against.a.words()}", ids.tolist())
        made_from = lacking_words(opened.analysis, against.a, against.b)
        save_target(opened.workspace, name, analysis=opened.analysis, features=ids.tolist(), made_from=made_from)
        choose_next(method=METHOD, **{option_key(METHOD, OPTION): f"features:{name}"})
        st.switch_page("pages/select/budget.py")
