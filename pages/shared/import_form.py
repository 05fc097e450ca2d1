"""The form that adds a data set, from an upload or from a path on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.datasets.formats import FORMATS
from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.store.datasets import DatasetSummary
from core.store.import_dataset import import_dataset
from core.workspace import NAME, Workspace
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import count
from pages.shared.state import choose_next

AUTO = "recognise it"
TYPES = ["json", "jsonl", "gz"]
ENDINGS = (".gz", ".json", ".jsonl")
ADDED = "_added"


def draw_import(workspace: Workspace) -> None:
    """Upload or path, name, format; then add."""
    upload, path = st.columns(2, gap="medium")
    sent = upload.file_uploader(
        "Upload a file", type=TYPES, key="upload", help="JSON (a list of records) or JSON Lines"
    )
    typed = path.text_input(
        "… or its path on the machine that runs Gamut", key="import_path", placeholder="/data/alpaca.jsonl"
    )
    name, form, button = st.columns([2, 2, 1], vertical_alignment="bottom")
    wanted = name.text_input(
        "Name", key="import_name", placeholder=suggested(sent.name if sent else typed) or "my-data"
    )
    chosen = form.selectbox("Format", [AUTO, *FORMATS], format_func=_title, key="import_format")
    if button.button("Add", type="primary", key="import", width="stretch"):
        with guard(), st.spinner("Reading …"):
            wanted = wanted or suggested(sent.name if sent else typed)
            added = add(workspace, sent, typed, wanted, None if chosen == AUTO else chosen)
            st.session_state[ADDED] = added
            choose_next(dataset=added.name)
            st.rerun()


def _title(name: str) -> str:
    return FORMATS[name].title if name in FORMATS else name


def suggested(file: str) -> str:
    """A file's name without its endings, where that can name a data set."""
    stem = Path(file).name
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    return stem if NAME.fullmatch(stem) else ""


def add(workspace: Workspace, sent, typed: str, name: str, form: str | None) -> DatasetSummary:
    """Import an upload (which wins) or a path."""
    if sent is None and not typed:
        raise GamutError("There is no file yet: upload one, or give its path.")
    if not name:
        raise GamutError("The data set needs a name: letters, digits, '.', '_' or '-'.")
    if sent is None:
        return import_dataset(workspace, home_expanded(typed), name=name, options=ImportOptions(format=form))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (Path(sent.name.replace("\\", "/")).name or "upload")
        file.write_bytes(sent.getbuffer())
        return import_dataset(workspace, file, name=name, options=ImportOptions(format=form))


def tell_added() -> None:
    """What came in just now; said outside the form, which closes once there is a data set."""
    added: DatasetSummary | None = st.session_state.pop(ADDED, None)
    if added is None:
        return
    said = f"{added.name}: {count(added.rows, 'row')} read as {added.format}"
    if added.problems:
        st.warning(plain(f"{said}, {count(added.problems, 'record')} left out: the reasons are below."))
    else:
        st.success(plain(f"{said}, none left out."))
