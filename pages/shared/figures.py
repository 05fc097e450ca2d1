"""The figures of a finished analysis."""

from __future__ import annotations

import streamlit as st

from core.scores.overview import Overview
from pages.shared.messages import plain
from pages.shared.numbers import duration, moment, short, whole


def _correlation(r: float | None) -> str:
    return "not defined" if r is None else f"{r:.2f}"


def draw_figures(said: Overview) -> None:
    """Four figures, the rest in a table."""
    st.subheader(plain(f"{said.name} · {said.id[:8]}"), anchor=False)
    samples, tokens, live, link = st.columns(4)
    samples.metric("Samples", whole(said.samples))
    tokens.metric(
        "Scored tokens",
        short(said.scored_tokens),
        help="tokens that features are pooled over; template tokens are not",
    )
    live.metric(
        "Live features",
        f"{whole(said.live_features)} of {whole(said.features)}",
        help="active in one sample or more",
    )
    link.metric(
        "r, length and richness",
        _correlation(said.pearson),
        help="Pearson correlation of scored tokens and active features (θ = 0): near 1, rich mostly means long",
    )
    with st.expander("All figures"):
        st.dataframe(rest(said), hide_index=True, width="stretch")


def rest(said: Overview) -> dict[str, list[str]]:
    """Everything else that is known of an analysis, with units."""
    share = said.truncated_samples / said.samples if said.samples else 0.0
    rows = {
        "data set": said.dataset,
        "model": said.model,
        "SAE": said.sae,
        "hook": said.hook,
        "tokens kept of a sample": whole(said.max_length),
        "samples cut": f"{whole(said.truncated_samples)} ({100 * share:.3g} %)",
        "tokens cut": whole(said.tokens_cut),
        "median features per sample": f"{said.median_richness:.3g}",
        "rank correlation of length and richness": _correlation(said.spearman),
        "took": duration(said.seconds),
        "finished (UTC)": moment(said.finished),
        "id": said.id,
        "content hash": said.content_hash,
    }
    return {"what": list(rows), "value": list(rows.values())}
