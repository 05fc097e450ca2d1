"""Constraints: quotas by column, who may be chosen, how alike two rows may be, which features count; then pins and bans."""

from __future__ import annotations

import streamlit as st

from core.errors import GamutError
from core.selection.budget import TRAINED
from core.selection.pool import Pool
from core.selection.ranking import Ranking, largest_first
from core.selection.specification import RankingSpec, is_look_up, select_by
from pages.select.panels.eligible_controls import draw_alike, draw_features, draw_only
from pages.select.panels.marks import draw_marks
from pages.select.panels.quota_controls import draw_quotas
from pages.shared import engine
from pages.shared.constraint_choice import add_quota, tell_changed
from pages.shared.draft import draft_budget
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.state import chosen

__all__ = ["add_quota", "draw_constraints"]


def draw_constraints(opened: engine.Opened, spec: RankingSpec, pool: Pool | None) -> None:
    """Every control of the constraints; without a pool where they cannot be met: here they are mended."""
    ranking, ids = _drawn(opened, spec)
    quotas, rows = st.columns([1.15, 1], gap="medium")
    with quotas:
        draw_quotas(opened, spec, pool, ids)
    with rows:
        with guard():
            draw_only(opened, spec)
        draw_alike()
        with guard():
            draw_features(opened, spec)
        if chosen("unit") in ("tokens", TRAINED):
            st.toggle("Skip rows that the tokens left do not hold, and go on", key="skip", on_change=tell_changed)
    _tell(spec, ranking)
    with st.expander(f"Pins and bans ({whole(len(spec.pins))} · {whole(len(spec.bans))})"):
        draw_marks(opened)


def _drawn(opened: engine.Opened, spec: RankingSpec) -> tuple[Ranking | None, list[int]]:
    """The ranking and the chosen ids on screen; nothing where they cannot be had."""
    try:
        pool, ranking = engine.ranked(opened, spec, draft_budget())
        return ranking, select_by(pool, spec, draft_budget(), ranking=ranking).sample_ids.tolist()
    except GamutError:
        return None, []


def _tell(spec: RankingSpec, ranking: Ranking | None) -> None:
    """What was passed over, and what the next click will cost."""
    if ranking is not None and ranking.left_out:
        passed = "; ".join(f"{words}: {count(rows, 'row')}" for words, rows in largest_first(ranking.left_out))
        st.caption(plain(f"Passed over in the ranking, as far as it goes now: {passed}."))
    try:
        looked_up = is_look_up(spec, draft_budget())
    except GamutError:
        return  # the budget is what is wrong, and told above
    moved = "is looked up in the ranking at hand" if looked_up else "finds anew which rows fit, at once"
    st.caption(
        f"Another budget {moved}. Another quota or cap on near-duplicates walks that ranking again; whatever changes "
        "who may be chosen or which features count ranks anew, about a second for 50 000 rows."
    )
