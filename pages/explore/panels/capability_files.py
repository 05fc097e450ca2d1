"""A capability as a file: taken away, called otherwise, removed; and one that was learned elsewhere taken in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.errors import GamutError
from core.scores.capability import Capability
from core.scores.capability_files import remove_capability, rename_capability, take_in
from core.selection.capability_in_use import refuse_in_use
from core.workspace import Workspace
from pages.shared.engine import Opened
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import size
from pages.shared.state import choose

TOLD = "_capability_told"


def draw_files(opened: Opened, one: Capability) -> None:
    """Download, rename and remove one capability."""
    assert one.path is not None, "a capability that was read from a file"
    take, rename, remove = st.columns([1.5, 1, 1], vertical_alignment="bottom")
    take.download_button(
        f"Download ({size(one.path.stat().st_size)})", one.path.read_bytes, file_name=one.path.name,
        key="capability_download", width="stretch", help="a safetensors file with its settings: it serves any pool of this model",
    )  # fmt: skip
    with rename.popover("Rename", width="stretch"), guard():
        to = st.text_input("New name", key=f"capability_rename_{one.name}", placeholder=one.name).strip()
        if st.button("Rename", key="capability_rename") and to:
            refuse_in_use(opened.workspace, one.name, "renamed")
            rename_capability(opened.workspace, one.name, to)
            choose(capability=to)
            st.rerun()
    with remove.popover("Remove", width="stretch"), guard():
        st.caption("Its file goes; what it was learned from stays.")
        if st.button("Remove it", key="capability_remove"):
            refuse_in_use(opened.workspace, one.name, "removed")
            remove_capability(opened.workspace, one.name)
            choose(capability="")
            st.rerun()


def draw_open(opened: Opened) -> None:
    """Take in a file that somebody else learned."""
    if said := st.session_state.pop(TOLD, None):
        st.success(plain(said))
    with st.expander("Open a capability learned elsewhere", icon=":material/file_open:"):
        upload, typed = st.columns(2, gap="medium")
        sent = upload.file_uploader("Upload it", type=["safetensors"], key="capability_open_upload")
        path = typed.text_input(
            "… or its path on the machine that runs Gamut",
            key="capability_open_path",
            placeholder="/data/maths.safetensors",
        ).strip()
        name, button = typed.columns([2, 1], vertical_alignment="bottom")
        called = name.text_input("Name here", key="capability_open_name", placeholder="as the file").strip()
        if button.button("Open", key="capability_open", width="stretch"):
            with guard():
                found = _open(opened.workspace, sent, path, called)
                st.session_state[TOLD] = (
                    f"Opened {found.name}: {found.learned.samples} samples, for {found.learned.model}."
                )
                choose(capability=found.name)
                st.rerun()


def _open(workspace: Workspace, sent, path: str, name: str) -> Capability:
    if sent is None and not path:
        raise GamutError("There is no capability file yet: upload one, or give its path.")
    if sent is None:
        return take_in(workspace, home_expanded(path), name=name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (Path(sent.name.replace("\\", "/")).name or "uploaded.safetensors")
        file.write_bytes(sent.getbuffer())
        return take_in(workspace, file, name=name)
