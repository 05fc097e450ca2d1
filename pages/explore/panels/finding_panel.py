"""Does a capability find the rows of its kind? Said with intervals, beside simple controls, and what that is worth."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.scores.alignment import AlignmentSettings
from core.scores.capability import Capability
from core.scores.finding import Figure, Finding, Found
from core.scores.finding_words import TITLES, drawn_over, left_out_words, verdict
from core.scores.kept_finding import kept_finding
from pages.explore.panels.answers import known
from pages.explore.panels.set_choice import COLUMN, column_kinds
from pages.shared.capability_choice import CONTROLS_READ
from pages.shared.charts import COLOURS, QUIET, ink
from pages.shared.engine import Opened
from pages.shared.groups import groups_of
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.state import choose, chosen

ROWS_THEMSELVES = ""  # tasks are not known
CAVEAT = (
    "How well rows of a kind are found says nothing of whether training on them helps: in the tests of arXiv 2602.14696 only "
    "similarity of gradients predicted results consistently."
)


def draw_finding(opened: Opened, one: Capability, settings: AlignmentSettings) -> None:
    """Which rows are of the kind, the verdict, the picture and the figures."""
    st.caption(f"{CAVEAT} {CONTROLS_READ}")
    columns = [kind.removeprefix(COLUMN) for kind in column_kinds(opened)]
    if not columns:
        st.info("The data set has no column that could say which rows are of the kind.", icon=":material/info:")
        return
    asked = _draw_kind(opened, columns)
    if asked is None:
        st.info(
            plain(
                f"Say which rows are of the kind that {one.name} is to find: how well NAIT finds them is then shown beside "
                "difference of means, embedding similarity, BM25, random and length alone."
            ),
            icon=":material/info:",
        )
        return
    found = _found(opened, one, settings, *asked)
    for at, sentence in enumerate(verdict(found)):
        st.markdown(f"**{plain(sentence)}**" if at == 0 else plain(sentence))
    _draw_picture(found)
    _draw_figures(found)
    _draw_notes(found)


def _draw_kind(opened: Opened, columns: list[str]) -> tuple[str, str | None, str] | None:
    """The column and value of the kind, and the column of tasks; None while it is open."""
    by, value, tasks = st.columns(3)
    if chosen("find_column") not in columns:
        choose(find_column=columns[0])
    column = by.selectbox(
        "Rows of the kind: column", columns, key="find_column", on_change=lambda: choose(find_value="")
    )
    rows = {_written(group): (group, n) for group, n in groups_of(opened.dataset, column)}
    if chosen("find_value") not in rows:
        choose(find_value="")
    said = value.selectbox(
        "Value", ["", *rows], key="find_value",
        format_func=lambda each: f"{each} · {whole(rows[each][1])}" if each else "choose one",
    )  # fmt: skip
    every = [ROWS_THEMSELVES, *(one.name for one in opened.dataset.columns if one.type != "json")]
    if chosen("find_tasks") not in every:
        choose(find_tasks=ROWS_THEMSELVES)
    tasks.selectbox(
        "Intervals by", every, key="find_tasks", format_func=lambda each: each or "row",
        help="rows of one task are alike: where a column says which task a row is of, intervals are drawn over tasks",
    )  # fmt: skip
    return (column, rows[said][0], chosen("find_tasks")) if said else None


def _written(group: str | None) -> str:
    return "(no value)" if group is None else group


def _found(
    opened: Opened, one: Capability, settings: AlignmentSettings, column: str, value: str | None, tasks: str
) -> Finding:
    grouping = known(opened).groups(column)
    kind = grouping.members(_written(value), column=column)
    of_task = known(opened).groups(tasks).codes if tasks else None
    with st.spinner("Looking for them by every method …"):
        return kept_finding(opened.analysis, opened.dataset, one, kind, tasks=of_task, nait=settings)


def _draw_picture(found: Finding) -> None:
    """AUROC of every method with its interval: as things are, and with lengths matched."""
    figure = go.Figure()
    names = [each.method for each in found.plain]
    for offset, (side, title, symbol) in enumerate(
        ((found.plain, "as they are", "circle"), (found.matched, "lengths matched", "diamond-open"))
    ):
        figure.add_scatter(
            x=[each.auroc.value for each in side], y=[at + (offset - 0.5) * 0.3 for at in range(len(side))], mode="markers",
            name=title,
            error_x={"type": "data", "symmetric": False, "array": [each.auroc.high - each.auroc.value for each in side],
                     "arrayminus": [each.auroc.value - each.auroc.low for each in side], "thickness": 1.3, "width": 3,
                     "color": COLOURS["random"]},
            marker={"size": 10, "symbol": symbol, "color": [_colour(name) for name in names],
                    "line": {"width": 1.6, "color": [_colour(name) for name in names]}},
            customdata=[[TITLES[each.method], _words(each.auroc)] for each in side],
            hovertemplate=f"%{{customdata[0]}}, {title}: AUROC %{{customdata[1]}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0.5, line={"color": ink(), "width": 1, "dash": "dash"}, opacity=0.5)
    figure.update_layout(
        height=70 + 34 * len(names), margin={"l": 0, "r": 8, "t": 8, "b": 0}, dragmode=False,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "AUROC with 95 % interval; 0.5 is chance", "range": [-0.02, 1.02], "fixedrange": True},
        yaxis={"tickvals": list(range(len(names))), "ticktext": [TITLES[name] for name in names], "autorange": "reversed",
               "showgrid": False, "zeroline": False, "fixedrange": True},
    )  # fmt: skip
    st.plotly_chart(figure, width="stretch", config=QUIET, key="finding_picture")


def _draw_figures(found: Finding) -> None:
    matched = {each.method: each for each in found.matched}
    st.dataframe(
        {
            "method": [TITLES[each.method] for each in found.plain],
            "AUROC": [_words(each.auroc) for each in found.plain],
            "precision at 10 %": [_percent(each.precision) for each in found.plain],
            "AUROC, lengths matched": [_words(matched[each.method].auroc) for each in found.plain],
            "precision, lengths matched": [_percent(matched[each.method].precision) for each in found.plain],
            "NAIT less this": [_behind(each) for each in found.plain],
        },
        hide_index=True, row_height=30,
        column_config={
            "NAIT less this": st.column_config.TextColumn(help="difference of AUROC on the same draws, 95 % interval")
        },
    )  # fmt: skip


def _draw_notes(found: Finding) -> None:
    words = f"{count(found.rows, 'row')} of the kind among {whole(found.samples)} ({100 * found.base:.1f} %). Intervals: 95 %, "
    words += f"drawn over {drawn_over(found)}. {left_out_words(found)}"
    if found.unmatched:
        words += f" {count(found.unmatched, 'row')} of the kind have no other row of like length and are not matched."
    for name, why in found.missing.items():
        words += f" {TITLES.get(name, name)}: {why}"
    st.caption(plain(words))


def _colour(method: str) -> str:
    return COLOURS.get(method, COLOURS["random"] if method in ("random", "length") else "#0072B2")


def _words(figure: Figure) -> str:
    if np.isnan(figure.value):
        return "–"
    return f"{figure.value:z.2f} ({figure.low:z.2f} to {figure.high:z.2f})"


def _percent(figure: Figure) -> str:
    if np.isnan(figure.value):
        return "–"
    return f"{100 * figure.value:.0f} % ({100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _behind(found: Found) -> str:
    return "" if found.behind is None else _words(found.behind)
