"""Analyse: what will it cost, does this SAE fit, how far is it?"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.activations.identity import BUNDLED, absolute
from core.activations.pilot_report import PILOT, newest_report, read_actual, read_report
from core.activations.refs import HUB, LISTED
from core.activations.settings import TEMPLATES
from core.jobs.start import start
from core.store.analyses import Analysis
from core.store.datasets import dataset_names
from core.workspace import Workspace
from pages.data.panels.fit_panel import draw_pilot
from pages.data.panels.pack_panel import draw_pack
from pages.data.panels.sae_picker import draw_own, draw_picker
from pages.data.panels.train_panel import WITH_IT, draw_training
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.figures import draw_figures
from pages.shared.job_view import draw_history, draw_running
from pages.shared.messages import guard, head, home_expanded, plain
from pages.shared.sidebar import Current, current
from pages.shared.state import choose


def whole_path(ref: str) -> str:
    """A model or SAE as the job, which runs elsewhere, finds it again."""
    return absolute(ref if ref.startswith((HUB, LISTED)) or ref == BUNDLED else str(home_expanded(ref)))


def is_place(ref: str) -> bool:
    """Whether a model is named by where it lies, not only by what it is called."""
    return ref == BUNDLED or ref.startswith((HUB, LISTED)) or home_expanded(ref).is_dir()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says."""

    dataset: str
    model: str
    sae: str
    name: str
    max_length: int | None
    template: str = "auto"
    further: tuple[str, ...] = ()

    @property
    def saes(self) -> list[str]:
        """Every SAE of the pass, once."""
        return list(dict.fromkeys(whole_path(ref) for ref in (self.sae, *self.further) if ref))

    def words(self, command: str) -> list[str]:
        """The words of the command line that both commands share."""
        said = [command, self.dataset, "--model", whole_path(self.model)]
        said += [word for ref in self.saes for word in ("--sae", ref)]
        said += ["--max-length", str(self.max_length)] if self.max_length else []
        return said + (["--template", self.template] if self.template != "auto" else [])


def draw_further() -> tuple[str, ...]:
    """More SAEs of the same model: the pass reads them all, and each gets an analysis of its own."""
    field, button = st.columns([5, 1], vertical_alignment="bottom")
    known = [BUNDLED, *chosen_further()]
    button.button(
        "Take the SAE above", key="analyse_take", on_click=take_further, width="stretch",
        help="puts it among those read in the same pass, so that the field is free for another",
    )  # fmt: skip
    return tuple(
        field.multiselect(
            "Further SAEs, read in the same pass", list(dict.fromkeys(known)), key="analyse_further",
            accept_new_options=True, placeholder="none; type a folder or an id, or take the one above",
            help="the model runs once for all of them; each SAE gets an analysis of its own, as if it had run alone",
        )
    )  # fmt: skip


def chosen_further() -> list[str]:
    """The further SAEs as they stand."""
    return list(st.session_state.get("analyse_further", []))


def take_further() -> None:
    """Put the SAE of the field among the further ones."""
    ref = st.session_state.get("analyse_sae") or BUNDLED
    choose(analyse_further=list(dict.fromkeys([*chosen_further(), ref])))


def draw_form(workspace: Workspace, chosen: str) -> Wanted:
    """Data set, model, SAE and length; one button that tries them on a sample and one that starts the whole."""
    names = dataset_names(workspace)
    data, model, sae = st.columns(3)
    name = data.selectbox("Data set to analyse", names, index=names.index(chosen), key="analyse_dataset")
    used = model.text_input(
        "Model", BUNDLED, key="analyse_model",
        help="“bundled”, a local Hugging Face folder, or hf:OWNER/NAME of the Hugging Face hub, which is then fetched",
    )  # fmt: skip
    read = sae.text_input(
        "SAE", BUNDLED, key="analyse_sae",
        help="“bundled”, a local folder of SAE-Lens or sparsify, or a public one from the list below",
    )  # fmt: skip
    with guard():
        draw_own(workspace, whole_path(used) if is_place(used) else used, "analyse_sae")
    if st.toggle("Look among the public SAEs of this model", key="sae_picker"):  # the list takes a second to read, once
        with guard():
            draw_picker(whole_path(used) if is_place(used) else used, "analyse_sae")
    further = draw_further()
    with st.form("analyse", border=False):
        length, rendered, title, pilot, whole = st.columns([2, 2, 2, 1, 1], vertical_alignment="bottom")
        template = rendered.selectbox(
            "Template", TEMPLATES, key="analyse_template",
            help="chat: the model's own; plain: headers and blank lines; auto: its own where it has one",
        )  # fmt: skip
        limit = length.number_input(
            "Tokens kept of a sample",
            min_value=2,
            value=None,
            placeholder="the context of model and SAE",
            key="analyse_length",
        )
        called = title.text_input("Name of the analysis", placeholder="as the data set", key="analyse_name")
        wanted = Wanted(name, used, read, called, limit, template, further)
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
    """The form, and what the newest pilot of each SAE found."""
    wanted = draw_form(workspace, chosen)
    for sae in wanted.saes:
        if len(wanted.saes) > 1:
            st.subheader(plain(sae), divider="gray")
        report = newest_report(
            workspace, dataset=wanted.dataset, model=whole_path(wanted.model), sae=sae, max_length=wanted.max_length,
            template=wanted.template,
        )  # fmt: skip
        if report is None:
            st.caption(
                "No pilot of these choices yet: it tells how the SAE fits and what time, memory and disk it takes."
            )
        else:
            draw_pilot(report)


def draw_made(analysis: Analysis) -> None:
    """The figures of an analysis, its fit, and how far off the estimate was."""
    draw_figures(engine.overview_of(analysis, analysis.content_hash))
    if analysis.replanned:
        st.info(plain(analysis.replanned.sentence), icon=":material/memory:")
    if analysis.read_with:
        st.caption(plain(f"Made in one run with {', '.join(analysis.read_with)}: time and memory are those of all."))
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
        opened = here.analysis is None or WITH_IT in st.session_state
        with st.expander("Analyse a data set", expanded=opened, icon=":material/play_circle:"), guard():
            draw_new(here.workspace, here.dataset.name)
        with st.expander("Train an SAE for a model on a data set", icon=":material/model_training:"), guard():
            draw_training(here.workspace, here.dataset.name)
    with st.expander("Pack for another machine, open from one", icon=":material/archive:"):
        draw_pack(here.workspace, here.analysis)
    draw_history(here.workspace)


head("Analyse", "What will it cost, does this SAE fit, how far is it?")
draw(current())
