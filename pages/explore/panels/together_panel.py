"""Together: what several capabilities choose, which rows they share, and of what kinds those are."""

from __future__ import annotations

import streamlit as st

from core.selection.methods.registry import METHODS, find, takes_capabilities
from core.selection.together import Picks, core_of, overlaps
from pages.explore.panels.alignment_panel import offer_capability
from pages.explore.panels.core_set_panel import asked, by_chance, draw_core
from pages.explore.panels.own_samples import own_picks
from pages.explore.panels.together_answers import chosen_together
from pages.explore.panels.together_charts import draw_overlap
from pages.explore.panels.transfer_panel import draw_transfer
from pages.shared.capability_choice import capability_called, fitting
from pages.shared.draft import draft_budget
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import budget_words, count, whole
from pages.shared.sample_view import open_sample
from pages.shared.state import choose, chosen

NAMES = "_together_names"
MOST = 12  # capabilities that are compared where nobody chose
BY = [name for name, method in METHODS.items() if takes_capabilities(method)]


def draw_together(opened: Opened) -> None:
    """The capabilities and the method, the sentence, overlap and core set side by side, transfer below."""
    there = [one.name for one in fitting(opened)]
    if not there:
        offer_capability()
        return
    names = _draw_choice(there)
    if len(names) < 2:
        st.info("Choose two capabilities or more: what they share is shown here.", icon=":material/info:")
        if len(there) < 2:
            st.button("Learn another one", icon=":material/add:", on_click=lambda: choose(neurons_tab="capabilities"))
        return
    said = chosen_together(opened, names, chosen("together_by"))
    _draw_answer(said.picks)
    every = [capability_called(opened.workspace, name) for name in names]
    st.caption(plain(own_picks(opened, every, said.picks.ids)))
    matrix, core = st.columns([1, 1.25], gap="medium")
    with matrix:
        draw_overlap(said.picks, overlaps(said.picks))
    with core, guard():
        draw_core(opened, said)
    with guard():
        draw_transfer(opened, said)
    sample_id = asked()
    if sample_id is not None:
        open_sample(opened, sample_id)


def _draw_choice(there: list[str]) -> list[str]:
    """Which capabilities, and by which method each chooses."""
    held = [name for name in chosen("together").split(",") if name in there] or there[:MOST]
    st.session_state[NAMES] = held
    which, by = st.columns([3, 1.2])
    which.multiselect(
        "Capabilities", there, key=NAMES, on_change=lambda: choose(together=",".join(st.session_state[NAMES])),
        help="each chooses alone, as many rows as the budget of Budget buys",
    )  # fmt: skip
    by.selectbox("Each chooses by", BY, key="together_by", format_func=lambda name: find(name).title)
    if len(there) > MOST and not chosen("together"):
        st.caption(f"The first {MOST} of {len(there)}: choose others above.")
    return held


def _draw_answer(picks: Picks) -> None:
    """The core set in a sentence, and what is compared."""
    core, names = core_of(picks), len(picks.names)
    shared = int(core.rows[-1])
    st.subheader(
        plain(
            f"{count(shared, 'row')} {'is' if shared == 1 else 'are'} chosen under {'both' if names == 2 else f'all {names}'} "
            f"capabilities, by chance {by_chance(core.expected[-1])}; {whole(int(core.rows[0]))} rows under one or more."
        ),
        anchor=False,
    )
    st.caption(
        plain(
            f"Each chooses {count(picks.rows, 'row')} of {whole(picks.n)}, what {budget_words(draft_budget())} on Budget buys; "
            f"two random choices share {100 * picks.chance:.3g} %. Bans, the base and the filter of Budget hold; pins, quotas "
            "and the bound on near-duplicates are left aside."
        )
    )
