"""Analyse: run a data set through model and SAE, watch it, and see what came of it."""

from __future__ import annotations

import streamlit as st

from core.activations.identity import BUNDLED
from core.jobs.start import start
from core.store.datasets import dataset_names
from core.workspace import Workspace
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.figures import draw_figures
from pages.shared.job_view import draw_jobs
from pages.shared.messages import guard, head
from pages.shared.sidebar import Current, current


def command(name: str, model: str, sae: str, title: str, max_length: int | None) -> list[str]:
    """The words of the command line for what the form says."""
    words = ["analyse", name, "--model", model, "--sae", sae]
    words += ["--name", title] if title else []
    return words + (["--max-length", str(max_length)] if max_length else [])


def draw_form(workspace: Workspace, chosen: str) -> None:
    """Data set, model, SAE and length; a button that starts the job."""
    names = dataset_names(workspace)
    with st.form("analyse", border=False):
        data, model, sae = st.columns(3)
        name = data.selectbox("Data set to analyse", names, index=names.index(chosen), key="analyse_dataset")
        used = model.text_input("Model", BUNDLED, key="analyse_model", help="“bundled”, or a local Hugging Face folder")
        read = sae.text_input(
            "SAE", BUNDLED, key="analyse_sae", help="“bundled”, or a local SAE-Lens folder made for the model"
        )
        length, title, button = st.columns(3, vertical_alignment="bottom")
        limit = length.number_input(
            "Tokens kept of a sample",
            min_value=2,
            value=None,
            placeholder="the context of model and SAE",
            key="analyse_length",
        )
        called = title.text_input("Name of the analysis", placeholder="as the data set", key="analyse_name")
        if button.form_submit_button("Start", type="primary", icon=":material/play_arrow:"):
            with guard():
                start(workspace, title=f"Analyse {name}", command=command(name, used, read, called, limit))
    st.caption("It runs on its own: close this page or the browser, and it goes on. One runs at a time, others wait.")


def draw(here: Current) -> None:
    """Form, jobs, and the figures of the analysis chosen."""
    if here.dataset is None:
        offer_analysis(here)
        return
    if here.analysis is not None:
        draw_figures(engine.overview_of(here.analysis, here.analysis.content_hash))
        st.page_link("pages/select/budget.py", label="Choose samples", icon=":material/tune:")
    with st.expander("Analyse a data set", expanded=here.analysis is None, icon=":material/play_circle:"):
        draw_form(here.workspace, here.dataset.name)
    draw_jobs(here.workspace)


head("Analyse", "What does each sample activate in a model, and how far is it?")
draw(current())
