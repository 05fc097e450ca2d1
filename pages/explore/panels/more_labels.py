"""Where more labels come from: files of Neuronpedia, its site, a language model; nothing goes out unasked."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.labels.ask import what_to_ask
from core.scores.labels.endpoint import KEY, MODEL, URL, Endpoint
from core.scores.labels.make import offline_there
from core.scores.labels.neuronpedia import fetch_id, import_explanations, neuronpedia_id
from core.scores.labels.prompts import Cost
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, short

ASKED = 100  # features that a language model is asked about unless more are wanted


def labelling(opened: Opened) -> bool:
    """Whether a job is making or measuring labels."""
    return any(job.spec.command[:1] == ["label"] and not job.ended for job in jobs(opened.workspace))


def start_labelling(opened: Opened, words: list[str], title: str = "") -> None:
    """Start a job of `label`."""
    start(opened.workspace, title=title or f"Labels of {opened.analysis.name}", command=["label", *words])


def draw_import(opened: Opened) -> None:
    """Explanations of Neuronpedia: from files, or fetched by a click."""
    files = st.file_uploader(
        "Explanations that Neuronpedia exports", type=["gz", "jsonl"], accept_multiple_files=True, key="explanations_files",
        help="v1/MODEL/SOURCE/explanations/batch-N.jsonl.gz; they serve every analysis with this SAE",
    )  # fmt: skip
    if st.button("Import", disabled=not files, key="import_explanations"):
        with guard(), tempfile.TemporaryDirectory() as folder:
            for file in files or []:
                (Path(folder) / Path(file.name).name).write_bytes(file.getvalue())
            told = import_explanations(opened.workspace, opened.analysis, Path(folder))
            st.success(plain(told.words()))
            if offline_there(opened.analysis):
                start_labelling(opened, ["make", opened.analysis.id], f"Measure labels of {told.source}")
    known = neuronpedia_id(opened.analysis)
    source = st.text_input(
        "Or fetch them from neuronpedia.org by the SAE's id", value=known or "", key="neuronpedia_id",
        placeholder="gpt2-small/8-res-jb", help="only this id is sent, and only when you click",
    )  # fmt: skip
    if st.button("Fetch", disabled=not source.strip(), key="fetch_explanations"):
        with guard():
            start_labelling(
                opened, ["fetch", opened.analysis.id, "--id", fetch_id(source)], f"Fetch labels of {source.strip()}"
            )
            st.rerun()


def draw_model(opened: Opened) -> None:
    """Labels by a language model: the cost first, then a click."""
    with suppress(StreamlitSecretNotFoundError):
        st.secrets.load_if_toml_exists()  # its top-level values become the environment of this process and of its jobs
    if not os.environ.get(URL) or not os.environ.get(MODEL):
        st.caption(
            f"A language model behind any OpenAI-compatible endpoint can write labels: set {URL}, {MODEL} and, where it asks "
            f"for one, {KEY} in the environment or in .streamlit/secrets.toml, and start the dashboard again. "
            "The key is never written to disk."
        )
        return
    endpoint = Endpoint.of_environment()
    most, read, written = st.columns(3)
    wide = opened.analysis.n_features
    wanted = int(most.number_input("Features", 1, wide, min(ASKED, wide), key="ask_most"))
    price_in = read.number_input("Price in", 0.0, value=0.0, key="price_in", help="of a million tokens read")
    price_out = written.number_input("Price out", 0.0, value=0.0, key="price_out", help="of a million tokens written")
    st.caption(plain(judge_words(opened)))
    cost = _cost(opened, opened.key, endpoint.model, wanted, _answers_stamp(opened))
    if not cost.features:
        st.caption(plain(f"{endpoint.model} has answered for all of them."))
        return
    st.caption(plain(f"{endpoint.model} at {endpoint.host}: {cost_words(cost, price_in, price_out)}"))
    words = ["write", opened.analysis.id, "--most", str(wanted), "--yes"]
    st.button(
        f"Ask about {count(cost.features, 'feature')}", key="ask_model", disabled=labelling(opened),
        on_click=start_labelling, args=(opened, words, f"Labels of {opened.analysis.name} by {endpoint.model}"),
    )  # fmt: skip


def judge_words(opened: Opened) -> str:
    """How free texts are judged better than by their words."""
    return f"label judge {opened.analysis.name}, on the command line, lets the model judge free texts by yes or no; cost first."


def cost_words(cost: Cost, price_in: float, price_out: float) -> str:
    """What asking takes, in a sentence."""
    return (
        f"{count(cost.features, 'feature')} in {count(cost.prompts, 'question')}, about {short(cost.tokens_in)} tokens in and "
        f"{short(cost.tokens_out)} out: about {cost.price(price_in, price_out):.2f} at these prices. "
        "Excerpts of your data are sent there."
    )


def _answers_stamp(opened: Opened) -> str:
    """What changes with every answer of a language model."""
    found = sorted((opened.analysis.folder / "derived").glob("llm-*.jsonl"))
    return "|".join(f"{path.name}:{path.stat().st_size}" for path in found)


@st.cache_data(max_entries=16, show_spinner="Estimating the cost …")
def _cost(_opened: Opened, key: str, model: str, most: int, stamp: str) -> Cost:
    return what_to_ask(_opened.analysis, _opened.dataset, model, most).cost
