"""Length: what it explains of richness, and what is left when it is held equal."""

from __future__ import annotations

import streamlit as st

from core.scores.length_correlation import Estimate, draws_of
from core.scores.length_matched import Remains
from core.scores.length_report import PER, GroupLength, LengthReport, Partial
from core.selection.diversity_words import PAPER, length_paragraph, length_sentence, matched_sentence, with_interval
from core.selection.methods.registry import find
from pages.explore.panels.diversity_answers import (
    by_words,
    choose_among,
    chosen_bounds,
    chosen_size,
    cluster_words,
    clusters_offered,
    counted_words,
    diversity_of,
    draw_counted,
    equal_length,
    groups_offered,
    picks,
    report,
    sizes,
    what_remains,
    zero_words,
)
from pages.explore.panels.group_chart import group_figure
from pages.explore.panels.length_chart import draw_length_chart
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, measured, whole
from pages.shared.state import chosen

MOST_GROUPS = 16  # in the picture
HOW = (
    "Explained: the share of the variance of richness that goes with length in whatever form, from groups of like length; no "
    "line is fitted. Length: scored tokens, those that features are pooled over. By chance: if each feature fell on tokens "
    "independently, a sample of L tokens would have Σⱼ 1 − (1 − pⱼ)ᴸ features. At θ = 0, pⱼ is the share of tokens at which "
    "the feature is active; under another rule that share is not stored, so pⱼ is such that the feature is expected in as many "
    "samples as hold it. Intervals are 95 % bootstraps that resample whole tasks or groups of copies."
)


def draw_length(opened: Opened) -> None:
    """The choices, the sentence, the picture with the groups beside it, the tables."""
    by, resampled = _draw_choices(opened)
    size = chosen_size(opened)
    found = report(opened, by=by, resampled=resampled, size=size)
    st.subheader(plain(length_sentence(found)), anchor=False)
    st.caption(plain(_figures(opened, found, resampled)), help=HOW)
    picture, groups = st.columns([1.7, 1], gap="medium")
    with picture:
        draw_length_chart(opened, diversity_of(opened), found.null)
    with groups:
        _draw_groups(opened, found, size)
    st.markdown(plain(length_paragraph(found, size=size)))
    with guard():
        _draw_matched(opened, size)
    _draw_table(found, size)
    with guard():
        _draw_partials(found, equal_length(opened, resampled=resampled))


def _draw_choices(opened: Opened) -> tuple[str, str]:
    counted, group, clusters = st.columns([1.1, 1, 1], vertical_alignment="bottom")
    with counted:
        draw_counted()
    with group:
        by = choose_among("diversity_by", groups_offered(opened), "By", by_words)
    with clusters:
        resampled = choose_among(
            "diversity_resampled", clusters_offered(opened), "Intervals resample", cluster_words,
            help="Rows of one task, or copies of one row, are no independent evidence: they are drawn together.",
        )  # fmt: skip
    return by, resampled


def _figures(opened: Opened, found: LengthReport, resampled: str) -> str:
    null = "not defined" if found.null.r is None else f"{found.null.r:.3f}"
    zero = "" if chosen("diversity_counted") == "zero" else zero_words(opened) + " "
    return (
        f"{count(found.samples, 'sample')}; active by {counted_words(opened)}. Pearson {with_interval(found.pearson, 3)}, "
        f"Spearman {with_interval(found.spearman, 3)}; what length alone predicts: r = {null}. "
        f"{zero}{PAPER}. "
        f"Intervals: {draws_of(found.samples)} resamples of {cluster_words(resampled)}."
    )


def _draw_groups(opened: Opened, found: LengthReport, size: int) -> None:
    """Rarefied richness by group, the size of the draw above it."""
    offered = sizes(opened)
    st.selectbox(
        "Rarefied richness at", [0, *offered], key="diversity_size",
        format_func=lambda n: f"{size} tokens, as most samples have" if n == 0 else f"{n} tokens",
        help="Features that a sample would show in so many of its tokens, drawn at random: exact, from stored counts at θ = 0. "
        "Shorter samples have none.",
    )  # fmt: skip
    shown = [one for one in found.groups if one.rarefied.value is not None]
    shown = sorted(shown, key=lambda one: -one.samples)[:MOST_GROUPS]
    if not shown:
        st.info(f"No sample has {size} tokens: choose fewer.")
        return
    shown.sort(key=lambda one: -(one.rarefied.value or 0.0))
    names, values = [one.name for one in shown], [one.rarefied for one in shown]
    figure = group_figure(names, values, title=f"features in {size} tokens", height=390)
    st.plotly_chart(figure, key="rarefied_chart", config=QUIET, width="stretch", theme="streamlit")
    if len(found.groups) > len(shown):
        st.caption(f"The {len(shown)} largest of {len(found.groups)} groups; the table below holds all.")


def _draw_matched(opened: Opened, size: int) -> None:
    """The switch, and what is left of the picks at equal length."""
    st.toggle(
        "Length matched: what remains of the picks on Budget", key="length_matched",
        help="The samples chosen on Budget beside random samples of any length, and beside random ones of the same lengths.",
    )  # fmt: skip
    if not chosen("length_matched"):
        return
    spec, selected = picks(opened)
    found = what_remains(opened, spec, selected, chosen_bounds(), size)
    st.markdown(f"**{plain(matched_sentence(found, method=find(spec.method).title))}**")
    st.dataframe(
        {
            "measure": [one.measure for one in found],
            "picks": [one.chosen for one in found],
            "random": [one.random for one in found],
            "its 95 % band": [_band(one.random_low, one.random_high) for one in found],
            "same lengths": [one.matched for one in found],
            "95 % band of these": [_band(one.matched_low, one.matched_high) for one in found],
            "left, %": [_left(one) for one in found],
        },
        hide_index=True, row_height=30, height=38 + 30 * len(found),
        column_config={
            **{name: st.column_config.NumberColumn(format="%.4g") for name in ("picks", "random", "same lengths")},
            "measure": st.column_config.TextColumn(width=250),
            "left, %": st.column_config.NumberColumn(
                format="%.0f", help="of the difference to random samples, what is left beside those of the same lengths"
            ),
        },
    )  # fmt: skip
    st.caption(
        f"{count(len(selected.sample_ids), 'pick')}; means over samples, except the features that they reach together. Random "
        "samples come from what Budget may choose from, as many in each group of like length."
    )


def _band(low: float, high: float) -> str:
    return f"{measured(low)} to {measured(high)}"


def _left(one: Remains) -> float | None:
    return None if one.kept is None else 100 * one.kept


def _draw_table(found: LengthReport, size: int) -> None:
    """Every group with its figures."""
    groups = found.groups
    st.markdown(f"**By {by_words(found.by)}**")
    st.dataframe(
        {
            "group": [one.name for one in groups],
            "samples": [one.samples for one in groups],
            "median tokens": [one.median_tokens for one in groups],
            "r": [with_interval(one.pearson) for one in groups],
            "r by length alone": [one.null_r for one in groups],
            "ρ": [with_interval(one.spearman) for one in groups],
            f"features per {PER} tokens": [with_interval(one.slope, 1) for one in groups],
            f"in {size} tokens": [with_interval(one.rarefied, 0) for one in groups],
            "long enough": [_enough(one) for one in groups],
        },
        hide_index=True, row_height=30, height=38 + 30 * min(12, len(groups)),
        column_config={
            "group": st.column_config.TextColumn(width=170),
            "samples": st.column_config.NumberColumn(width=64),
            "median tokens": st.column_config.NumberColumn(format="%.0f", width=90),
            "r by length alone": st.column_config.NumberColumn(format="%.2f", width=90),
            "long enough": st.column_config.TextColumn(help="samples with that many tokens; the others do not count"),
        },
    )  # fmt: skip


def _enough(one: GroupLength) -> str:
    return whole(one.long_enough)


def _draw_partials(found: LengthReport, at_equal: list[Partial]) -> None:
    """Correlations with a third variable held equal, each naming it."""
    rows = [one for one in (found.within_groups, *at_equal) if one.plain.value is not None]
    if not rows:
        return
    st.markdown("**With a third variable held equal**")
    st.dataframe(
        {
            "of": [one.first for one in rows],
            "with": [one.second for one in rows],
            "ρ": [_rho(one.plain) for one in rows],
            "held equal": [one.third for one in rows],
            "partial ρ": [_rho(one.partial) for one in rows],
        },
        hide_index=True, row_height=30, height=38 + 30 * len(rows),
    )  # fmt: skip
    st.caption(
        "Ranks, less their mean within each group of the third variable; length in groups of like length, so nothing linear is "
        "assumed. How a sample is built is counted, not parsed: see the column heads on Samples."
    )


def _rho(one: Estimate) -> str:
    return with_interval(one)
