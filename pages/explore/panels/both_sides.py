"""One feature in both sets: where it is strongest in A, and where in B."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.explore.panels.against_answers import Against, Piece, pieces
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import whole
from pages.shared.sample_view import open_sample
from pages.shared.state import choose_next, chosen
from pages.shared.token_view import token_rows


def draw_both(opened: Opened, against: Against, feature_id: int, words: str) -> None:
    """The feature in a line, its strongest places on both sides, and the way to its page."""
    title, link = st.columns([3, 1.1], vertical_alignment="center")
    title.markdown(f"**Feature {feature_id}** {plain(words)}")
    if link.button("Its page", key="ab_open", width="stretch", icon=":material/open_in_new:"):
        choose_next(feature=feature_id)
        st.switch_page("pages/explore/features.py")
    found, rows, shown = against.found, [], []
    for side, name, active, n in (
        ("a", "A", found.active_a[feature_id], found.n_a),
        ("b", "B", found.active_b[feature_id], found.n_b),
    ):
        wanted = against.a if side == "a" else against.b
        here = pieces(opened, against, feature_id, side, span=chosen("span"))
        about = f"{whole(int(active))} of {whole(n)} samples"
        if not here:
            st.caption(plain(f"{name}, {wanted.words()}: active in none of its {whole(n)} samples."))
            continue
        head = dataclasses.replace(here[0].row, section=f"{name}: {wanted.words()}", section_about=about)
        rows += [head, *(piece.row for piece in here[1:])]
        shown += here
    if rows:
        clicked = token_rows(rows, key=f"ab_pieces_{feature_id}", opens=True, height=470)
        if clicked is not None:
            _open(opened, shown[clicked])


def _open(opened: Opened, piece: Piece) -> None:
    source = piece.where.source
    open_sample(Opened(opened.workspace, source.analysis, source.dataset), piece.where.sample_id)
