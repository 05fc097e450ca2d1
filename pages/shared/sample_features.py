"""Of one sample its features in words, its tokens shaded by one of them, and the samples that share most with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.datasets.sample import ROLES
from core.scores.nearest import Near, nearest
from core.store.analyses import FeatureInSample
from core.store.token_text import readable_tokens
from pages.shared import engine
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.messages import plain
from pages.shared.numbers import whole
from pages.shared.shade import Shade, model_missing, on_letters, shade, stored_shade
from pages.shared.state import choose_next
from pages.shared.token_view import token_view

FEATURES_SCREEN = "pages/explore/features.py"
LIKE = 15
EVERYWHERE = "shade_every_token"


def open_feature(feature_id: int) -> None:
    """Go on to a feature's own page."""
    choose_next(feature=feature_id)
    st.switch_page(FEATURES_SCREEN)


def draw_features(opened: Opened, sample_id: int, found: list[FeatureInSample], *, key: str) -> None:
    """Features in words, each with the token at its maximum; a click on one opens its page."""
    ids = [feature.feature_id for feature in found]
    words = feature_words(opened, ids)
    spoken = opened.analysis.words_around([(sample_id, feature.position) for feature in found])
    total = opened.analysis.n_samples
    event = st.dataframe(
        {
            "feature": ids,
            "what it is about": [words[feature_id] for feature_id in ids],
            "strongest at": [f"{before}⟦{token}⟧{after}".replace("\n", "↵") for before, token, after in spoken],
            "maximum": [feature.max for feature in found],
            "tokens": [feature.count for feature in found],
            "samples, %": [100 * feature.samples / total for feature in found],
        },
        hide_index=True,
        key=key,
        row_height=30,
        selection_mode="single-cell",
        on_select="rerun",
        column_config={
            "feature": st.column_config.NumberColumn(format="#%d", width=64),
            "what it is about": st.column_config.TextColumn(width=230),
            "strongest at": st.column_config.TextColumn(
                width=190, help="its strongest token in this sample, in brackets"
            ),
            "maximum": st.column_config.NumberColumn(format="%.3g", width=74),
            "tokens": st.column_config.NumberColumn(width=60, help="tokens of this sample in which it is active"),
            "samples, %": st.column_config.NumberColumn(
                format="%.3g", width=80, help="share of samples it is active in"
            ),
        },
    )
    clicked = clicked_row(event, len(ids))
    if clicked is not None:
        open_feature(ids[clicked])


def draw_shaded(
    opened: Opened, sample_id: int, found: list[FeatureInSample], *, first: int | None, total: int
) -> None:  # fmt: skip
    """The sample's tokens, shaded by any feature: one of those found, `first` before them, or one told by its number.

    `total`: the features active in the sample, of which those found are the strongest.
    """
    ids = list(dict.fromkeys([*([first] if first is not None else []), *(feature.feature_id for feature in found)]))
    texts, roles = readable_tokens(opened.analysis, opened.dataset, sample_id)
    faded = [role >= len(ROLES) for role in roles]
    if not ids:
        token_view(texts, key="sample_tokens", height=460, faded=faded)
        return
    words = feature_words(opened, ids)
    choice, number, everywhere, page = st.columns([2.1, 1.1, 1.05, 0.75], vertical_alignment="bottom")
    feature_id = choice.selectbox(
        _shaded_by(len(found), total), ids, key=f"shaded_{sample_id}",
        format_func=lambda feature: f"#{feature} · {words[feature]}",
    )  # fmt: skip
    last = opened.analysis.n_features - 1
    told = number.number_input(
        "Or feature", 0, last, None, 1, key=f"shaded_number_{sample_id}", placeholder=f"0 to {last}",
        help="The number of any feature; it goes before the choice beside it until it is emptied.",
    )  # fmt: skip
    feature_id = feature_id if told is None else told
    missing = model_missing(opened)
    everywhere.toggle(
        "Every token", key=EVERYWHERE, disabled=bool(missing),
        help=plain(missing) or "Loads the model and reads the sample again; without it, what the analysis stored is shaded.",
    )  # fmt: skip
    if page.button("Its page", width="stretch", key="shaded_page"):
        open_feature(feature_id)
    shaded = _shade(opened, sample_id, feature_id, every=st.session_state.get(EVERYWHERE, False) and not missing)
    shaded = replace(shaded, values=on_letters(texts, shaded.values))
    peak = int(np.argmax(shaded.values)) if shaded.values.any() else None
    st.caption(shading_words(shaded, peak))
    token_view(texts, shaded.values.tolist(), peak=peak, key=f"sample_tokens_{sample_id}", height=430, faded=faded)


def _shaded_by(offered: int, total: int) -> str:
    return "Shaded by" if offered >= total else f"Shaded by (the {offered} strongest of {whole(total)})"


def _shade(opened: Opened, sample_id: int, feature_id: int, *, every: bool) -> Shade:
    if not every:
        return stored_shade(opened, sample_id, feature_id)
    with st.spinner("The model reads the sample …"):
        return shade(opened, sample_id, feature_id)


def shading_words(shaded: Shade, peak: int | None) -> str:
    """What the shading shows, and what it lacks."""
    if peak is None:
        return "This feature is not active in this sample."
    said = f"Strongest at the marked token: {shaded.values[peak]:.3g}. Hover a token for its value."
    return plain(f"{said} {shaded.note}".strip())


@st.cache_resource(max_entries=64, show_spinner=False)
def _nearest(_opened: Opened, key: str, rule: str, sample_id: int) -> list[Near]:
    return nearest(engine.active(_opened, draft_spec(_opened)).features, sample_id, limit=LIKE)


def draw_nearest(opened: Opened, sample_id: int, first_words, *, key: str) -> int | None:
    """The samples that share most features, a rare one weighing more; returns the one that was clicked."""
    spec = draft_spec(opened)
    found = _nearest(opened, opened.key, f"{spec.span} {spec.activity}", sample_id)
    if not found:
        st.info("No other sample shares a feature with this one.")
        return None
    ids = [near.sample_id for near in found]
    turns = dict(opened.dataset.conversations(ids))
    event = st.dataframe(
        {
            "sample": ids,
            "likeness": [near.likeness for near in found],
            "shared": [near.shared for near in found],
            "Jaccard": [near.jaccard for near in found],
            "begins with": [first_words(turns[other]) for other in ids],
        },
        hide_index=True,
        key=key,
        row_height=30,
        selection_mode="single-cell",
        on_select="rerun",
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=64),
            "likeness": st.column_config.NumberColumn(format="%.2f", width=72),
            "shared": st.column_config.NumberColumn(width=60),
            "Jaccard": st.column_config.NumberColumn(format="%.2f", width=66),
            "begins with": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption(
        f"All {whole(opened.analysis.n_samples)} samples compared by the features active in them (by the rule chosen on "
        "Budget). Likeness: Jaccard's index with a rare feature weighing more than a common one. Click to read one."
    )
    clicked = clicked_row(event, len(ids))
    return None if clicked is None else ids[clicked]


def clicked_row(event, rows: int) -> int | None:
    """The row of the cell that was clicked."""
    cells: Sequence = event["selection"]["cells"]
    return cells[0][0] if cells and cells[0][0] < rows else None
