"""Never covered: the features and regions that the subset misses, and what one more percent would buy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.layout import read_layout
from core.scores.map_regions import map_regions, names_of_regions
from core.scores.missed import Missed, bought, missed, regions
from core.selection.budget import Budget
from core.selection.facets import BUILT_IN, categories
from core.selection.known import Grouping
from core.selection.pool import Pool
from core.selection.select import Selected
from core.selection.specification import RankingSpec, select_by
from pages.select.panels.picks import ask
from pages.shared import engine
from pages.shared.curves import Asked
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.messages import plain
from pages.shared.numbers import count, short, whole
from pages.shared.sample_features import open_feature
from pages.shared.state import choose, chosen

PAGE = 50
MAP = "regions of the map"
NARROW = 60
COMES_WITH = "comes with"
ASKED = "_asked_feature"


def draw_missed(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> None:
    """Features on the left, regions and the next rows on the right."""
    c = chosen("c")
    left, right = st.columns(2, gap="medium")
    with left:
        _draw_features(
            opened, pool, missed(pool.features, selected.sample_ids, eligible=pool.free, c=c, base=pool.base), c
        )
    with right:
        _draw_more(opened, spec, pool, selected, c)
        _draw_regions(opened, spec, pool, selected, c)
    asked = st.session_state.pop(ASKED, None)
    if asked is not None:
        open_feature(asked)


def _draw_features(opened: Opened, pool: Pool, found: Missed, c: int) -> None:
    st.markdown(f"**{_missed_words(found, c)}**")
    if not len(found.features):
        st.caption("Ask for more rows a feature (≥ 3, ≥ 10, over the curve) to see what is reached only just.")
        return
    pages = math.ceil(len(found.features) / PAGE)
    page = min(st.pagination(pages, key="missed_page", max_visible_pages=3), pages) if pages > 1 else 1
    rows = slice((page - 1) * PAGE, page * PAGE)
    ids, share = found.features[rows].tolist(), 100 / max(1, int(pool.free.sum()))
    said = feature_words(opened, ids)
    st.dataframe(
        {
            "feature": ids,
            "what it is": [said.get(feature, "") for feature in ids],
            "rows": found.pool_rows[rows].tolist(),
            "% of rows": (found.pool_rows[rows] * share).tolist(),
        },
        hide_index=True,
        height=420,
        row_height=30,
        key="missed",
        on_select=lambda: _clicked("missed", ids),
        selection_mode="single-cell",
        column_config={
            "feature": st.column_config.NumberColumn(format="%d", width=NARROW),
            "rows": st.column_config.NumberColumn(width=NARROW, help="rows of the pool in which it is active"),
            "% of rows": st.column_config.NumberColumn(format="%.3g", width=NARROW),
        },
    )
    st.caption("A click on a feature opens its page.")


def _clicked(key: str, ids: list[int], by: Sequence[int] = ()) -> None:
    """A click on a feature asks for its page, one on the row that it comes with for that sample."""
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        row, column = cells[0]
        if column == COMES_WITH:
            ask(by[row])
        else:
            st.session_state[ASKED] = ids[row]


def _missed_words(found: Missed, c: int) -> str:
    """What share of the pool's features the subset does not have."""
    if not len(found.features):
        return f"All {whole(found.live)} features of the pool are in {'the subset' if c == 1 else f'{c} rows of it or more'}."
    lacking = "no chosen row has" if c == 1 else f"fewer than {c} chosen rows have"
    return (
        f"{whole(len(found.features))} of the pool's {whole(found.live)} features "
        f"({100 * len(found.features) / found.live:.3g} %) {lacking}."
    )


def _draw_more(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected, c: int) -> None:
    """What the next percent of the rows would add."""
    st.markdown("**One more percent of the rows**")
    further = _further(opened, spec, pool, selected)
    if not len(further):
        st.caption("There are no further rows within these constraints.")
        return
    gain = bought(pool.features, selected.sample_ids, further, c=c, base=pool.base)
    spent = short(int(pool.conversation_tokens[further].sum(dtype=np.int64)))
    added = count(len(gain.features), "feature") if len(gain.features) else "no feature"
    st.caption(plain(f"The next {count(len(further), 'row')} ({spent} tokens) would add {added} to those reached."))
    if len(gain.features):
        ids, by = gain.features[:PAGE].tolist(), gain.by[:PAGE].tolist()
        said = feature_words(opened, ids)
        st.dataframe(
            {"feature": ids, "what it is": [said.get(feature, "") for feature in ids], COMES_WITH: by},
            hide_index=True,
            height=210,
            row_height=30,
            key="bought",
            on_select=lambda: _clicked("bought", ids, by),
            selection_mode="single-cell",
            column_config={
                "feature": st.column_config.NumberColumn(format="%d", width=NARROW),
                COMES_WITH: st.column_config.NumberColumn(format="#%d", width=NARROW, help="the row that adds it"),
            },
        )
        if len(gain.features) > PAGE:
            st.caption(f"The first {PAGE} of {whole(len(gain.features))}, in the order they come.")


def _further(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> np.ndarray:
    """The rows that a budget one percent of the pool larger would add, in their order."""
    rows = min(pool.available, len(selected.sample_ids) + max(1, round(pool.available / 100)))
    try:
        ranking = engine.ranked(opened, spec, Budget(rows=rows))[1]
        rows = min(rows, len(ranking))  # within quotas it may end before the pool does
        larger = select_by(pool, spec, Budget(rows=rows), ranking=ranking).sample_ids
    except GamutError:
        return np.empty(0, np.int32)
    return larger[~np.isin(larger, selected.sample_ids)]


def _draw_regions(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected, c: int) -> None:
    """Groups of rows, the least chosen first."""
    st.markdown("**Regions, the least chosen first**")
    choices = _region_choices(opened)
    if chosen("regions") not in choices:
        choose(regions=choices[0])
    by = st.selectbox("Regions by", choices, key="regions", label_visibility="collapsed")
    groups = _map_groups(opened, spec, pool) if by == MAP else pool.known.groups(by)
    found = regions(
        pool.features,
        selected.sample_ids,
        codes=groups.codes,
        names=groups.names,
        eligible=pool.free,
        c=c,
        base=pool.base,
    )
    st.dataframe(
        {
            "region": [region.name for region in found],
            "rows": [region.rows for region in found],
            "chosen": [region.chosen for region in found],
            "% chosen": [100 * region.chosen / region.rows for region in found],
            "% reached": [100 * region.share for region in found],
            "far": [region.far for region in found],
        },
        hide_index=True,
        height=min(300, 45 + 30 * len(found)),
        row_height=30,
        column_config={
            "region": st.column_config.TextColumn(width=128),
            "rows": st.column_config.NumberColumn(width=52),
            "chosen": st.column_config.NumberColumn(width=56),
            "% chosen": st.column_config.NumberColumn(format="%.3g", width=68),
            "% reached": st.column_config.NumberColumn(
                format="%.3g", width=72,
                help="of all pairs of a row left out and a feature of it, those whose feature is reached",
            ),
            "far": st.column_config.NumberColumn(
                width=52, help="rows left out of which less than half the features are reached"
            ),
        },
    )  # fmt: skip


def _region_choices(opened: Opened) -> list[str]:
    drawn = [MAP] if read_layout(opened.analysis) is not None else []
    return list(dict.fromkeys([*categories(opened.dataset), *drawn, *BUILT_IN]))


def _map_groups(opened: Opened, spec: RankingSpec, pool: Pool) -> Grouping:
    """The regions of the map, each called by its two most telling features."""
    codes = _map_regions(opened, opened.key)
    telling = _names(pool, codes, Asked.of(opened, spec).fair)
    said = feature_words(opened, telling.ravel().tolist())
    names = [f"{place + 1}: " + " · ".join(said[int(f)] for f in own) for place, own in enumerate(telling)]
    return Grouping(codes, tuple(names))


@st.cache_resource(max_entries=4, show_spinner="Cutting the map into regions …")
def _map_regions(_opened: Opened, key: str) -> np.ndarray:
    layout = read_layout(_opened.analysis)
    if layout is None:
        raise GamutError("The map of this analysis is gone; choose other regions.")
    return map_regions(layout)


@st.cache_resource(max_entries=8, show_spinner=False)
def _names(_pool: Pool, _codes: np.ndarray, fair: str) -> np.ndarray:
    return names_of_regions(_pool.features, _codes)
