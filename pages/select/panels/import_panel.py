"""A file of records or ids that were chosen elsewhere becomes a saved selection."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.selection.import_selection import Matched, import_selection
from pages.shared.engine import Opened
from pages.shared.messages import home_expanded, plain
from pages.shared.state import choose_next

DONE = "_imported_selection"
BY_NUMBER = ""


def draw_import(opened: Opened) -> None:
    """The form."""
    sent = st.file_uploader(
        "A file of records, or of ids",
        key="import_file",
        help="any form that can be added as a data set, or a list of ids, or a manifest",
    )
    typed = st.text_input("or its path", key="import_path", placeholder="subset.jsonl")
    columns = [BY_NUMBER, *(column.name for column in opened.dataset.columns)]
    column = st.selectbox(
        "Ids are", columns, key="import_column", format_func=lambda name: f"values of {name}" if name else "sample ids",
        help="only for a file of ids; records are matched by the content of their conversation",
    )  # fmt: skip
    name = st.text_input("Call it", key="import_name", placeholder="theirs")
    ready = bool(name and (sent or typed))
    if st.button("Import", key="import_go", type="primary", disabled=not ready, width="stretch"):
        matched = _import(opened, sent, typed, column or None, name)
        st.session_state[DONE] = f"Saved as {name}: {matched.words()}"
        choose_next(compare_b=f"selection:{name}")
        st.rerun()


def _import(opened: Opened, sent, typed: str, column: str | None, name: str) -> Matched:
    ask = {"analysis": opened.analysis, "dataset": opened.dataset, "name": name, "column": column}
    with st.spinner("Matching …"):
        if sent is None:
            return import_selection(opened.workspace, home_expanded(typed), **ask)[1]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / (Path(sent.name).name or "sent")
            file.write_bytes(sent.getbuffer())
            return import_selection(opened.workspace, file, **ask)[1]


def tell_import() -> None:
    """Once after an import: what was matched and what was not."""
    if said := st.session_state.pop(DONE, None):
        st.success(plain(said))
