"""Who may be chosen by length, score and language; how alike two rows may be; and which features count for nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.hygiene import KINDS, Hygiene, HygieneSettings, hygiene
from core.selection.facets import scores
from core.selection.specification import RankingSpec, select_by
from core.store.dataset_statistics import DatasetStatistics, statistics_of
from core.store.sample_filter import NOT_TOLD, Range, SampleFilter, count_matching
from pages.shared import engine
from pages.shared.constraint_choice import choose_constraints, chosen_constraints, chosen_without, tell_changed
from pages.shared.draft import draft_budget
from pages.shared.messages import plain, say_error
from pages.shared.numbers import count, whole
from pages.shared.state import choose

BOUNDED, LOW, HIGH, SPOKEN, ALIKE, LEFT, WRONG = (
    "only_bounded", "only_low", "only_high", "only_languages", "alike_cap", "features_left", "_only_wrong",
)  # fmt: skip
TOKENS, ANSWER = "tokens of all turns", "tokens of the answers"


def draw_only(opened: engine.Opened, spec: RankingSpec) -> None:
    """Bounds on lengths and scores, languages, and how many samples they let through."""
    only = chosen_constraints().only
    what, low, high, button = st.columns([2, 1, 1, 0.8], vertical_alignment="bottom")
    bounded = what.selectbox("Only samples with", [TOKENS, ANSWER, *_numbers(opened, only)], key=BOUNDED)
    bounds = _bounds(only, bounded)
    for place, key, label, end in ((low, LOW, "from", bounds.low), (high, HIGH, "to", bounds.high)):
        own = f"{key} {bounded}"
        if own not in st.session_state:
            st.session_state[own] = None if end is None else float(end)
        place.number_input(label, key=own, value=None, placeholder="any", format="%.10g")
    button.button("Set", key="only_set", width="stretch", on_click=_set_bounds, args=(bounded,))
    _draw_languages(opened, only)
    if sentence := st.session_state.pop(WRONG, None):
        say_error(sentence)
    if only:
        left = count_matching(opened.dataset, only)
        st.caption(plain(f"Only {only.words()}: {whole(left)} of {whole(len(opened.dataset))} samples."))
        st.button("Let all samples be chosen", key="only_clear", on_click=_clear)


def _numbers(opened: engine.Opened, only: SampleFilter) -> list[str]:
    kinds = [column.name for column in opened.dataset.columns if column.type in ("integer", "number")]
    held = [name for name, condition in only.columns if isinstance(condition, Range)]
    return list(dict.fromkeys([*scores(opened.dataset), *kinds, *held]))


def _bounds(only: SampleFilter, bounded: str) -> Range:
    if bounded in (TOKENS, ANSWER):
        return only.tokens if bounded == TOKENS else only.response_tokens
    return next((c for name, c in only.columns if name == bounded and isinstance(c, Range)), Range())


def _set_bounds(bounded: str) -> None:
    try:
        low, high = (_exact(st.session_state.get(f"{key} {bounded}")) for key in (LOW, HIGH))
        before = chosen_constraints().only
        bounds = Range(low, high)
        if bounded in (TOKENS, ANSWER):
            part = "tokens" if bounded == TOKENS else "response_tokens"
            _choose(replace(before, **{part: bounds}))
        else:
            others = tuple((name, c) for name, c in before.columns if name != bounded)
            _choose(replace(before, columns=others + (() if bounds == Range() else ((bounded, bounds),))))
    except GamutError as error:
        st.session_state[WRONG] = str(error)


def _exact(number: float | None) -> int | float | None:
    return int(number) if number is not None and number == int(number) else number


def _choose(only: SampleFilter) -> None:
    choose_constraints(replace(chosen_constraints(), only=only))


def _clear() -> None:
    for key in [key for key in st.session_state if str(key).startswith((LOW, HIGH))]:
        del st.session_state[key]
    _choose(SampleFilter())


@st.cache_resource(max_entries=4, show_spinner=False)
def _statistics(_opened: engine.Opened, key: str) -> DatasetStatistics:
    return statistics_of(_opened.dataset)


def _draw_languages(opened: engine.Opened, only: SampleFilter) -> None:
    spoken = [code or NOT_TOLD for code, _ in _statistics(opened, opened.dataset.content_hash).languages]
    st.session_state[SPOKEN] = list(only.languages)
    st.multiselect(
        "Only in the languages", list(dict.fromkeys([*spoken, *only.languages])), key=SPOKEN, placeholder="any",
        on_change=_set_languages, help="of the question; ? where it could not be told",
    )  # fmt: skip


def _set_languages() -> None:
    _choose(replace(chosen_constraints().only, languages=tuple(st.session_state[SPOKEN])))


def draw_alike() -> None:
    """The cap on near-duplicates."""
    st.session_state[ALIKE] = chosen_constraints().near_duplicates
    st.number_input(
        "Pass over rows more alike a chosen one than", min_value=0.0, max_value=1.0, step=0.05, key=ALIKE, value=None,
        placeholder="no cap", on_change=_set_alike,
        help="Jaccard's index of the two sets of active features, 0 to 1; 0.8 passes over near-copies. Exact; the lower, "
        "the longer it takes: about a second for 50 000 rows at 0.8.",
    )  # fmt: skip


def _set_alike() -> None:
    cap = st.session_state[ALIKE]
    choose_constraints(replace(chosen_constraints(), near_duplicates=None if cap is None else round(cap, 6)))


@st.cache_resource(
    max_entries=4, show_spinner="Measuring which features say little of a text, once for this analysis …"
)
def _hygiene(_opened: engine.Opened, key: str) -> Hygiene:
    return hygiene(_opened.analysis)


def draw_features(opened: engine.Opened, spec: RankingSpec) -> None:
    """A switch for each kind of features, and what leaving them out changes."""
    found, said = _hygiene(opened, opened.key), HygieneSettings()
    known = [kind for kind in KINDS if kind not in found.unknown]
    st.session_state[LEFT] = [kind for kind in chosen_without() if kind in known]
    st.multiselect(
        "Features that count for nothing", known, key=LEFT, on_change=_set_features, placeholder="none",
        format_func=lambda kind: f"{kind} ({whole(int(found.kinds[kind].sum()))})",
        help="; ".join(f"{kind}: {said.words(kind)}" for kind in known),
    )  # fmt: skip
    for kind, reason in found.unknown.items():
        st.caption(plain(f"{kind}: {reason}"))
    if spec.without:
        _tell_effect(opened, spec, int(found.any_of(spec.without).sum()))


def _set_features() -> None:
    choose(without=",".join(sorted(st.session_state[LEFT])))
    tell_changed()


def _tell_effect(opened: engine.Opened, spec: RankingSpec, features: int) -> None:
    """How many features leave, how many entries of the sets, and how many of the chosen rows are others than with them."""
    try:
        (less, ranking), (full, before) = (
            engine.ranked(opened, one, draft_budget()) for one in (spec, replace(spec, without=()))
        )  # fmt: skip
        now, then = (
            select_by(pool, spec, draft_budget(), ranking=one).sample_ids
            for pool, one in ((less, ranking), (full, before))
        )
    except GamutError:
        return  # what cannot be met is told above
    entries = 100 * (1 - len(less.features.indices) / max(1, len(full.features.indices)))
    other = len(now) - int(np.isin(now, then).sum())
    st.caption(
        f"{count(features, 'feature')} and {entries:.3g} % of the sets are left out; {whole(other)} of {count(len(now), 'row')} "
        "chosen would be others with them."
    )
