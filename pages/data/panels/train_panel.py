"""Train an SAE: what to train, what it will take, and how well those that were trained here fit."""

from __future__ import annotations

import streamlit as st

from core.activations.model_names import Shape
from core.activations.public_saes import names_of
from core.activations.refs import BUNDLED, HUB, absolute
from core.errors import GamutError
from core.jobs.start import start
from core.jobs.state import jobs
from core.store.datasets import dataset_names
from core.training.own.forecast import TrainingEstimate, find_estimate
from core.training.own.settings import ARCHITECTURES, SITES, TIMES, WIDEST, OwnSaeSettings, check_block
from core.training.own.trained import TrainedSae, trained_saes
from core.training.own.work import forget, unfinished
from core.workspace import Workspace
from pages.data.panels.fit_panel import draw_fit
from pages.data.panels.sae_picker import own_words
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import count, duration, short, size, whole
from pages.shared.state import choose, chosen

COMMAND = "train-sae"
WITH_IT = "analyse_with"  # an SAE was chosen here for the form of the analysis, which then stands open


def draw_training(workspace: Workspace, at_first: str) -> None:
    """The form, the estimate of its choices, what was trained before."""
    names = dataset_names(workspace)
    data, place, told = st.columns(3, vertical_alignment="bottom")
    dataset = data.selectbox("Data set to train on", names, index=names.index(at_first), key="train_dataset")
    model = place.text_input(
        "Model to read", BUNDLED, key="train_model",
        help="“bundled”, a local Hugging Face folder, or hf:OWNER/NAME of the Hugging Face hub, which is then fetched",
    )  # fmt: skip
    model = absolute(model if model.startswith(HUB) or model == BUNDLED else str(home_expanded(model)))
    with told, guard():
        shape = _shape(model)
        st.caption(_shape_words(shape))
    with guard():
        _draw_form(workspace, dataset, model, _shape_or_none(model))
    _draw_unfinished(workspace)
    _draw_trained(workspace)


def _shape(model: str) -> Shape | None:
    return names_of(model)[1]


def _shape_or_none(model: str) -> Shape | None:
    try:
        return _shape(model)
    except GamutError:
        return None  # said above


def _shape_words(shape: Shape | None) -> str:
    if shape is None:
        return "Its blocks are told once its files are here."
    return plain(f"{count(shape.layers, 'block')}, numbered from 0; {whole(shape.width)} wide.")


def _draw_form(workspace: Workspace, dataset: str, model: str, shape: Shape | None) -> None:
    with st.form("train", border=False):
        block, site, kind, wide, active = st.columns([1, 2, 2, 1.3, 1], vertical_alignment="bottom")
        middle = shape.layers // 2 if shape else 0
        wanted = block.number_input("Block", min_value=0, value=None, placeholder=str(middle), key="train_block")
        where = site.selectbox("What is read", list(SITES), format_func=SITES.get, key="train_site")
        architecture = kind.selectbox("Architecture", list(ARCHITECTURES), format_func=_title, key="train_architecture")
        usual = whole(min(TIMES * shape.width, WIDEST)) if shape else f"{TIMES} × its width"
        width = wide.number_input("Features", min_value=1, value=None, placeholder=usual, key="train_width")
        k = active.number_input(
            "k", min_value=1, value=32, key="train_k", help="features active a token: exactly, on average, or aimed at"
        )
        amount, cache, title, tried, whole_run = st.columns([1.6, 1.4, 2, 1, 1], vertical_alignment="bottom")
        tokens = amount.number_input(
            "Tokens to train on", min_value=1, value=None, placeholder="all once", key="train_tokens",
            help="more than the data has read it several times",
        )  # fmt: skip
        kept = cache.number_input(
            "Cache (GB)", min_value=0.0, value=None, placeholder="none", key="train_cache",
            help="activations kept on disk while training, so that further epochs need no model; thrown away at the end",
        )  # fmt: skip
        name = title.text_input("Name of the SAE", placeholder="told from what it is made of", key="train_name")
        estimate = tried.form_submit_button("Estimate", key="train_estimate", width="stretch", help="under a minute")
        go = whole_run.form_submit_button(
            "Train", type="primary", icon=":material/play_arrow:", key="train_start", width="stretch",
            help="goes on when this page is closed; Cancel keeps what was trained",
        )  # fmt: skip
    settings = OwnSaeSettings(
        block=middle if wanted is None else int(wanted), site=where, architecture=architecture,
        width=None if width is None else int(width), k=int(k), tokens=None if tokens is None else int(tokens),
    )  # fmt: skip
    if shape is not None:
        check_block(settings.block, shape.layers)
        settings.width_in(shape.width)
    words = [COMMAND, model, dataset, *settings.words()]
    words += [] if kept is None else ["--cache-gb", f"{kept:g}"]
    if estimate:
        start(workspace, title=f"Estimate an SAE on {dataset}", command=[*words, "--estimate"])
        st.rerun()
    if go:
        start(
            workspace, title=f"Train SAE {name or 'on ' + dataset}", command=words + (["--name", name] if name else [])
        )
        st.rerun()
    found = find_estimate(workspace, dataset=dataset, model=model, settings=settings)
    if found is None:
        st.caption("No estimate of these choices yet: it tells tokens, time, memory and disk.")
    else:
        _draw_estimate(found)


def _title(architecture: str) -> str:
    return ARCHITECTURES[architecture].partition(":")[0]


def _draw_estimate(found: TrainingEstimate) -> None:
    for warning in found.plan.warnings:
        st.warning(plain(warning))
    time, memory, disk, tokens = st.columns(4)
    beside = " Another job ran beside the estimate, so it is likely too long." if found.beside else ""
    time.metric(
        "Time, estimated", duration(found.seconds),
        help=f"{duration(found.read_seconds)} reading the model, {duration(found.step_seconds)} training.{beside}",
    )  # fmt: skip
    memory.metric("Memory, estimated", size(found.memory_bytes), help="the most at once")
    disk.metric(
        "Disk, estimated",
        size(found.disk_bytes),
        help=f"{size(found.working_bytes)} while it is made, with checkpoints",
    )
    tokens.metric("Tokens", short(found.plan.tokens), help=f"{whole(found.plan.steps)} steps")
    st.caption(plain(found.sentence))


def _draw_unfinished(workspace: Workspace) -> None:
    """What trainings that stopped still hold, and a way to be rid of it."""
    left = unfinished(workspace)
    if not left or any(not job.ended and job.spec.command[:1] == [COMMAND] for job in jobs(workspace)):
        return
    said, button = st.columns([5, 1], vertical_alignment="center")
    held = size(sum(each.bytes for each in left))
    said.caption(
        plain(
            f"{count(len(left), 'unfinished training')} on disk, {held}: go on with it from the history below, or throw it away."
        )
    )
    if button.button("Throw away", key="train_forget", width="stretch"):
        for each in left:
            forget(workspace, each.id)
        st.rerun()


def _draw_trained(workspace: Workspace) -> None:
    """The SAEs that were trained here, each with its fit card and the way to use it."""
    every = {sae.name: sae for sae in trained_saes(workspace)}
    if not every:
        st.caption("No SAE was trained in this workspace yet.")
        return
    st.divider()
    shown, button = st.columns([5, 1], vertical_alignment="bottom")
    if chosen("trained") not in every:
        choose(trained=next(iter(every)))  # the newest
    sae = every[shown.selectbox("Trained here", list(every), format_func=lambda n: own_words(every[n]), key="trained")]
    button.button(
        "Analyse with it", key="train_use", width="stretch", on_click=_use, args=(sae,),
        help="writes its model and it into the form above",
    )  # fmt: skip
    draw_fit(sae.fit)
    _draw_run(sae)


def _use(sae: TrainedSae) -> None:
    choose(analyse_model=sae.model, analyse_sae=sae.ref)
    st.session_state[WITH_IT] = True


def _draw_run(sae: TrainedSae) -> None:
    plan = sae.plan
    took = f", in {duration(sae.actual.seconds)}" if sae.actual else ""
    model = BUNDLED if sae.model == BUNDLED else sae.model_name
    st.caption(
        plain(
            f"Read {sae.hook} of {model} on {whole(plan.tokens)} tokens of {sae.dataset} "
            f"({plan.epochs:.2f} times its {whole(plan.available)}){took}; measured on {whole(sae.fit.samples)} held-out samples."
        )
    )
    for warning in plan.warnings:
        st.caption(plain(warning))
    with st.expander("Loss of the reconstruction"):
        each = plan.steps / max(1, len(sae.losses))
        st.line_chart(
            {"step": [round((at + 1) * each) for at in range(len(sae.losses))], "loss": list(sae.losses)},
            x="step", y="loss", height=200,
        )  # fmt: skip
    st.code(f"--model {sae.model} --sae {sae.ref}", language=None, wrap_lines=True)
