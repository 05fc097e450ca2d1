"""Bias: how the subset differs from its pool, beside random subsets of equal tokens, and the quota that repairs it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.scores.bias import DRAWS, Difference, Facet, bias
from core.selection.facets import facets_of, left_out, repair_of
from core.selection.pool import Pool
from core.selection.quotas import Quota
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.store.datasets import Dataset
from pages.shared.constraint_choice import add_quota, chosen_constraints, drop_quota
from pages.shared.curves import Asked
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import short, whole

PAGE = 25
REPAIRS = 6  # buttons; what is farther down is chosen in a list
FURTHER = "_further_repairs"


@st.cache_resource(max_entries=6, show_spinner=False)
def _facets(_opened: Opened, _pool: Pool, fair: str) -> list[Facet]:
    return facets_of(_pool, _opened.dataset)


@st.cache_resource(max_entries=32, show_spinner="Drawing random subsets of equal tokens …")
def _bias(_opened: Opened, _pool: Pool, _ids: np.ndarray, fair: str, mark: str) -> list[Difference]:
    return bias(_ids, facets=_facets(_opened, _pool, fair), eligible=_pool.free, tokens=_pool.conversation_tokens)


def draw_bias(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """One sentence, the table with the farthest difference first, and the repair of what is chosen in it."""
    if not len(selected.sample_ids):
        st.info("Nothing is chosen: raise the budget.", icon=":material/info:")
        return
    mark = hashlib.sha256(np.ascontiguousarray(selected.sample_ids, np.int32).tobytes()).hexdigest()
    fair = Asked.of(opened, spec).fair
    found = _bias(opened, pool, selected.sample_ids, fair, mark)
    st.markdown(f"**{_words(found)}**")
    _draw_repairs(opened.dataset, _facets(opened, pool, fair), found)
    shown = _page_of(found)
    _draw_table(shown)
    st.caption(
        f"Band: where {DRAWS} random subsets of as many tokens lie in 95 of 100 cases. The differences themselves are exact."
    )
    if others := left_out(opened.dataset):
        st.caption(plain(f"Not compared (free text, ids, dates): {', '.join(others)}."))


def _words(found: Sequence[Difference]) -> str:
    """How many differences a random subset would not show."""
    beyond = sum(difference.outside > 0 for difference in found)
    expected = "about one in twenty would be by chance alone"
    if not beyond:
        return f"None of {whole(len(found))} figures lies outside what random subsets of equal tokens show."
    return f"{whole(beyond)} of {whole(len(found))} figures lie outside what random subsets of equal tokens show; {expected}."


def _draw_repairs(dataset: Dataset, facets: Sequence[Facet], found: Sequence[Difference]) -> None:
    """A repair of each facet with a figure outside its band, the farthest as buttons, the rest in a list."""
    given = chosen_constraints().quotas
    beyond = dict.fromkeys(difference.facet for difference in found if difference.outside > 0)
    quotas = {facet.name: repair_of(facet, dataset) for facet in facets}
    shown = [name for name in quotas if name in beyond or quotas[name] in given]
    if not shown:
        return
    shown.sort(key=lambda name: list(beyond).index(name) if name in beyond else -1)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.caption("Repair by a quota:", width="content")
    for name in shown[:REPAIRS]:
        _draw_repair(row, quotas[name], set_already=quotas[name] in given, key=f"repair_{name}")
    if rest := {quotas[name].words(): quotas[name] for name in shown[REPAIRS:]}:
        more = st.container(horizontal=True, vertical_alignment="center", gap="small")
        more.caption(f"and {whole(len(rest))} more:", width="content")
        words = more.selectbox("Further quotas", list(rest), key=FURTHER, label_visibility="collapsed", width=320)
        _draw_repair(more, rest[words], set_already=rest[words] in given, key="repair_further", title="Add")


def _draw_repair(row: DeltaGenerator, quota: Quota, *, set_already: bool, key: str, title: str = "") -> None:
    """One button: adds the quota, or takes it away again where it is set."""
    row.button(
        plain((title or quota.words()) + (" (set)" if set_already else "")),
        key=key,
        type="primary" if set_already else "secondary",
        on_click=drop_quota if set_already else add_quota,
        args=(quota,),
        help="takes the quota away again"
        if set_already
        else "shares follow one column at a time: one replaces another",
    )


def _page_of(found: Sequence[Difference]) -> Sequence[Difference]:
    pages = math.ceil(len(found) / PAGE)
    page = min(st.pagination(pages, key="bias_page", max_visible_pages=3), pages) if pages > 1 else 1
    return found[(page - 1) * PAGE : page * PAGE]


def _draw_table(shown: Sequence[Difference]) -> None:
    st.dataframe(
        {
            "of": [difference.facet for difference in shown],
            "what": [difference.value for difference in shown],
            "subset": [_figure(difference, difference.subset) for difference in shown],
            "pool": [_figure(difference, difference.pool) for difference in shown],
            "difference": [_signed(difference) for difference in shown],
            "random": [
                f"{_figure(difference, difference.low)} to {_figure(difference, difference.high)}" for difference in shown
            ],
            "outside": [difference.outside for difference in shown],
        },
        hide_index=True,
        height=min(430, 45 + 30 * len(shown)),
        row_height=30,
        column_config={
            "outside": st.column_config.ProgressColumn(
                "outside by", format="%.1f", min_value=0, max_value=max(1.0, max(d.outside for d in shown)), width="small",
                help="distance beyond the band, in half its width",
            ),
        },
    )  # fmt: skip


def _figure(difference: Difference, value: float) -> str:
    return f"{100 * value:.3g} %" if difference.share else short(value)


def _signed(difference: Difference) -> str:
    by = difference.subset - difference.pool
    sign = "+" if by > 0 else "−" if by < 0 else ""
    return sign + (
        f"{100 * abs(by):.3g} points" if difference.share else f"{short(abs(by))} {difference.unit}".rstrip()
    )
