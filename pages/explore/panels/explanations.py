"""What a feature is about in words: every label with its origin and how far it holds, and the user's own."""

from __future__ import annotations

import streamlit as st

from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.labels.auroc import Area
from core.scores.labels.fidelity import KIND_WORDS, KINDS, Fidelity
from core.scores.labels.kept import sae_hash
from core.scores.labels.labels import OFFLINE, OWN, Label
from core.scores.labels.make import offline_there
from core.store.own_labels import LONGEST, own_labels, set_own_label
from pages.shared.engine import Opened
from pages.shared.feature_words import labels_for
from pages.shared.messages import guard, plain
from pages.shared.sidebar import Current


def label_words(label: Label | None) -> str:
    """Origin and fidelity in a line."""
    if label is None:
        return "Not labelled yet: these are the words it is strongest at."
    if label.origin == OWN:
        return "Your own words."
    return f"{label.origin_words().capitalize()} · {label.fidelity_words()}"


def draw_offer(opened: Opened) -> None:
    """Where nothing was labelled from the data yet: say so, and offer it."""
    if offline_there(opened.analysis):
        return
    running = any(job.spec.command[:1] == ["label"] and not job.ended for job in jobs(opened.workspace))
    said, button = st.columns([4, 1.3], vertical_alignment="center")
    said.caption(
        "Features are called by the tokens they are strongest at. Labels from your own data say more, each with a measure "
        "of how far it holds."
    )
    if running:
        button.caption("Labels are being made; Analyse shows how far.")
    elif button.button("Label the features", key="label_features", width="stretch"):
        start(
            opened.workspace,
            title=f"Labels of {opened.analysis.name}",
            command=["label", "make", opened.analysis.id],
        )
        st.rerun()


def draw_explanations(here: Current, opened: Opened, feature_id: int) -> None:
    """All labels of a feature, the preferred first, beside the field for the user's own words."""
    found, own = st.columns([1.7, 1], gap="large")
    with own:
        _draw_own(opened, feature_id)
    with found:
        labels = labels_for(opened)
        every = labels.all(feature_id)
        for label in every:
            _draw_label(label)
            if label.origin == OFFLINE:
                _draw_evidence(labels.evidence(feature_id))
        if not every:
            st.info("Nothing explains this feature yet.", icon=":material/info:")
        draw_offer(opened)


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
