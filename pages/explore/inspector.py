"""Inspector: what does my own text light up?"""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from core.activations.reading import Reading
from core.datasets.sample import RESPONSE_ROLES
from core.jobs.worker import Overtaken
from core.scores.own_text import FeatureHere, features_here, rare_and_new
from core.store.token_text import mended
from pages.explore.panels.live_text import live_text, write_text
from pages.explore.panels.text_panels import draw_features, draw_like, draw_neurons
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.feature_words import feature_words
from pages.shared.fragment import fragment
from pages.shared.messages import guard, head, plain
from pages.shared.numbers import count, whole
from pages.shared.sample_features import open_feature
from pages.shared.shade import MINUTES, idle_minutes, model_missing, on_letters, read_text, worker
from pages.shared.sidebar import current
from pages.shared.state import chosen, write_link
from pages.shared.token_view import token_view

AREAS = {"chat": ("try_prompt", "try_response"), "plain": ("try_text",)}
TABS = {"features": "Features", "neurons": "Neurons", "like": "Samples like it"}
LAST = "_reading"  # of a session, in memory: what was read last


@dataclass(frozen=True, slots=True)
class Read:
    """A text as it was read, in how many milliseconds, and its features beside the data set."""

    reading: Reading
    milliseconds: float
    features: list[FeatureHere]


@fragment
def workbench(opened: engine.Opened) -> None:
    """Everything that moves with a key: only this is drawn again."""
    with guard():
        write, shown = st.columns([1, 1.25], gap="medium")
        with write:
            said = draw_areas(opened)
        if not any(said):
            with shown:
                st.info("Write or paste a text, and see as you type what it lights up in the model.")
                st.caption(
                    "The model is loaded at the first letter, which takes some ten seconds for a small one. "
                    "Nothing of the text is kept: not on disk, not in the link."
                )
        else:
            try:
                with shown:
                    read = read_once(opened, said)
            except Overtaken:  # a newer text of this session is on its way
                return
            with write:
                draw_facts(opened, read)
            with shown:
                feature = draw_shading(opened, read, "\n".join(said))
            draw_below(opened, read, feature)
    write_link()


def draw_areas(opened: engine.Opened) -> tuple[str, ...]:
    """The areas to write in; their texts."""
    form, fill = st.columns([2.05, 1], vertical_alignment="center")
    with form:
        read_as = st.segmented_control(
            "Read as", list(AREAS), key="read_as", required=True, label_visibility="collapsed",
            format_func={"chat": "Prompt and response", "plain": "Plain text"}.__getitem__,
        )  # fmt: skip
    with fill:
        st.button(
            "A sample", key="try_fill", on_click=fill_in, args=(opened, read_as), width="stretch",
            help="fills in a sample of the data set to begin with, another at each click",
        )  # fmt: skip
    if read_as == "plain":
        return (live_text("Text, read as it stands", key="try_text", height=190),)
    return (
        live_text("Prompt", key="try_prompt", height=76),
        live_text("Response", key="try_response", height=76),
    )


def fill_in(opened: engine.Opened, read_as: str) -> None:
    """Write a sample into the areas, another at each click."""
    number = st.session_state.get("_filled", -1) + 1
    st.session_state["_filled"] = number
    turns = opened.dataset.turns(number % len(opened.dataset))
    sides = ["\n\n".join(t.text for t in turns if (t.role in RESPONSE_ROLES) == answer) for answer in (False, True)]
    texts = sides if read_as == "chat" else ["\n\n".join(turn.text for turn in turns)]
    for key, text in zip(AREAS[read_as], texts, strict=True):
        write_text(key, text)


def read_once(opened: engine.Opened, said: tuple[str, ...]) -> Read:
    """The reading of what is written; the same text is not read twice when something else is clicked."""
    asked = (opened.key, chosen("read_as"), said)
    if st.session_state.get(LAST, (None,))[0] != asked:
        first = worker(opened.workspace).pid is None
        with st.spinner("Loading the model; it then stays loaded …" if first else "Reading …", show_time=first):
            began = time.perf_counter()
            if chosen("read_as") == "plain":
                reading = read_text(opened, text=said[0])
            else:
                roles = ("user", "assistant")
                turns = tuple((role, text) for role, text in zip(roles, said, strict=True) if text)
                reading = read_text(opened, turns=turns)
            took = 1000 * (time.perf_counter() - began)
        st.session_state[LAST] = (asked, Read(reading, took, features_here(opened.analysis, reading)))
    return st.session_state[LAST][1]


def draw_facts(opened: engine.Opened, read: Read) -> None:
    """How much was read, how fast, by what, and that nothing is kept."""
    reading = read.reading
    rare, new = rare_and_new(opened.analysis, read.features)
    beside = f"{whole(rare)} are in less than 1 % of the samples, {whole(new)} in none."
    st.markdown(
        f"**{count(len(read.features), 'feature')}** on {count(int(reading.counted.sum()), 'counted token')}; {beside}"
    )
    if reading.cut:
        st.warning(f"{count(reading.cut, 'token')} beyond the maximal length were cut, as in an analysis.")
    facts, stop = st.columns([2.2, 1], vertical_alignment="center")
    facts.caption(
        f"Read in {read.milliseconds:.0f} ms; nothing of it is kept.",
        help=f"The model is in a process of its own that ends after {idle_minutes():g} idle minutes ({MINUTES} changes that).",
    )
    if worker(opened.workspace).pid is not None and stop.button(
        "Unload", key="try_stop", width="stretch", help="ends the process and frees its memory"
    ):
        worker(opened.workspace).stop()
        st.rerun(scope="fragment")


def draw_shading(opened: engine.Opened, read: Read, source: str) -> int | None:
    """The text, shaded by the chosen feature or by the relatively strongest; that feature."""
    here = {feature.feature_id: feature for feature in read.features}
    feature = chosen("shaded") if 0 <= chosen("shaded") < opened.analysis.n_features else next(iter(here), None)
    if feature is None:
        st.caption("No token of it counts yet: position 0, template and special tokens never do.")
        return None
    named = feature_words(opened, [feature])[feature]
    title, page = st.columns([4, 1], vertical_alignment="center")
    title.markdown(f"Feature `{feature}` · {plain(named)}")
    if page.button("Its page", key="try_page_of", width="stretch"):
        open_feature(feature)
    if feature not in here:
        st.caption("This feature is silent in the text. Click another below.")
    reading = read.reading
    texts = mended(reading.tokens, reading.roles.tolist(), source)
    values = on_letters(texts, reading.of(feature))
    token_view(
        texts,
        values.tolist(),
        peak=int(values.argmax()) if feature in here else None,
        faded=(~reading.counted).tolist(),
        key="try_tokens",
        height=300,
    )
    return feature


def draw_below(opened: engine.Opened, read: Read, feature: int | None) -> None:
    tab = st.segmented_control(
        "Show", list(TABS), key="text_tab", required=True, format_func=TABS.__getitem__, label_visibility="collapsed"
    )
    if tab == "neurons":
        draw_neurons(opened, read.reading)
    elif tab == "like":
        draw_like(opened, read.reading)
    else:
        draw_features(opened, read.reading, read.features, feature)


head("Inspector", "What does my own text light up?")
here = current()
opened = here.opened()
if opened is None:
    offer_analysis(here)
elif missing := model_missing(opened):
    st.info(plain(missing), icon=":material/info:")
else:
    workbench(opened)
