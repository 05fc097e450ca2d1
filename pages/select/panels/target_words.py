"""What a selection reaches of the target it is to cover, in a line."""

from __future__ import annotations

import streamlit as st

from core.scores.target_reach import TargetReach, target_reach
from core.selection.pool import Pool
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from pages.shared.messages import plain
from pages.shared.numbers import count, whole

METHOD, OPTION = "sae-greedy", "target"


def draw_target(spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """One line where the method covers a target; nothing elsewhere."""
    said = spec.options.get(OPTION) if spec.method == METHOD else None
    if said:
        wanted = pool.known.target(said)
        found = target_reach(
            pool.features, selected.sample_ids, wanted=wanted, tokens=pool.conversation_tokens, free=pool.free, base=pool.base
        )  # fmt: skip
        st.caption(plain(target_words(said, found)))


def target_words(said: str, found: TargetReach) -> str:
    """Of the 587 features of the target features:gap 560 are reached, by random rows of as many tokens 431."""
    words = (
        f"Of the {count(found.wanted, 'feature')} of the target {said} {whole(found.reached)} are reached; random rows of as "
        f"many tokens reach {whole(found.at_random)} in the median of five seeds."
    )
    if found.there < found.wanted:
        words += f" {whole(found.wanted - found.there)} no sample of the pool has."
    return words
