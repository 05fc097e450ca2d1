"""An evaluation file as a side: read by the same model, SAE and settings as the pool, as a job."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.jobs.start import start
from core.jobs.state import jobs
from core.store.datasets import dataset_names
from core.store.import_dataset import import_dataset
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.job_view import draw_running
from pages.shared.messages import guard, home_expanded, plain

FILE = ""  # the choice of a file among the data sets


def draw_evaluation(opened: Opened, *, expanded: bool) -> None:
    """What runs; then the form that adds a file, or takes a data set that has no such analysis yet."""
    if any(not job.ended for job in jobs(opened.workspace)):
        draw_running(opened.workspace)
    with st.expander("Add an evaluation file", icon=":material/add:", expanded=expanded):
        st.caption(
            plain(
                f"It is read by the model, the SAE and the settings of analysis {opened.analysis.name}, so that features can "
                "be compared; nothing of it is ever chosen. A file of an unusual form comes in on Data sets."
            )
        )
        done = {analysis.dataset for analysis in engine.analyses(opened.workspace)}
        waiting = [name for name in dataset_names(opened.workspace) if name not in done]
        source, name, button = st.columns([2, 1.4, 1], vertical_alignment="bottom")
        dataset = source.selectbox(
            "Data set", [FILE, *waiting], key="ab_eval_dataset", format_func=lambda name: name or "a file …"
        )
        sent, path, called = None, "", dataset
        if dataset == FILE:
            called = name.text_input("Name", key="ab_eval_name", placeholder="my-evaluation").strip()
            upload, typed = st.columns(2, gap="medium")
            sent = upload.file_uploader("Upload it", key="ab_eval_upload")
            path = typed.text_input("… or its path on the machine that runs Gamut", key="ab_eval_path").strip()
        if button.button("Analyse it", key="ab_eval_start", type="primary", width="stretch"):
            with guard():
                if dataset == FILE:
                    _add(opened, sent, path, called)
                _analyse(opened, called)
                st.rerun()


def _add(opened: Opened, sent, path: str, name: str) -> None:
    """Bring the file in as a data set."""
    if sent is None and not path:
        raise GamutError("There is no evaluation file yet: upload one, or give its path.")
    if not name:
        raise GamutError("The evaluation file needs a name: letters, digits, '.', '_' or '-'.")
    with tempfile.TemporaryDirectory() as folder, st.spinner("Reading it …"):
        file = home_expanded(path)
        if sent is not None:
            file = Path(folder) / (Path(sent.name.replace("\\", "/")).name or "upload")
            with file.open("wb") as out:
                shutil.copyfileobj(sent, out)
        import_dataset(opened.workspace, file, name=name)


def _analyse(opened: Opened, dataset: str) -> None:
    start(opened.workspace, title=f"Analyse {dataset}", command=analyse_words(opened, dataset))


def analyse_words(opened: Opened, dataset: str) -> list[str]:
    """The words of the command line that analyse a data set as the pool was analysed."""
    meta = opened.analysis.meta
    settings = replace(AnalysisSettings.from_dict(opened.analysis.settings), group_by=None)
    model, sae = (json.loads(meta[kind])["ref"] for kind in ("model", "sae"))
    return ["analyse", dataset, "--model", model, "--sae", sae, *settings.words(), "--no-pilot"]
