"""Publish an exported folder: asked for by name, never by itself."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.export.push import check_push
from core.jobs.start import start
from core.jobs.state import DONE, jobs
from core.workspace import Workspace
from pages.shared.job_view import draw_last, draw_running
from pages.shared.messages import guard, plain

COMMAND = "push"


def draw_push(workspace: Workspace, folder: Path) -> None:
    """Name of the data set on the hub, who may see it, and the button."""
    with st.expander("Publish it on the Hugging Face hub"):
        st.caption(
            "Uploads the folder, its card and its manifest with the token of this machine (HF_TOKEN or a login). "
            "Read the card first: the licence of the source holds for the subset, and is yours to name."
        )
        name, public, button = st.columns([3, 1.4, 1], vertical_alignment="bottom")
        repository = name.text_input("Data set on the hub", placeholder="owner/name", key="push_name")
        everybody = public.toggle("Everybody may see it", key="push_public")
        if button.button("Publish", key="push_start", width="stretch", disabled=not repository.strip()):
            with guard():
                check_push(folder, repository.strip())
                words = [
                    COMMAND,
                    str(folder.resolve()),
                    "--to",
                    repository.strip(),
                    *(["--public"] if everybody else []),
                ]
                start(workspace, title=f"Push {folder.name} to {repository.strip()}", command=words)
        draw_running(workspace)
        _draw_outcome(workspace, folder)


def _draw_outcome(workspace: Workspace, folder: Path) -> None:
    """How the newest push of this folder ended: where it is now, or why it is not there."""
    newest = next((job for job in jobs(workspace) if job.spec.command[:1] == [COMMAND]), None)
    if newest is None or not newest.ended or newest.spec.command[1] != str(folder.resolve()):
        return
    if newest.progress.state == DONE:
        printed = newest.log().strip().splitlines()  # nothing, where it was pushed by the command line
        st.success(plain(f"{newest.spec.title}: {printed[-1] if printed else 'done'}"), icon=":material/check:")
    draw_last(workspace, COMMAND)
