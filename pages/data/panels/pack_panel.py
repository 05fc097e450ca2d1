"""Pack an analysis into one file for another machine, and open one that was packed elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.errors import GamutError
from core.jobs.start import start
from core.store.analyses import Analysis
from core.store.unpack import Unpacked, open_pack
from core.workspace import Workspace
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import size
from pages.shared.state import choose_next

OPENED = "_opened"


def draw_pack(workspace: Workspace, analysis: Analysis | None) -> None:
    """Left: pack the analysis chosen. Right: open a file."""
    left, right = st.columns(2, gap="large")
    with left:
        if analysis is None:
            st.caption("There is no analysis of this data set to pack yet.")
        else:
            _draw_pack(workspace, analysis)
    with right, guard():
        _draw_open(workspace)


def packed_path(workspace: Workspace, analysis: Analysis, with_data: bool) -> Path:
    """The file that an analysis is packed into."""
    return workspace.exports / f"{analysis.name}-{analysis.id[:8]}{'-with-data' if with_data else ''}.tar.zst"


def _draw_pack(workspace: Workspace, analysis: Analysis) -> None:
    with_data = st.checkbox("With the data set", key="pack_with_data", help="else the other machine must have it")
    to = packed_path(workspace, analysis, with_data)
    pack, take = st.columns(2)
    if pack.button("Pack", key="pack", width="stretch", help="one file with all that a machine without a model needs"):
        command = ["analyses", "pack", analysis.id, "--to", str(to.resolve()), "--replace"]
        with guard():
            start(workspace, title=f"Pack {analysis.name}", command=command + (["--with-data"] if with_data else []))
            st.rerun()
    if to.is_file():
        take.download_button(
            f"Download ({size(to.stat().st_size)})",
            to.read_bytes,
            file_name=to.name,
            key="download_pack",
            width="stretch",
        )
        st.code(str(to.resolve()), language=None, wrap_lines=True)


def _draw_open(workspace: Workspace) -> None:
    sent = st.file_uploader("Open a packed analysis", type=["zst"], key="open_upload")
    path, button = st.columns([4, 1], vertical_alignment="bottom")
    typed = path.text_input(
        "… or its path on the machine that runs Gamut", key="open_path", placeholder="/data/a.tar.zst"
    )
    if button.button("Open", key="open", width="stretch"):
        with st.spinner("Checking …"):
            opened = _open(workspace, sent, typed)
        st.session_state[OPENED] = _words(opened)
        if opened.dataset:
            choose_next(dataset=opened.dataset.name, analysis=opened.analysis.id)
        st.rerun()
    if said := st.session_state.pop(OPENED, None):
        st.success(plain(said))


def _open(workspace: Workspace, sent, typed: str) -> Unpacked:
    if sent is None and not typed:
        raise GamutError("There is no file yet: upload one, or give its path.")
    if sent is None:
        return open_pack(workspace, home_expanded(typed))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "uploaded.tar.zst"
        file.write_bytes(sent.getbuffer())
        return open_pack(workspace, file)


def _words(opened: Unpacked) -> str:
    analysis, dataset = opened.analysis, opened.dataset
    if dataset is None:
        return (
            f"Opened {analysis.name}. It was made from data set {analysis.dataset!r}, which is not here: add the same file "
            "under Data sets to see it."
        )
    return f"Opened {analysis.name}, made from data set {dataset.name!r}."
