"""Data sets: what have I got?"""

from __future__ import annotations

import streamlit as st

from core.store.datasets import Dataset
from core.workspace import Workspace
from pages.data.panels.contamination_panel import draw_contamination
from pages.data.panels.import_form import draw_import, tell_added
from pages.data.panels.pool_panel import draw_joining, draw_members, tell_joined
from pages.data.panels.problems_panel import draw_problems
from pages.data.panels.samples_panel import draw_samples
from pages.data.panels.statistics_panel import draw_statistics
from pages.shared.empty import offer_data
from pages.shared.messages import head
from pages.shared.numbers import moment
from pages.shared.sidebar import current

ROW, MOST = 36, 6  # pixels of a table's row; rows shown before it scrolls


def draw_table(sets: tuple[Dataset, ...]) -> None:
    """Every data set with what was kept of it."""
    summaries = [dataset.summary for dataset in sets]
    st.dataframe(
        {
            "name": [said.name for said in summaries],
            "rows": [said.rows for said in summaries],
            "left out": [said.problems for said in summaries],
            "no response": [said.no_response for said in summaries],
            "duplicates": [said.duplicates for said in summaries],
            "format": [said.format for said in summaries],
            "file": [said.file for said in summaries],
            "added (UTC)": [moment(said.created) for said in summaries],
        },
        hide_index=True,
        height=ROW * (min(len(sets), MOST) + 1),
        row_height=ROW,
        column_config={
            "left out": st.column_config.NumberColumn(
                help="records that could not be read; listed below with the reason"
            ),
            "no response": st.column_config.NumberColumn(help="kept, but never chosen unless you say so"),
            "duplicates": st.column_config.NumberColumn(help="conversations that occur before in the same data set"),
        },
    )


def draw_inside(dataset: Dataset, workspace: Workspace) -> None:
    """What the chosen data set holds."""
    st.subheader(f"In {dataset.name}", anchor=False)
    draw_members(dataset)
    figures, samples, problems, checks = st.tabs(
        ["Figures", "Samples", f"Left out ({dataset.summary.problems})", "Evaluation sets"]
    )
    with figures:
        draw_statistics(dataset)
    with samples:
        draw_samples(dataset, workspace)
    with problems:
        draw_problems(dataset)
    with checks:
        draw_contamination(dataset, workspace)


head("Data sets", "What have I got?")
tell_added()
tell_joined()
here = current()
found = here.datasets
if found:
    draw_table(found)
else:
    offer_data(here.workspace)
with st.expander("Add a data set", expanded=not found, icon=":material/add:"):
    draw_import(here.workspace)
if len(found) > 1:
    with st.expander("Join data sets to a pool", icon=":material/merge:"):
        draw_joining(here.workspace, found)
if here.dataset is not None:
    draw_inside(here.dataset, here.workspace)
