"""What a selection reaches of the target it is to cover, in a line."""

from __future__ import annotations

import streamlit as st

from core.scores.target_reach import TargetReach, target_reach
from core.selection.pool import Pool
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.state import chosen

OPTION = "target"  # of every method that can cover one


def draw_target(spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """One line where the method covers a target; nothing elsewhere."""
    if said := spec.options.get(OPTION):
        wanted = pool.known.target(said)
        found = target_reach(
            pool.features, selected.sample_ids, wanted=wanted, tokens=pool.conversation_tokens, free=pool.free, base=pool.base,
            c=chosen("c"),
        )  # fmt: skip
        st.caption(plain(target_words(said, found, c=chosen("c"))))


def target_words(said: str, found: TargetReach, *, c: int = 1) -> str:
    """Of the 587 features of the target features:gap, 560 are reached; random rows of as many tokens reach 431."""
    often = f" in {c} rows or more" if c > 1 else ""
    words = (
        f"Of the {count(found.wanted, 'feature')} of the target {said}, {whole(found.reached)} are reached{often}; random rows "
        f"of as many tokens reach {whole(found.at_random)} in the median of five seeds."
    )
    if found.there < found.wanted:
        few = f"fewer than {c} samples" if c > 1 else "no sample"
        words += f" {whole(found.wanted - found.there)} {few} of the pool {'have' if c > 1 else 'has'}."
    return words
