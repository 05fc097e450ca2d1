"""What a feature is about in words: every label with its origin and how far it holds, and the user's own."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.scores.labels.auroc import Area
from core.scores.labels.corpus import Corpus
from core.scores.labels.fidelity import KIND_WORDS, KINDS, Fidelity
from core.scores.labels.kept import sae_hash
from core.scores.labels.labels import OFFLINE, OWN, Label
from core.scores.labels.make import offline_there
from core.scores.labels.measure_texts import corpus_of, measure_text
from core.store.own_labels import LONGEST, own_labels, set_own_label
from pages.shared.engine import Opened
from pages.shared.feature_words import labels_for
from pages.shared.messages import guard, plain
from pages.shared.sidebar import Current


def label_words(label: Label | None) -> str:
    """Origin and fidelity in a line."""
    if label is None:
        return "Not labelled yet: these are the words it is strongest at."
    if label.origin == OWN and label.fidelity is None:
        return "Your own words."
    return f"{label.origin_words().capitalize()} · {label.fidelity_words()}"


def draw_explanations(here: Current, opened: Opened, feature_id: int) -> None:
    """All labels of a feature, the preferred first, beside the field for the user's own words."""
    found, own = st.columns([1.7, 1], gap="large")
    with own:
        _draw_own(opened, feature_id)
    with found:
        labels = labels_for(opened)
        every = labels.all(feature_id)
        for label in every:
            _draw_label(_measured(opened, label))
            if label.origin == OFFLINE:
                _draw_evidence(labels.evidence(feature_id))
        if not every:
            st.info("Nothing explains this feature yet: label the features, on their table.", icon=":material/info:")


def _measured(opened: Opened, label: Label) -> Label:
    """The user's own words are measured when they are looked at; all others were when they were made."""
    if label.origin != OWN or not offline_there(opened.analysis):
        return label
    return replace(label, fidelity=_own_fidelity(opened, opened.key, label.feature_id, label.text))


@st.cache_resource(max_entries=2, show_spinner=False)
def _corpus(_opened: Opened, key: str) -> Corpus:
    return corpus_of(_opened.analysis, _opened.dataset)


@st.cache_data(max_entries=256, show_spinner="Measuring how far your words hold …")
def _own_fidelity(_opened: Opened, key: str, feature_id: int, text: str) -> Fidelity | None:
    return measure_text(_opened.analysis, _corpus(_opened, key), feature_id, text)


def _draw_label(label: Label) -> None:
    with st.container(border=True):
        st.text(label.text)
        st.caption(plain(label_words(label)))
        if label.fidelity is not None and label.fidelity.measured:
            _draw_fidelity(label.fidelity)


def _draw_fidelity(fidelity: Fidelity) -> None:
    """The measure in full, where asked for."""
    with st.expander("How far it holds"):
        rows = {f"against {KIND_WORDS[kind]}": area_words(fidelity.areas[kind]) for kind in KINDS}
        rows["labels of like features, on the same contexts"] = f"{fidelity.null:.2f}"
        rows["active tokens of which it says anything"] = _percent(fidelity.recall)
        rows["right where it says yes, at natural density"] = _percent(fidelity.precision)
        st.dataframe({"measured": list(rows), "": list(rows.values())}, hide_index=True)
        st.caption(
            f"Area under the ROC curve with its 95 % interval, over {fidelity.positives} contexts held out in which the "
            "feature is active; 0.5 is chance."
        )


def area_words(area: Area) -> str:
    """0.88 (0.82 to 0.93), or why there is none."""
    return f"{area.value:.2f} ({area.low:.2f} to {area.high:.2f})" if area.measured else "too few to measure"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share == share else "not measured"


def _draw_evidence(evidence: list[tuple[str, float, int]]) -> None:
    if evidence:
        with st.expander("What it was made of"):
            st.dataframe(
                {
                    "words": [words for words, _, _ in evidence],
                    "log-odds": [weight for _, weight, _ in evidence],
                    "contexts": [support for _, _, support in evidence],
                },
                hide_index=True,
                column_config={"log-odds": st.column_config.NumberColumn(format="%.2f")},
            )
            st.caption("Tokens and phrases that tell the contexts where it is active from those where it is silent.")


def _draw_own(opened: Opened, feature_id: int) -> None:
    sae = sae_hash(opened.analysis)
    kept = own_labels(opened.workspace, sae).get(feature_id, "")
    with st.form("own_words", border=False):
        said = st.text_area("Your own words", value=kept, max_chars=LONGEST, height=90, key=f"own_{feature_id}")
        if st.form_submit_button("Save"):
            with guard():
                set_own_label(opened.workspace, sae, feature_id, said)
                st.rerun()
    st.caption("They come first everywhere, for every analysis with this SAE; empty words take them away.")
