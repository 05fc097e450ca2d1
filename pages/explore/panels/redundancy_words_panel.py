"""Near-copies by features beside near-copies by words: asked for, as words of a large data set take a while."""

from __future__ import annotations

import streamlit as st

from core.scores.redundancy_search import LOWEST, Redundancy
from core.scores.redundancy_text import Agreement
from core.selection.specification import RankingSpec
from pages.explore.panels.redundancy_answers import agreement_here, words_here
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import count, measured, whole
from pages.shared.state import choose, chosen

UNASKED = 20_000  # samples up to which nobody needs to ask
ASKED = "_words_asked"


def draw_agreement(opened: Opened, spec: RankingSpec, found: Redundancy) -> None:
    """How far the two agree, at a threshold of words that may be another one."""
    st.markdown("**Beside the words**")
    if opened.analysis.n_samples > UNASKED and not st.session_state.get(f"{ASKED}_{opened.key}"):
        if st.button("Compare by words too", key="redundancy_words"):
            st.session_state[f"{ASKED}_{opened.key}"] = True
            st.rerun(scope="fragment")
        st.caption("Jaccard of runs of four words; takes a minute for 50 000 samples, once.")
        return
    by_words = words_here(opened, opened.key)[1]
    low = LOWEST if by_words.exact else by_words.floor
    if chosen("redundancy_words_at") < low:
        choose(redundancy_words_at=low)
    st.slider(
        "Overlap of runs of four words", low, 1.0, step=0.01, format="%.2f", key="redundancy_words_at",
        help="Jaccard's index of the sets of runs of four words within a turn; no model takes part.",
    )  # fmt: skip
    said = agreement_here(opened, spec, found, at=chosen("redundancy_at"), words_at=chosen("redundancy_words_at"))
    for line in agreement_words(said):
        st.caption(plain(line))


def agreement_words(said: Agreement) -> list[str]:
    """The two finds beside each other, and beside chance."""
    if not said.by_words and not said.by_features:
        return ["Neither finds a repeat."]
    lines = [
        f"By features {count(said.by_features, 'sample')} repeat another one, by words {whole(said.by_words)}, by both "
        f"{whole(said.both)} (by chance {measured(said.expected)})."
    ]
    if said.firm is not None:
        lines.append(f"{100 * said.firm:.0f} % of the samples' nearest by features are as near by words …")
    if said.found is not None:
        lines.append(f"… and {100 * said.found:.0f} % of the nearest by words are found by features.")
    return lines
