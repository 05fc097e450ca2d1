"""An evaluation file as a side: read by the same model, SAE and settings as the pool, as a job."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.jobs.start import start
from core.jobs.state import jobs
from core.selection.sample_sets import ANALYSIS, SampleSet
from core.selection.two_sets import difference
from core.store.import_dataset import import_dataset
from pages.explore.panels.set_choice import evaluated_side, written
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.job_view import draw_running
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.state import choose

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
        alike = [a for a in engine.analyses(opened.workspace) if not difference(opened.analysis, a)]
        waiting = [
            d.name for d in engine.datasets(opened.workspace) if d.content_hash not in {a.dataset_hash for a in alike}
        ]
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


def under_way(opened: Opened, sets: Sequence[SampleSet]) -> str:
    """The name of a side's analysis that is not there yet but is being made; "" where there is none."""
    there = {analysis.name for analysis in engine.analyses(opened.workspace)}
    running = {job.spec.title for job in jobs(opened.workspace) if not job.ended}
    wanted = [one.name for one in sets if one.kind == ANALYSIS and one.name not in there]
    return next((name for name in wanted if _title(name) in running), "")


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
    """Start the job, and choose what it will make for the side that is an evaluation file."""
    taken = {analysis.name for analysis in engine.analyses(opened.workspace)}
    name = f"{dataset[:57]}-{opened.analysis.id[:6]}" if dataset in taken else dataset
    start(opened.workspace, title=_title(name), command=analyse_words(opened, dataset, name=name))
    choose(**{evaluated_side(): written(SampleSet(kind=ANALYSIS, name=name))})


def _title(name: str) -> str:
    return f"Analyse {name}"


def analyse_words(opened: Opened, dataset: str, *, name: str) -> list[str]:
    """The words of the command line that analyse a data set as the pool was analysed."""
    meta = opened.analysis.meta
    settings = replace(AnalysisSettings.from_dict(opened.analysis.settings), group_by=None)
    model, sae = (json.loads(meta[kind])["ref"] for kind in ("model", "sae"))
    return ["analyse", dataset, "--model", model, "--sae", sae, *settings.words(), "--name", name, "--no-pilot"]
