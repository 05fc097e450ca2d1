"""Empty screens: what to do next, and the demo."""

from __future__ import annotations

import streamlit as st

from core.errors import GamutError
from core.jobs.start import start
from core.jobs.state import jobs
from core.store.datasets import dataset_names
from core.store.import_dataset import import_dataset
from core.workspace import DEMO_FILE, Workspace
from pages.shared.sidebar import Current
from pages.shared.state import choose_next

DEMO = "demo"
SECTION = "pages/data"


def offer_data(workspace: Workspace) -> None:
    """No data set yet."""
    st.info("There is no data set yet. Add a file below, or open the demo.", icon=":material/info:")
    _offer_demo(workspace)


def offer_analysis(here: Current) -> None:
    """No analysis of the data set chosen yet."""
    if here.dataset is None:
        st.info("There is no data set yet: add one, or open the demo.", icon=":material/info:")
        st.page_link(f"{SECTION}/data_sets.py", label="Add a data set", icon=":material/dataset:")
        _offer_demo(here.workspace)
        return
    running = [job for job in jobs(here.workspace) if not job.ended]
    said = "An analysis is running." if running else f"Data set {here.dataset.name} has no finished analysis yet."
    st.info(f"{said} Choosing samples needs one: what each sample activates in a model.", icon=":material/info:")
    st.page_link(f"{SECTION}/analyse.py", label="Watch it" if running else "Analyse it", icon=":material/play_circle:")
    if not running and here.dataset.name != DEMO:
        _offer_demo(here.workspace)


def _offer_demo(workspace: Workspace) -> None:
    if not DEMO_FILE.exists():
        return
    if st.button("Open the demo", type="primary", icon=":material/play_arrow:"):
        open_demo(workspace)
        choose_next(dataset=DEMO)
        st.switch_page(f"{SECTION}/analyse.py")


def open_demo(workspace: Workspace) -> None:
    """Import the demo that ships with the project, and start its analysis unless one is under way."""
    if DEMO not in dataset_names(workspace):
        if not DEMO_FILE.exists():
            raise GamutError(f"The demo data set {DEMO_FILE} is not there; get the whole project.")
        import_dataset(workspace, DEMO_FILE, name=DEMO)
    if not any(job.spec.command == [DEMO] and not job.ended for job in jobs(workspace)):
        start(workspace, title="Analyse demo", command=[DEMO])
