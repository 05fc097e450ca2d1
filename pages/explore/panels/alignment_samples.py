"""The samples at either end of an alignment, to read, with their places by the controls."""

from __future__ import annotations

import math

import streamlit as st

from core.scores.controls import Beside
from core.scores.finding_words import TITLES
from pages.explore.panels.alignment_answers import Scored, controls_of
from pages.explore.panels.own_samples import own_among
from pages.shared.capability_choice import CONTROLS_READ
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import whole
from pages.shared.sample_view import first_words
from pages.shared.state import choose, chosen

PAGE = 50
ASKED = "_alignment_asked"
ENDS = {"highest": "Highest", "lowest": "Lowest"}


def draw_samples(opened: Opened, said: Scored) -> None:
    """One end, a page at a time; a click opens the sample."""
    controls = controls_of(opened, said)
    which, pages = st.columns([1, 2], vertical_alignment="center")
    which.segmented_control(
        "End", list(ENDS), key="align_end", required=True, format_func=ENDS.get, label_visibility="collapsed",
        on_change=lambda: choose(align_page=1),
    )  # fmt: skip
    order = said.found.best_first if chosen("align_end") == "highest" else said.found.lowest(len(said.found.scores))
    count = max(1, math.ceil(len(order) / PAGE))
    at = min(max(1, chosen("align_page")), count)
    with pages.container(horizontal_alignment="right"):
        key = f"_align_page_{said.key[:8]}_{chosen('align_end')}"
        st.pagination(
            count, default=at, key=key, max_visible_pages=5, on_change=lambda: choose(align_page=st.session_state[key])
        )
    ids = order[(at - 1) * PAGE : at * PAGE].tolist()
    _draw_table(opened, said, controls, ids, first=(at - 1) * PAGE + 1)
    best = said.found.best_first[: controls.rows]
    st.caption(plain(_controls_words(controls)))
    st.caption(plain(own_among(opened, said.capability, best, of=f"the best {whole(controls.rows)}")))


def asked() -> int | None:
    """The sample that was clicked in this run, once."""
    return st.session_state.pop(ASKED, None)


def _draw_table(opened: Opened, said: Scored, controls: Beside, ids: list[int], *, first: int) -> None:
    turns = dict(opened.dataset.conversations(ids))
    columns: dict[str, list] = {
        "place": list(range(first, first + len(ids))), "sample": ids, "alignment": said.found.scores[ids].tolist(),
        "tokens": opened.analysis.counts.scored_tokens[ids].tolist(),
    }  # fmt: skip
    columns |= {TITLES[name]: own[ids].tolist() for name, own in zip(controls.names, controls.places, strict=True)}
    columns["begins with"] = [first_words(turns[sample_id]) for sample_id in ids]
    column, key = st.column_config, f"alignment_table_{said.key[:8]}_{first}_{chosen('align_end')}"
    st.dataframe(
        columns, hide_index=True, key=key, row_height=30, height=360, selection_mode="single-cell",
        on_select=lambda: _ask(key, ids),
        column_config={
            "place": column.NumberColumn(width=56),
            "sample": column.NumberColumn(format="#%d", width=70, help="a click opens it"),
            "alignment": column.NumberColumn(format="%.3g", width=80),
            "tokens": column.NumberColumn(width=64, help="scored tokens"),
            **{
                TITLES[name]: column.NumberColumn(width=36 + 6 * len(TITLES[name]), help="its place in the order of this control")
                for name in controls.names
            },
            "begins with": column.TextColumn(width="large"),
        },
    )  # fmt: skip


def _ask(key: str, ids: list[int]) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.session_state[ASKED] = ids[cells[0][0]]


def _controls_words(controls: Beside) -> str:
    """How much of the best 10 % the controls share, and which cannot be told."""
    said = [
        f"{TITLES[name]} {100 * overlap:.0f} % (ρ {correlation:.2f})"
        for name, overlap, correlation in zip(controls.names, controls.overlap, controls.correlation, strict=True)
    ]
    words = f"Of the best 10 % ({whole(controls.rows)} samples) these controls choose the same: {', '.join(said)}; by chance "
    words += f"{100 * controls.chance:.0f} %. The columns give a sample's place in their orders. {CONTROLS_READ}"
    if not said:
        words = "None of the controls can be told here, so nothing stands beside the scores."
    return words + "".join(f" {_begun(TITLES[name])} cannot be told: {why}" for name, why in controls.missing.items())


def _begun(words: str) -> str:
    """As the beginning of a sentence: BM25 stays as it is written."""
    return words[:1].upper() + words[1:]
