"""How firm the draft is: chosen again from parts of the pool, and under other settings; both only when asked for."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.selection.pool import Pool
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.selection.stability import SHARE, Stability, Variant, stability, under_variants, variants
from pages.shared import engine
from pages.shared.charts import QUIET, colour_of
from pages.shared.draft import draft_budget
from pages.shared.messages import plain
from pages.shared.numbers import count, short, whole
from pages.shared.sample_view import first_words
from pages.shared.state import chosen

ASKED = "_stability_asked"  # what was asked for once is shown again, from the cache, as long as nothing changes
LISTED = 100
BINS = 10


def draw_stability(opened: engine.Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """Two buttons, each with what came of it."""
    parts, others = st.columns(2, gap="medium")
    budget = str(vars(draft_budget()))
    with parts:
        st.markdown(f"**From a random {100 * SHARE:.0f} % of the pool**, drawn again and again without replacement")
        runs, button = st.columns([1, 1.4], vertical_alignment="bottom")
        runs.number_input("Runs", min_value=2, max_value=500, step=10, key="runs")
        asked = ("parts", engine.key_of(opened, spec), engine.words(spec), budget, chosen("runs"))
        if _wanted(button.button("Draw", key="stability_parts", width="stretch"), asked):
            _draw_parts(opened, selected, _stability(pool, spec, *asked[1:]))
    with others:
        st.markdown(f"**Under {len(variants(spec))} other settings**: threshold, tokens that count, seed")
        asked = ("others", engine.key_of(opened, spec), engine.words(spec), budget)
        if _wanted(st.button("Try them", key="stability_others"), asked):
            _draw_others(_others(opened, spec, *asked[1:]))


def _wanted(clicked: bool, asked: tuple) -> bool:
    """Whether this was asked for, now or before with the very same settings."""
    if clicked:
        st.session_state.setdefault(ASKED, set()).add(asked)
    return asked in st.session_state.get(ASKED, ())


@st.cache_resource(max_entries=16, show_spinner=False)
def _stability(_pool: Pool, _spec: RankingSpec, key: str, said: str, budget: str, runs: int) -> Stability:
    bar = st.progress(0.0, "Choosing again …")
    told = stability(
        _pool,
        _spec,
        draft_budget(),
        runs=runs,
        progress=lambda done, of: bar.progress(done / of, f"{done} of {of} runs"),
    )
    bar.empty()
    return told


def _draw_parts(opened: engine.Opened, selected: Selected, said: Stability) -> None:
    picks = selected.sample_ids
    often = said.frequency[picks]
    known = picks[~np.isnan(often)]
    often = often[~np.isnan(often)]
    always, seldom = int((often == 1).sum()), int((often < 0.5).sum())
    st.markdown(
        f"When a pick is there, it is chosen again in **{100 * said.kept.mean():.0f} %** of {count(said.runs, 'run')} on "
        f"average (chance: {100 * said.expected:.3g} %). {whole(always)} of {whole(len(picks))} picks always are, "
        f"{whole(seldom)} in fewer than half of the runs."
    )
    st.plotly_chart(_histogram(often, selected.method), config=QUIET, key="stability_chart")
    first = np.argsort(often, kind="stable")[:LISTED]
    ids = known[first].tolist()
    words = dict(opened.dataset.conversations(ids)) if ids else {}
    st.dataframe(
        {
            "sample": ids,
            "chosen again, %": (100 * often[first]).tolist(),
            "begins with": [first_words(words[sample]) for sample in ids],
        },
        hide_index=True,
        height=min(280, 38 + 35 * max(1, len(ids))),
        key="stability_table",
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=64),
            "chosen again, %": st.column_config.NumberColumn(format="%.0f", width=110),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )
    shown = f"The {whole(len(ids))} least firm picks of {whole(len(picks))}. " if len(ids) < len(picks) else ""
    st.caption(
        f"{shown}Seed {said.seed}; what counts as active stays as in the whole pool; budgets, caps and floors shrink with "
        "it; pins are left out of both shares."
    )


def _histogram(often: np.ndarray, method: str) -> go.Figure:
    """Picks by how often they are chosen again."""
    edges = np.linspace(0, 1, BINS + 1)
    counts, _ = np.histogram(often, edges)
    figure = go.Figure()
    figure.add_bar(
        x=100 * (edges[:-1] + edges[1:]) / 2, y=counts, width=9.2, marker_color=colour_of(method),
        customdata=np.stack([100 * edges[:-1], 100 * edges[1:]], axis=1),
        hovertemplate="%{customdata[0]:.0f} to %{customdata[1]:.0f} %: %{y:,d} picks<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=190, margin={"l": 0, "r": 8, "t": 4, "b": 0}, xaxis={"title": "chosen again, % of runs", "range": [0, 100]},
        yaxis={"title": "picks", "tickformat": ",d"}, separators=".\u202f",
    )  # fmt: skip
    return figure


@st.cache_resource(max_entries=16, show_spinner=False)
def _others(_opened: engine.Opened, _spec: RankingSpec, key: str, said: str, budget: str) -> list[Variant | tuple]:
    total = len(variants(_spec))
    bar = st.progress(0.0, "Choosing under other settings …")
    found: list[Variant | tuple] = []
    for one in under_variants(_opened.analysis, _opened.dataset, _spec, draft_budget()):
        found.append(one)
        bar.progress(len(found) / total, f"{len(found)} of {total} settings")
    bar.empty()
    return found


def _draw_others(found: list[Variant | tuple]) -> None:
    good = [one for one in found if isinstance(one, Variant)]
    st.dataframe(
        {
            "setting": [one.words for one in good],
            "rows": [one.rows for one in good],
            "tokens": [short(one.tokens) for one in good],
            "in both": [one.overlap.shared for one in good],
            "Jaccard": [one.overlap.jaccard for one in good],
            "by chance": [one.overlap.expected_jaccard for one in good],
        },
        hide_index=True,
        height=38 + 35 * max(1, len(good)),
        key="stability_settings",
        column_config={
            "setting": st.column_config.TextColumn(width=190),
            "rows": st.column_config.NumberColumn(width=55),
            "tokens": st.column_config.TextColumn(width=60),
            "in both": st.column_config.NumberColumn(width=60, help="rows that this setting and the draft choose"),
            "Jaccard": st.column_config.NumberColumn(format="%.2f", width=65),
            "by chance": st.column_config.NumberColumn(format="%.3f", width=75, help="of two random subsets of these sizes"),
        },
    )  # fmt: skip
    for one in found:
        if not isinstance(one, Variant):
            st.caption(plain(f"{one[0]}: not possible. {one[1]}"))
