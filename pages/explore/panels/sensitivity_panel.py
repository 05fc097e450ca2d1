"""Sensitivity: how far a selection moves with what counts as active."""

from __future__ import annotations

import math

import streamlit as st

from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.selection.sensitivity import ANALYSIS, CANNOT, PARTS, POOLED, SEED, Chosen, Matrix, OfFactor, own_seed
from core.selection.specification import RankingSpec
from core.store.analyses import POOLINGS, SPANS
from pages.explore.panels.sensitivity_answers import Told, told_here, under_own
from pages.explore.panels.sensitivity_chart import matrix_figure
from pages.shared.charts import QUIET
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import budget_words, count, whole
from pages.shared.state import RULES, chosen

RULE_WORDS = {"auto": "automatic", "quantile": "quantile", "raw": "raw θ"}
LOOKS = {"share": "rows in both", "order": "rank correlation"}
UNASKED = 60_000  # samples up to which nobody needs to ask
ASKED = "_sensitivity_asked"


def draw_sensitivity(opened: Opened) -> None:
    """The answer, the live controls, the matrix, and what cannot be asked."""
    spec, budget = draft_spec(opened), draft_budget()
    mark = f"{opened.key}:{spec.hash}:{budget}"
    if opened.analysis.n_samples > UNASKED and mark not in st.session_state.get(ASKED, ()):
        _offer(opened, mark)
        return
    told = told_here(opened, spec, budget)
    st.subheader(plain(sentence(told)), anchor=False)
    st.caption(plain(_about(opened, spec, told)))
    _draw_live(opened, spec, told)
    chart, beside = st.columns([2, 1], gap="medium")
    with chart:
        _draw_matrix(told)
    with beside:
        _draw_factors(spec, told)
    _draw_settings(told)


def _offer(opened: Opened, mark: str) -> None:
    samples = count(opened.analysis.n_samples, "sample")
    st.info(f"{samples} are chosen from under a dozen other settings: that takes minutes.", icon=":material/info:")
    if st.button("Choose under all settings", type="primary", key="sensitivity_start"):
        st.session_state.setdefault(ASKED, set()).add(mark)
        st.rerun(scope="fragment")


def sentence(told: Told) -> str:
    """Which factor moves the selection most, and which least."""
    picks = len(told.chosen[0].ids)
    if not picks:
        return "Nothing is chosen at this budget, so nothing moves."
    most, least = told.factors[0], told.factors[-1]
    if len(told.factors) == 1:
        return f"Another {most.factor} keeps {_percent(most.mean)} of the {count(picks, 'pick')}."
    return (
        f"Of the {count(picks, 'pick')}, another {most.factor} keeps {_percent(most.mean)}, another {least.factor} "
        f"{_percent(least.mean)}; chance would {_percent(told.matrix.chance[0, 0])}."
    )


def _about(opened: Opened, spec: RankingSpec, told: Told) -> str:
    return (
        f"{spec.method} at {budget_words(draft_budget())}, as on Budget; one thing is changed at a time, everything else "
        f"stays. {whole(told.available)} samples may be chosen. Means of {len(told.chosen) - 1} other settings."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _draw_live(opened: Opened, spec: RankingSpec, told: Told) -> None:
    """One's own setting, and what it leaves of the selection."""
    rule, value, span, pooling = st.columns([1.3, 0.9, 1.5, 0.95], vertical_alignment="bottom")
    rule.segmented_control("Threshold", RULES, key="sensitivity_rule", required=True, format_func=RULE_WORDS.get)
    by = chosen("sensitivity_rule")
    if by == "quantile":
        value.slider("Quantile of each feature", 0.0, 1.0, step=0.01, key="sensitivity_quantile")
    elif by == "raw":
        value.number_input("θ", min_value=0.0, step=0.5, key="sensitivity_theta", format="%g")
    span.segmented_control("Tokens of the", list(SPANS), key="sensitivity_span", required=True)
    pooling.selectbox(
        "Pooled by", list(POOLINGS), key="sensitivity_pooling", format_func=POOLED.get,
        help="What of a feature's values in a sample is held against its threshold.",
    )  # fmt: skip
    try:
        mine = under_own(
            opened, spec, draft_budget(), activity=_activity(), span=chosen("sensitivity_span"), pooling=_pooling()
        )
    except GamutError as refused:
        st.caption(plain(f"Not possible: {refused}"))
        return
    st.markdown(plain(own_words(told, mine)))


def _pooling() -> str:
    return chosen("sensitivity_pooling")


def _activity() -> Activity:
    by = chosen("sensitivity_rule")
    if by == "raw":
        return Activity(mode="raw", theta=float(chosen("sensitivity_theta")))
    return Activity(quantile=float(chosen("sensitivity_quantile")) if by == "quantile" else None)


def own_words(told: Told, mine: tuple[Chosen, Matrix]) -> str:
    """What the setting on screen gives, in one line."""
    one, beside = mine
    asis = told.chosen[0]
    return (
        f"Under these, {_percent(beside.share[0, 1])} of the picks are the same (chance {_percent(beside.chance[0, 1])}), "
        f"in orders that correlate by {_number(beside.spearman[0, 1])}; {count(one.live, 'live feature')}, "
        f"{whole(round(one.median))} active in the median sample, r with length {_number(one.r)} "
        f"(as it is: {whole(asis.live)}, {whole(round(asis.median))}, {_number(asis.r)})."
    )


def _number(value: float) -> str:
    return "not defined" if math.isnan(value) else f"{value:.2f}"


def _draw_matrix(told: Told) -> None:
    st.segmented_control(
        "In each cell", list(LOOKS), key="sensitivity_look", required=True, format_func=LOOKS.get,
        label_visibility="collapsed",
    )  # fmt: skip
    st.plotly_chart(
        matrix_figure(told.chosen, told.matrix, look=chosen("sensitivity_look")), key="sensitivity_matrix", config=QUIET,
        width="stretch", theme="streamlit",
    )  # fmt: skip
    if chosen("sensitivity_look") == "share":
        st.caption(
            f"Rows in both, % of the smaller selection; two random ones share {_percent(told.matrix.chance[0, 0])} (k / N)."
        )
    else:
        st.caption("Spearman's correlation of the places of the rows that both chose; empty below two.")


def _draw_factors(spec: RankingSpec, told: Told) -> None:
    st.markdown("**What keeps how much of it**")
    st.dataframe(
        {
            "changed": [one.factor for one in told.factors],
            "kept, %": [100 * one.mean for one in told.factors],
            "least": [100 * one.low for one in told.factors],
            "most": [100 * one.high for one in told.factors],
            "of": [one.settings for one in told.factors],
        },
        hide_index=True, height=38 + 35 * max(1, len(told.factors)), key="sensitivity_factors",
        column_config={
            "changed": st.column_config.TextColumn(width=92),
            **{name: st.column_config.NumberColumn(format="%.0f", width=46) for name in ("kept, %", "least", "most")},
            "of": st.column_config.NumberColumn(width=30, help="settings"),
        },
    )  # fmt: skip
    for line in _remarks(spec, told.factors):
        st.caption(plain(line))
    with st.expander("What the store cannot answer"):
        for what, why in CANNOT:
            st.caption(plain(f"{what}: {why}"))


def _remarks(spec: RankingSpec, factors: list[OfFactor]) -> list[str]:
    there = {one.factor for one in factors}
    said = []
    if PARTS in there:
        said.append("Part of the pool: chosen again from random 80 %, of those picks that were there.")
    if SEED not in there and own_seed(spec) is None:
        said.append(f"{spec.method} has no seed: ties go to the lowest id, so no chance enters.")
    if ANALYSIS not in there:
        said.append("No other analysis of this data set: another layer or SAE cannot be compared.")
    return said


def _draw_settings(told: Told) -> None:
    """Every setting with its figures; those that cannot be with the reason."""
    with st.expander("Every setting"):
        st.dataframe(
            {
                "changed": [one.setting.factor for one in told.chosen],
                "setting": [one.setting.words for one in told.chosen],
                "rows": [len(one.ids) for one in told.chosen],
                "tokens": [one.tokens for one in told.chosen],
                "in both": told.matrix.shared[0].tolist(),
                "kept, %": (100 * told.matrix.share[0]).tolist(),
                "Spearman": told.matrix.spearman[0].tolist(),
                "live features": [one.live for one in told.chosen],
                "median active": [one.median for one in told.chosen],
                "r with length": [one.r for one in told.chosen],
            },
            hide_index=True, key="sensitivity_settings",
            column_config={
                "kept, %": st.column_config.NumberColumn(format="%.0f"),
                **{name: st.column_config.NumberColumn(format="%.2f") for name in ("Spearman", "r with length")},
            },
        )  # fmt: skip
    for words, why in told.refused:
        st.caption(plain(f"{words}: not possible. {why}"))
