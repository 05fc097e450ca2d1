"""Budget: which samples, how many, why these?"""

from __future__ import annotations

import streamlit as st

from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.registry import METHODS, find
from core.selection.specification import RankingSpec, select_by
from core.store.pools import members_of
from pages.select.panels.budget_controls import draw_activity, draw_base, draw_budget, draw_method_help, remember_now
from pages.select.panels.picks import draw_picks
from pages.select.panels.tab_strip import draw_constraints, draw_tabs
from pages.shared import engine
from pages.shared.answer_words import answer_words
from pages.shared.charts import QUIET, coverage_figure
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.empty import offer_analysis
from pages.shared.messages import guard, head
from pages.shared.sidebar import current, tell_selection
from pages.shared.state import chosen, keep_choices, write_link


@st.fragment
def workbench(opened: engine.Opened) -> None:
    """Everything that moves with the slider: only this is drawn again."""
    keep_choices()
    with guard():
        spec = draft_spec(opened)
        drawn = False
        with guard():
            pool, ranking = engine.ranked(opened, spec)
            draw_budget(pool)
            picture(opened, spec, pool, ranking)
            drawn = True
        if not drawn:  # what is wrong may be a pin, a ban or a constraint
            draw_constraints(opened, spec, None)
        draw_settings(opened, spec)
    write_link()


def picture(opened: engine.Opened, spec: RankingSpec, pool: Pool, ranking: Ranking) -> None:
    """The sentence, the curve, the picks, and the tabs under them."""
    selected = select_by(pool, spec, draft_budget(), ranking=ranking)
    rows = len(selected.sample_ids)
    remember_now(pool, rows, selected.tokens)
    tell_selection(None, rows=rows, tokens=selected.tokens)
    said = engine.answer_of(opened, spec, rows)
    st.subheader(answer_words(said, method=spec.method), anchor=False)
    chart, picks = st.columns([1.25, 1], gap="medium")
    with chart:
        draw_curve(opened, spec, rows)
    with picks:
        draw_picks(opened, selected.ranking)
    draw_tabs(opened, spec, pool, selected)


def draw_curve(opened: engine.Opened, spec: RankingSpec, rows: int) -> None:
    needed, others = st.columns([1.4, 1], vertical_alignment="center")
    c = needed.segmented_control(
        "Features reached in at least",
        (1, 3, 10),
        key="c",
        required=True,
        label_visibility="collapsed",
        format_func=lambda c: "in ≥ 1 row" if c == 1 else f"in ≥ {c} rows",
    )
    others.toggle("Other methods", key="others")
    main = [name for name, method in METHODS.items() if method.group == "main"]
    compared = [name for name in main if chosen("others") and name not in (spec.method, "random")]
    figure = coverage_figure(
        spec.method,
        engine.curves(opened, spec, c),
        {name: engine.curves(opened, draft_spec(opened, method=name), c) for name in compared},
        size=rows,
        c=c,
    )
    st.plotly_chart(figure, config=QUIET, key="curve", alt="features reached over tokens taken, beside random orders")


def draw_settings(opened: engine.Opened, spec: RankingSpec) -> None:
    """The method explained, and what counts as active."""
    method, activity = st.columns(2, gap="medium")
    with method.expander("About the method"):
        draw_method_help(find(spec.method))
    with activity.expander("What counts as active"):
        draw_activity(engine.active(opened, spec).quantile)
        if members_of(opened.dataset):
            draw_base(opened.dataset, spec.base)


head("Budget", "Which samples, how many, and why these?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
else:
    workbench(opened)
