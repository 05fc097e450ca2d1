"""Samples: the diversity of each, as distributions by group and as a table that opens every one of them."""

from __future__ import annotations

import io
import math

import numpy as np
import plotly.graph_objects as go
import pyarrow.csv as csv
import pyarrow.parquet as pq
import streamlit as st

from core.errors import GamutError
from core.scores.length_correlation import Estimate
from core.scores.redundancy_search import Redundancy
from core.scores.response_loss import NAME as LOSS
from core.scores.response_loss import loss_there
from core.selection.diversity_table import (
    GROUP,
    PLACE,
    SAMPLE,
    WITH,
    diversity_table,
    measures_of,
    quartiles,
    rarefied_name,
)
from core.selection.ranking import Ranking
from core.store.column_pages import ColumnPages
from pages.explore.panels.diversity_answers import (
    by_words,
    choose_among,
    chosen_bounds,
    chosen_size,
    counted_spec,
    counted_words,
    diversity_of,
    draw_counted,
    groups_offered,
    rule_words,
)
from pages.explore.panels.feature_charts import accent
from pages.explore.panels.group_chart import group_figure
from pages.explore.panels.loss_job import draw_loss
from pages.shared import engine
from pages.shared.charts import QUIET
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened
from pages.shared.messages import plain, say_error
from pages.shared.numbers import count, whole
from pages.shared.redundancy import redundancy_here
from pages.shared.sample_view import open_sample
from pages.shared.state import choose, chosen

PAGE = 50
MANY = 200_000  # samples above which nothing is ranked or looked up unasked
ALL = ""
BINS = 60
MOST_GROUPS = 14
OPEN = "_open_sample_of_diversity"
UNITS = {LOSS: "nats a token"}
HELP = {
    "scored tokens": "tokens that features are pooled over; template tokens are not",
    "richness": "features active in the sample",
    "novelty": "share of the sample's features that are rare",
    "redundancy": "largest overlap of its features with another sample's (Jaccard)",
    "gain": "features it newly covers under the current ranking",
    PLACE: "in the current ranking",
    "words a sentence": "words over sentences, both told by punctuation; code left out",
    "clauses a sentence": "pieces of a sentence between , ; : and dashes that hold a word; no grammar is parsed",
    "code lines": "lines in fences, or that their marks show to be code: a rough count",
    LOSS: "mean −log P of the response's tokens by the model of this analysis, in nats",
    "nesting": "brackets that stand open at once within its code",
}


def draw_samples(opened: Opened) -> None:
    """The choices, the distribution of a measure, by group too, and the table."""
    by = _draw_choices(opened)
    table = _table_of(opened, by)
    with st.container():
        _draw_distribution(opened, table, by)
    _draw_table(opened, table, by)
    draw_loss(opened)
    asked = st.session_state.pop(OPEN, None)
    if asked is not None:
        open_sample(opened, asked)


def _draw_choices(opened: Opened) -> str:
    counted, group, rare, gain = st.columns([1.2, 1, 0.9, 1], vertical_alignment="bottom")
    with counted:
        draw_counted()
    with group:
        by = choose_among("diversity_by", groups_offered(opened), "By", by_words)
    rare.number_input(
        "Rare: in at most % of samples", 0.001, 50.0, step=0.1, format="%g", key="rare",
        help="A feature active in at most so many samples is rare; novelty is the share of a sample's features that are.",
    )  # fmt: skip
    if opened.analysis.n_samples > MANY:
        gain.toggle("Gain and overlap", key="samples_gain", help="Ranks all samples first: minutes.")
    return by


def _table_of(opened: Opened, by: str) -> ColumnPages:
    bounds, size, ranking, redundancy, mark = chosen_bounds(), chosen_size(opened), None, None, ""
    if opened.analysis.n_samples <= MANY or chosen("samples_gain"):
        redundancy = _redundancy(opened)
        try:
            spec = draft_spec(opened)
            ranking, mark = engine.ranked(opened, spec)[1], engine.key_of(opened, spec) + engine.words(spec)
        except GamutError as error:  # Budget mends it; the rest of the table does without
            say_error(error)
    mark += f":{redundancy is not None}:{loss_there(opened.analysis)}"
    return _made(opened, rule_words(opened), by, bounds.rare, bounds.ubiquitous, size, mark, ranking, redundancy)


def _redundancy(opened: Opened) -> Redundancy | None:
    """The largest overlaps where they are known, or told in a moment; else the tab Redundancy looks for them."""
    return redundancy_here(opened, counted_spec(opened))


@st.cache_resource(max_entries=4, show_spinner="Measuring every sample …")
def _made(
    _opened: Opened, said: str, by: str, rare: float, ubiquitous: float, size: int, mark: str, _ranking: Ranking | None,
    _redundancy: Redundancy | None,
) -> ColumnPages:  # fmt: skip
    return diversity_table(
        diversity_of(_opened), by=by, bounds=chosen_bounds(), size=size, ranking=_ranking, redundancy=_redundancy
    )


def _draw_distribution(opened: Opened, table: ColumnPages, by: str) -> None:
    """The sentence, the distribution of the chosen measure, and the middle half of every group."""
    names = measures_of(table)
    if chosen("samples_measure") not in names:
        choose(samples_measure=rarefied_name(chosen_size(opened)))
    measure = chosen("samples_measure")
    values = table.table[measure].to_numpy().astype(np.float64)
    st.subheader(plain(_sentence(measure, values)), anchor=False)
    st.caption(plain(_about(opened, values)))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.selectbox("Measure", names, key="samples_measure", format_func=plain)
        st.plotly_chart(
            _histogram(measure, values), key="measure_chart", config=QUIET, width="stretch", theme="streamlit"
        )
    with right:
        _draw_by_group(opened, measure, values, by)


def _sentence(measure: str, values: np.ndarray) -> str:
    found = quartiles(values)
    if found is None:
        return f"No sample has a value of “{measure}”."
    middle, low, high = found
    unit = f" {UNITS[measure]}" if measure in UNITS else ""
    half = f"half of the samples lie between {_figure(low)} and {_figure(high)}"
    return f"The median of “{measure}” is {_figure(middle)}{unit}; {half}."


def _figure(value: float) -> str:
    return whole(round(value)) if abs(value) >= 100 else f"{value:.3g}"


def _about(opened: Opened, values: np.ndarray) -> str:
    missing = int(np.isnan(values).sum())
    said = f"{count(len(values), 'sample')}; active by {counted_words(opened)}, rarefied richness always at θ = 0."
    return said + (f" {whole(missing)} have no value: too short, no answer read, or nothing known." if missing else "")


def _histogram(measure: str, values: np.ndarray) -> go.Figure:
    known = values[~np.isnan(values)]
    counts, edges = np.histogram(known, bins=BINS) if len(known) else (np.zeros(1, int), np.array([0.0, 1.0]))
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges), marker_color=accent(),
        customdata=[f"{a:.4g} to {b:.4g}: {whole(int(n))} samples" for a, b, n in zip(edges, edges[1:], counts, strict=False)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=300, margin={"l": 0, "r": 8, "t": 8, "b": 0}, bargap=0.05, dragmode=False, separators=".\u202f",
        xaxis={"title": plain_label(measure), "fixedrange": True, "tickformat": ",~f"},
        yaxis={"title": "samples", "tickformat": ",d", "fixedrange": True},
    )  # fmt: skip
    return figure


def plain_label(text: str) -> str:
    """A name as a chart's axis writes it."""
    return text.replace("<", "‹").replace(">", "›")


def _draw_by_group(opened: Opened, measure: str, values: np.ndarray, by: str) -> None:
    if not by:
        return
    groups = diversity_of(opened).known.groups(by)
    sizes = np.bincount(groups.codes, minlength=len(groups.names))
    found = []
    for code in np.argsort(-sizes, kind="stable")[:MOST_GROUPS]:
        own = quartiles(values[groups.codes == code])
        if own is not None:
            found.append((groups.names[code], Estimate(*own)))
    found.sort(key=lambda one: -(one[1].value or 0.0))
    figure = group_figure(
        [name for name, _ in found], [own for _, own in found], title=f"{plain_label(measure)}: median and middle half",
        height=370,
    )  # fmt: skip
    st.plotly_chart(figure, key="measure_groups", config=QUIET, width="stretch", theme="streamlit")
    if len(groups.names) > MOST_GROUPS:
        st.caption(f"The {MOST_GROUPS} largest of {len(groups.names)} groups.")


def _draw_table(opened: Opened, table: ColumnPages, by: str) -> None:
    """A page of the table, sorted and filtered by the database."""
    sort, way, group, take = st.columns([1, 0.8, 1, 1.4], vertical_alignment="bottom")
    names = [name for name in table.names if name != GROUP]
    if chosen("samples_sort") not in names:
        choose(samples_sort=rarefied_name(chosen_size(opened)))
    sort.selectbox("Sort by", names, key="samples_sort", format_func=plain, on_change=_to_first)
    way.toggle("ascending", key="samples_ascending", on_change=_to_first)
    if by:
        offered = [ALL, *diversity_of(opened).known.groups(by).names]
        if chosen("samples_group") not in offered:
            choose(samples_group=ALL)
        group.selectbox(
            "Only",
            offered,
            key="samples_group",
            format_func=lambda name: plain(name) or "all groups",
            on_change=_to_first,
        )
    _draw_downloads(take, opened, table)
    where = (GROUP, chosen("samples_group")) if by and chosen("samples_group") != ALL else None
    _draw_page(opened, table, where)


def _to_first() -> None:
    choose(samples_page=1)


def _draw_page(opened: Opened, table: ColumnPages, where: tuple[str, str] | None) -> None:
    ask = {"descending": not chosen("samples_ascending"), "where": where, "limit": PAGE}
    at = max(1, chosen("samples_page"))
    rows, total = table.page(chosen("samples_sort"), **ask, offset=(at - 1) * PAGE)
    pages = max(1, math.ceil(total / PAGE))
    if at > pages:
        choose(samples_page=pages)
        rows, total = table.page(chosen("samples_sort"), **ask, offset=(pages - 1) * PAGE)
    ids = rows[SAMPLE]
    st.dataframe(
        rows, hide_index=True, row_height=30, height=38 + 30 * min(14, max(1, len(ids))), key="diversity_samples",
        on_select=lambda: _open_clicked(ids), selection_mode="single-cell", column_config=_formats(table),
        column_order=_order(table, chosen("samples_sort")),
    )  # fmt: skip
    said, turn = st.columns([1, 1], vertical_alignment="center")
    known = "" if WITH in table.names else " The largest overlap with another one is looked for on Redundancy."
    said.caption(f"{count(total, 'sample')}. Click one to read it.{known}")
    if pages > 1:
        with turn.container(horizontal_alignment="right"):
            _draw_pages(pages)


def _draw_pages(pages: int) -> None:
    """A strip of its own for every order and filter, so that each begins at the page that is chosen."""
    key = "_".join(["_samples_page", chosen("samples_sort"), str(chosen("samples_ascending")), chosen("samples_group")])
    st.pagination(
        pages, default=min(pages, max(1, chosen("samples_page"))), key=key, max_visible_pages=5,
        on_change=lambda: choose(samples_page=st.session_state[key]),
    )  # fmt: skip


def _order(table: ColumnPages, sort: str) -> list[str]:
    """Who it is, what the table is sorted by, and then the rest: there are more columns than fit on a page."""
    first = [name for name in (SAMPLE, GROUP, sort) if name in table.names]
    return list(dict.fromkeys([*first, *table.names]))


def _open_clicked(ids: list[int]) -> None:
    cells = st.session_state["diversity_samples"]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[OPEN] = ids[cells[0][0]]


def _formats(table: ColumnPages) -> dict:
    column = st.column_config
    made = {
        name: column.NumberColumn(format="%.4g", width=86, help=HELP.get(name)) for name in table.names if name != GROUP
    }
    whole_numbers = dict.fromkeys(("scored tokens", "richness", "gain", PLACE), 80)
    made |= {name: column.NumberColumn(width=size, help=HELP.get(name)) for name, size in whole_numbers.items()}
    made |= {name: column.NumberColumn(format="#%d", width=70) for name in (SAMPLE, WITH)}
    return made | {
        GROUP: column.TextColumn(width=140),
        "novelty": column.NumberColumn(format="percent", width=80, help=HELP["novelty"]),
    }


def _draw_downloads(place, opened: Opened, table: ColumnPages) -> None:
    """All rows and columns, as they are made when asked for."""
    name = f"{opened.analysis.name}-diversity"
    with place.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "CSV", lambda: _written(table, csv.write_csv), f"{name}.csv", "text/csv", key="diversity_csv"
        )
        st.download_button(
            "Parquet", lambda: _written(table, pq.write_table), f"{name}.parquet", key="diversity_parquet"
        )  # fmt: skip


def _written(table: ColumnPages, write) -> bytes:
    out = io.BytesIO()
    write(table.table, out)
    return out.getvalue()
