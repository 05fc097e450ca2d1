"""Data sets: what have I got?"""

from __future__ import annotations

import streamlit as st

from core.store.datasets import Dataset
from pages.shared.empty import offer_data
from pages.shared.import_form import draw_import, tell_added
from pages.shared.messages import head
from pages.shared.numbers import moment
from pages.shared.preview import draw_preview
from pages.shared.problems_panel import draw_problems
from pages.shared.sidebar import current


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
        column_config={
            "left out": st.column_config.NumberColumn(
                help="records that could not be read; listed below with the reason"
            ),
            "no response": st.column_config.NumberColumn(help="kept, but never chosen unless you say so"),
            "duplicates": st.column_config.NumberColumn(help="conversations that occur before in the same data set"),
        },
    )


head("Data sets", "What have I got?")
tell_added()
here = current()
found = here.datasets
if found:
    draw_table(found)
else:
    offer_data(here.workspace)
with st.expander("Add a data set", expanded=not found, icon=":material/add:"):
    draw_import(here.workspace)
if here.dataset is not None:
    st.subheader(f"In {here.dataset.name}", anchor=False)
    samples, problems = st.tabs(["Samples", f"Left out ({here.dataset.summary.problems})"])
    with samples:
        draw_preview(here.dataset)
    with problems:
        draw_problems(here.dataset)
