"""Budget: which samples, how many, why these?"""

from __future__ import annotations

import streamlit as st

from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.select import Selected
from core.selection.specification import RankingSpec, select_by
from pages.select.panels.budget_controls import draw_budget, remember_now
from pages.select.panels.constraints_panel import draw_constraints
from pages.select.panels.curve_panel import draw_curve
from pages.select.panels.method_controls import draw_method
from pages.select.panels.picks import draw_picks
from pages.select.panels.tab_strip import draw_tabs
from pages.select.panels.target_words import draw_target
from pages.shared import engine
from pages.shared.answer_words import answer_words, spent_words
from pages.shared.constraint_choice import drawn_anew
from pages.shared.curves import Asked, along, answer_of
from pages.shared.draft import draft_base, draft_budget, draft_spec
from pages.shared.fragment import fragment
from pages.shared.messages import guard
from pages.shared.screen import draw_screen
from pages.shared.sidebar import tell_selection
from pages.shared.state import chosen, write_link


@fragment
def screen(opened: engine.Opened) -> None:
    """The method with all its settings, and what follows from them."""
    with guard():
        if draw_method(opened, draft_base(opened.dataset)):
            workbench(opened)
    write_link()


@fragment
def workbench(opened: engine.Opened) -> None:
    """Everything that moves with the slider: only this is drawn again, and not what stands above it."""
    drawn_anew()
    with guard():
        draw_chosen(opened, draft_spec(opened))
    write_link()


def draw_chosen(opened: engine.Opened, spec: RankingSpec) -> None:
    """The budget and what it buys; where that cannot be told, what binds the choice."""
    drawn = False
    with guard():
        if not draw_budget(opened, engine.pool_to_rank(opened, spec)):
            return
        pool, ranking = engine.ranked(opened, spec, draft_budget())
        draw_answer(opened, spec, pool, ranking)
        drawn = True
    if not drawn:  # what is wrong may be a pin, a ban or a constraint
        draw_constraints(opened, spec, None)


def draw_answer(opened: engine.Opened, spec: RankingSpec, pool: Pool, ranking: Ranking) -> None:
    """The sentence, the curve, the picks, and the tabs under them."""
    selected = select_by(pool, spec, draft_budget(), ranking=ranking)
    rows = len(selected.sample_ids)
    remember_now(pool, selected)
    tell_selection(None, rows=rows, tokens=selected.tokens)
    asked = Asked.of(opened, spec)
    mine = along(asked, ranking, selected.sample_ids)
    st.subheader(answer_words(answer_of(asked, mine, rows, chosen("c")), method=spec.method), anchor=False)
    st.caption(spent_words(pool, selected))
    draw_target(spec, pool, selected)
    draw_picture(asked, pool, ranking, selected)
    draw_tabs(opened, spec, pool, selected)


def draw_picture(asked: Asked, pool: Pool, ranking: Ranking, selected: Selected) -> None:
    """The curve two thirds wide, the picks beside it."""
    chart, picks = st.columns([1.25, 1], gap="medium")
    with chart:
        draw_curve(asked, pool, ranking, selected.sample_ids)
    with picks:
        draw_picks(asked.opened, selected.ranking, ranking)


draw_screen("Budget", "Which samples, how many, and why these?", screen)
