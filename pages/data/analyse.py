"""Analyse: what will it cost, does this SAE fit, how far is it?"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.activations.identity import BUNDLED, absolute
from core.activations.pilot_report import PILOT, newest_report, read_actual, read_report
from core.jobs.start import start
from core.store.analyses import Analysis
from core.store.datasets import dataset_names
from core.workspace import Workspace
from pages.data.panels.fit_panel import draw_pilot
from pages.data.panels.pack_panel import draw_pack
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.figures import draw_figures
from pages.shared.job_view import draw_history, draw_running
from pages.shared.messages import guard, head, home_expanded
from pages.shared.sidebar import Current, current


def whole_path(ref: str) -> str:
    """A model or SAE as the job, which runs elsewhere, finds it again."""
    return ref if ref == BUNDLED else absolute(str(home_expanded(ref)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says."""

    dataset: str
    model: str
    sae: str
    name: str
    max_length: int | None

    def words(self, command: str) -> list[str]:
        """The words of the command line that both commands share."""
        said = [command, self.dataset, "--model", whole_path(self.model), "--sae", whole_path(self.sae)]
        return said + (["--max-length", str(self.max_length)] if self.max_length else [])


def draw_form(workspace: Workspace, chosen: str) -> Wanted:
    """Data set, model, SAE and length; one button that tries them on a sample and one that starts the whole."""
    names = dataset_names(workspace)
    with st.form("analyse", border=False):
        data, model, sae = st.columns(3)
        name = data.selectbox("Data set to analyse", names, index=names.index(chosen), key="analyse_dataset")
        used = model.text_input("Model", BUNDLED, key="analyse_model", help="“bundled”, or a local Hugging Face folder")
        read = sae.text_input(
            "SAE", BUNDLED, key="analyse_sae", help="“bundled”, or a local SAE-Lens folder made for the model"
        )
        length, title, pilot, whole = st.columns([2, 2, 1, 1], vertical_alignment="bottom")
        limit = length.number_input(
            "Tokens kept of a sample",
            min_value=2,
            value=None,
            placeholder="the context of model and SAE",
            key="analyse_length",
        )
        called = title.text_input("Name of the analysis", placeholder="as the data set", key="analyse_name")
        wanted = Wanted(name, used, read, called, limit)
        if pilot.form_submit_button(
            "Pilot", key="pilot", width="stretch", help="half a minute or so on a small sample"
        ):
            with guard():
                start(workspace, title=f"Pilot {name}", command=wanted.words("pilot"))
                st.rerun()
        if whole.form_submit_button(
            "Start", type="primary", icon=":material/play_arrow:", key="start", width="stretch",
            help="runs a pilot first, unless one has been run; goes on when this page is closed",
        ):  # fmt: skip
            with guard():
                called_so = ["--name", called] if called else []
                start(workspace, title=f"Analyse {name}", command=[*wanted.words("analyse"), *called_so, "--layout"])
                st.rerun()
    return wanted


def draw_new(workspace: Workspace, chosen: str) -> None:
    """The form, and what the newest pilot of its choices found."""
    wanted = draw_form(workspace, chosen)
    report = newest_report(
        workspace, dataset=wanted.dataset, model=whole_path(wanted.model), sae=whole_path(wanted.sae),
        max_length=wanted.max_length, dtype="float32",
    )  # fmt: skip
    if report is None:
        st.caption("No pilot of these choices yet: it tells how the SAE fits and what time, memory and disk it takes.")
    else:
        draw_pilot(report)


def draw_made(analysis: Analysis) -> None:
    """The figures of an analysis, its fit, and how far off the estimate was."""
    draw_figures(engine.overview_of(analysis, analysis.content_hash))
    report = read_report(analysis.folder / PILOT)
    if report is not None:
        draw_pilot(report, read_actual(analysis.folder))
    st.page_link("pages/select/budget.py", label="Choose samples", icon=":material/tune:")


def draw(here: Current) -> None:
    """What runs, the analysis chosen or the form for one, then packing and history."""
    draw_running(here.workspace)
    if here.dataset is None:
        offer_analysis(here)
    else:
        if here.analysis is not None:
            with guard():
                draw_made(here.analysis)
        with st.expander("Analyse a data set", expanded=here.analysis is None, icon=":material/play_circle:"), guard():
            draw_new(here.workspace, here.dataset.name)
    with st.expander("Pack for another machine, open from one", icon=":material/archive:"):
        draw_pack(here.workspace, here.analysis)
    draw_history(here.workspace)


head("Analyse", "What will it cost, does this SAE fit, how far is it?")
draw(current())
