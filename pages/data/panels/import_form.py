"""The form that adds a data set: an upload, a path or a hub id; how it would be read; then Add."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets.look import Look, look_at
from core.datasets.metadata import beyond_words
from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.store.datasets import Dataset, DatasetSummary
from core.store.import_dataset import import_dataset
from core.workspace import NAME, Workspace
from pages.data.panels.import_options import draw_options, forget_options, map_wanted, options_now
from pages.data.panels.import_preview import draw_samples, draw_verdict
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import count
from pages.shared.state import choose_next

TYPES = ["json", "jsonl", "ndjson", "csv", "tsv", "txt", "parquet", "arrow", "feather", "gz", "zst"]
ENDINGS = (".gz", ".zst", *(f".{type}" for type in TYPES[:9]))
HUB = "hf:"
ADDED, REF, KEPT, ASKED = "_added", "_import_ref", "_import_upload", "_import_asked"
COPIED = 1 << 20  # bytes of an upload written at once
SECONDS = 0.2  # between two movements of the bar

Ref = str | Path


def draw_import(workspace: Workspace) -> None:
    """Source, how to read it, a look at it, name; then add."""
    upload, path = st.columns(2, gap="medium")
    sent = upload.file_uploader(
        "Upload a file", type=TYPES, key="upload",
        help="JSON, JSON Lines, CSV, TSV, Parquet, Arrow or plain text, also packed as .gz or .zst",
    )  # fmt: skip
    typed = path.text_input(
        "… or a path on the machine that runs Gamut, or hf:owner/name of the Hugging Face hub",
        key="import_path",
        placeholder="/data/alpaca.jsonl, a folder, or hf:owner/name",
    ).strip()
    ref = _source(sent, typed)
    if ref != st.session_state.get(REF):
        st.session_state[REF] = ref
        st.session_state.pop(ASKED, None)
        forget_options()
    look = _draw_source(ref) if ref is not None else None
    _draw_add(workspace, ref, sent.name if sent else typed, look)
    if look is not None:
        draw_samples(look)


def _draw_source(ref: Ref) -> Look | None:
    """The controls of a source and the look at it; the hub is asked only once the user says so."""
    hub = isinstance(ref, str)
    look = None
    wanted = not hub or st.session_state.get(ASKED) == ref
    if not wanted and st.button("Look at it", key="import_look", help="downloads it from the Hugging Face hub"):
        st.session_state[ASKED], wanted = ref, True
    with guard():
        options = options_now()
        if wanted:
            look = _look(str(ref), _stamp(ref), json.dumps((ImportOptions() if map_wanted() else options).as_dict()))
    draw_options(look, splits=hub or Path(ref).is_dir())
    if look is not None and not (map_wanted() and look.refused):
        draw_verdict(look)
    return look


@st.cache_resource(max_entries=8, show_spinner="Looking at its first records …")
def _look(ref: str, stamp: int, options: str) -> Look:
    return look_at(ref if ref.startswith(HUB) else Path(ref), ImportOptions.from_dict(json.loads(options)))


def _stamp(ref: Ref) -> int:
    return Path(ref).stat().st_mtime_ns if isinstance(ref, Path) and ref.exists() else 0


def _source(sent, typed: str) -> Ref | None:
    """An upload, which wins, as a file; else what was typed; None where there is neither."""
    if sent is not None:
        return _kept(sent)
    if not typed:
        return None
    return typed if typed.startswith(HUB) else home_expanded(typed)


def _kept(sent) -> Path:
    """The file that an upload was written to, once; it goes with the next upload or the session."""
    kept = st.session_state.get(KEPT)
    if kept is None or kept[0] != sent.file_id:
        folder = tempfile.TemporaryDirectory(prefix="gamut-upload-")
        file = Path(folder.name) / (Path(sent.name.replace("\\", "/")).name or "upload")
        with file.open("wb") as out:
            sent.seek(0)
            shutil.copyfileobj(sent, out, COPIED)
        st.session_state[KEPT] = kept = (sent.file_id, folder, file)
    return kept[2]


def _draw_add(workspace: Workspace, ref: Ref | None, source: str, look: Look | None) -> None:
    name, button = st.columns([4, 1], vertical_alignment="bottom")
    named = name.text_input("Name", key="import_name", placeholder=suggested(source) or "my-data")
    if not button.button("Add", type="primary", key="import", width="stretch"):
        return
    if isinstance(ref, Path) and (look is None or look.refused) and not map_wanted():
        return  # why it cannot be read is said above
    with guard():
        added = add(workspace, ref, named or suggested(source), options_now())
        st.session_state[ADDED] = (added, int(Dataset(workspace, added.name).meta["columns_left_out"]))
        st.session_state.pop(KEPT, None)
        choose_next(dataset=added.name)
        st.rerun()


def suggested(source: str) -> str:
    """A file's or folder's name without its endings, where that can name a data set."""
    stem = Path(source.removeprefix(HUB).partition("@")[0]).name
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    return stem if NAME.fullmatch(stem) else ""


def add(workspace: Workspace, ref: Ref | None, name: str, options: ImportOptions) -> DatasetSummary:
    """Import a source, with a bar that follows it."""
    if ref is None:
        raise GamutError("There is no file yet: upload one, or give its path.")
    if not name:
        raise GamutError("The data set needs a name: letters, digits, '.', '_' or '-'.")
    if map_wanted():
        raise GamutError("The map says nothing yet: write a template for one turn at least, such as {question}.")
    bar = st.progress(0.0, text="Reading …")
    try:
        return import_dataset(workspace, ref, name=name, options=options, progress=follower(bar))
    finally:
        bar.empty()


def follower(bar) -> Callable[[int, int, str], None]:
    """A progress callback that moves a bar a few times a second."""
    moved = 0.0

    def follow(done: int, total: int, note: str) -> None:
        nonlocal moved
        if time.monotonic() - moved < SECONDS and total:
            return
        moved = time.monotonic()
        size = f": {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else ""
        bar.progress(min(1.0, done / total) if total else 1.0, text=plain(f"{note}{size} …"))

    return follow


def tell_added() -> None:
    """What came in just now; said outside the form, which closes once there is a data set."""
    told: tuple[DatasetSummary, int] | None = st.session_state.pop(ADDED, None)
    if told is None:
        return
    added, beyond = told
    if beyond:
        st.warning(plain(f"{beyond_words(beyond)}."))
    said = f"{added.name}: {count(added.rows, 'row')} read as {added.format}"
    if added.problems:
        st.warning(plain(f"{said}, {count(added.problems, 'record')} left out: the reasons are below."))
    else:
        st.success(plain(f"{said}, none left out."))
