"""Budget: which samples, how many, why these?"""

from __future__ import annotations

import streamlit as st

from core.datasets.lint import RULES
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.registry import METHODS, find
from core.selection.select import Selected
from core.selection.specification import RankingSpec, select_by
from core.store.people import BAN, PIN, ban_unpinned, clear_marks, marked
from core.store.pools import members_of
from core.store.sample_filter import SampleFilter, matching
from pages.select.panels.budget_controls import draw_activity, draw_base, draw_budget, draw_method_help, remember_now
from pages.select.panels.keep import draw_keep, draw_reproduce
from pages.select.panels.picks import asked_sample, draw_look_up, draw_picks, marks_words
from pages.shared import engine
from pages.shared.answer_words import answer_words
from pages.shared.charts import QUIET, coverage_figure
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.empty import offer_analysis
from pages.shared.messages import guard, head
from pages.shared.numbers import count, whole
from pages.shared.sample_view import Judged, open_sample
from pages.shared.sidebar import current, tell_selection
from pages.shared.state import chosen, write_link


@st.fragment
def workbench(opened: engine.Opened) -> None:
    """Everything that moves with the slider: only this is drawn again."""
    with guard():
        spec = draft_spec(opened)
        with guard():  # what is wrong may be a pin, a ban or the base: they are mended below
            pool, ranking = engine.ranked(opened, spec)
            draw_budget(pool)
            picture(opened, spec, pool, ranking)
        settings(opened, spec)
    write_link()


def picture(opened: engine.Opened, spec: RankingSpec, pool: Pool, ranking: Ranking) -> None:
    """The sentence, the curve, the picks, and what can be done with them."""
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
    below(opened, spec, pool, selected)


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
    compared = [name for name in METHODS if chosen("others") and name not in (spec.method, "random")]
    figure = coverage_figure(
        spec.method,
        engine.curves(opened, spec, c),
        {name: engine.curves(opened, draft_spec(opened, method=name), c) for name in compared},
        size=rows,
        c=c,
    )
    st.plotly_chart(figure, config=QUIET, key="curve", alt="features reached over tokens taken, beside random orders")


def below(opened: engine.Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """Look up a sample, save, and the line that reproduces the selection."""
    look, keep = st.columns(2, gap="medium")
    with look:
        draw_look_up(opened)
    with keep:
        draw_keep(opened, spec, selected)
    draw_reproduce(opened, spec, selected)
    asked = asked_sample()
    if asked is not None:
        open_sample(opened, asked, Judged(pool.features, selected.ranking))


def settings(opened: engine.Opened, spec: RankingSpec) -> None:
    """The method explained, what counts as active, and the marks made by hand."""
    method, activity, marks = st.columns(3, gap="medium")
    with method.expander("About the method"):
        draw_method_help(find(spec.method))
    with activity.expander("What counts as active"):
        draw_activity(engine.active(opened, spec).quantile)
        if members_of(opened.dataset):
            draw_base(opened.dataset, spec.base)
    with marks.expander(f"Pins and bans ({len(spec.pins)} · {len(spec.bans)})"):
        draw_marks(opened)


def draw_marks(opened: engine.Opened) -> None:
    mark = opened.dataset.content_hash
    for kind, words in ((PIN, "pinned"), (BAN, "banned")):
        ids = marked(opened.workspace, mark, kind)
        st.caption(marks_words(words, ids))
        if ids and st.button(f"Take all {words} back", key=f"clear_{kind}"):
            clear_marks(opened.workspace, mark, mark=kind)
            st.rerun()
    draw_ban_by_flag(opened)
    st.caption("Open a sample to pin or ban it. Pins come first in every selection; banned samples never do.")


def draw_ban_by_flag(opened: engine.Opened) -> None:
    """Ban at once all samples that a lint rule flags."""
    flags = st.multiselect(
        "Ban all samples with one of these flags", list(RULES), format_func=lambda flag: RULES[flag].title, key="ban_flags",
        help="; ".join(f"{rule.title}: {rule.rule}" for rule in RULES.values()),
    )  # fmt: skip
    if flags:
        ids = matching(opened.dataset, SampleFilter(flags=tuple(flags)))
        if st.button(f"Ban these {whole(len(ids))}", key="ban_flagged", disabled=not len(ids)):
            pinned = ban_unpinned(opened.workspace, opened.dataset.content_hash, ids, "filter")
            if pinned:
                st.toast(f"{count(pinned, 'pinned sample')} left alone.")
            st.rerun()


head("Budget", "Which samples, how many, and why these?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
else:
    workbench(opened)
