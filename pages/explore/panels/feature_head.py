"""One feature above the fold: what it is about, how strong it gets, and texts to read."""

from __future__ import annotations

import streamlit as st

from core.scores.hygiene import Hygiene
from core.scores.labels.neuronpedia import neuronpedia_page
from core.store.bins import band_edges
from core.store.feature_examples import Shown, bands_of
from core.store.feature_table import FeatureRow, feature_row
from core.store.features import histogram_of
from pages.explore.panels.answers import examples_in_band, examples_to_read, hygiene_of
from pages.explore.panels.explanations import label_words
from pages.explore.panels.feature_charts import strength_figure
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words, labels_for
from pages.shared.messages import plain
from pages.shared.numbers import short, whole
from pages.shared.sample_view import open_sample
from pages.shared.state import NO_FEATURE, STRONG_AND_MIDDLING, choose, chosen
from pages.shared.token_view import TokenRow, token_rows


def draw_head(opened: Opened, feature_id: int) -> None:
    """The feature's words, its figures and its histogram of strength."""
    said, picture = st.columns([1.7, 1], gap="large")
    with said:
        with st.container(horizontal=True):
            st.button("All features", icon=":material/arrow_back:", type="tertiary", on_click=_back)
            if address := neuronpedia_page(opened.analysis, feature_id):
                st.link_button("At Neuronpedia", address, icon=":material/open_in_new:", type="tertiary")
        row = feature_row(opened.analysis, feature_id)
        st.subheader(plain(feature_words(opened, [feature_id])[feature_id]), anchor=False)
        best = labels_for(opened).best(feature_id)
        st.caption(plain(label_words(best)))
        _draw_figures(opened, row)
        _draw_notes(hygiene_of(opened, opened.key), feature_id)
    with picture:
        _draw_histogram(opened, feature_id)


def _back() -> None:
    choose(feature=NO_FEATURE, band=STRONG_AND_MIDDLING)


def _draw_figures(opened: Opened, row: FeatureRow) -> None:
    feature, samples, tokens, strongest = st.columns(4)
    feature.metric("Feature", f"#{row.feature_id}")
    share = 100 * row.samples / max(1, opened.analysis.n_samples)
    samples.metric(
        "Samples",
        f"{share:.3g} %",
        help=f"active in {whole(row.samples)} of {whole(opened.analysis.n_samples)} samples, at θ = 0",
    )
    tokens.metric("Tokens", short(row.tokens), help=f"active at {whole(row.tokens)} scored tokens, at θ = 0")
    strongest.metric("Strongest", f"{row.max:.3g}", help="its maximum over all scored tokens")


def _draw_notes(found: Hygiene, feature_id: int) -> None:
    for kind in found.of(feature_id):
        st.caption(f":orange[{kind}]: {plain(found.settings.words(kind))}")


def _draw_histogram(opened: Opened, feature_id: int) -> None:
    counts = histogram_of(opened.analysis, feature_id).strength[0]
    if counts.any():
        st.plotly_chart(
            strength_figure(counts), config=QUIET, key="strength", alt="active tokens by strength, in quarter octaves"
        )


def draw_examples(opened: Opened, feature_id: int) -> None:
    """Strong and middling examples, or those of one band of strength; a click on one opens its sample."""
    bands = bands_of(opened.analysis, feature_id)
    if not bands:
        st.info("This feature is active in no sample." if not feature_row(opened.analysis, feature_id).samples else
                "The analysis holds no example of this feature.")  # fmt: skip
        return
    ways = [STRONG_AND_MIDDLING, *bands]
    if chosen("band") not in ways:
        choose(band=STRONG_AND_MIDDLING)
    st.segmented_control(
        "Examples", ways, key="band", required=True, label_visibility="collapsed",
        format_func=lambda band: "Strong and middling" if band == STRONG_AND_MIDDLING else band_words(band),
    )  # fmt: skip
    if chosen("band") == STRONG_AND_MIDDLING:
        read = examples_to_read(opened, opened.key, feature_id)
        rows = _rows(read.strong, "Strong", "its strongest samples") + _rows(
            read.middling, "Middling", f"around {read.median:.3g}, the median of its samples"
        )
        shown = [*read.strong, *read.middling]
    else:
        shown = examples_in_band(opened, opened.key, feature_id, chosen("band"))
        rows = _rows(shown, f"Strength {band_words(chosen('band'))}", "the strongest of the octave")
    clicked = token_rows(rows, key=f"examples_{feature_id}_{chosen('band')}", opens=True, wide=True)
    if clicked is not None:
        open_sample(opened, shown[clicked].example.sample_id, feature=feature_id)


def band_words(band: int) -> str:
    """16 to 32, under 0.03, 512 or more."""
    low, high = band_edges(band)
    if low == 0:
        return f"under {high:.2g}"
    return f"{low:.3g} or more" if high == float("inf") else f"{low:.3g} to {high:.3g}"


def _rows(shown: list[Shown], section: str, about: str) -> list[TokenRow]:
    """Examples under a heading; all in one scale, so that a weak one looks weak."""
    rows = []
    for place, one in enumerate(shown):
        heading = {"section": section, "section_about": about} if place == 0 else {}
        copies = f" · {one.copies} alike" if one.copies else ""
        rows.append(
            TokenRow(
                tokens=one.texts, values=one.example.activations.tolist(), peak=one.example.position - one.example.start,
                head=f"#{one.example.sample_id}", about=f"{one.example.strength:.3g}{copies}", inline=True,
                before=one.before, after=one.after, faded=one.faded, **heading,
            )
        )  # fmt: skip
    return rows
