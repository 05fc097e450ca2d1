"""What the data talks about: for each group of samples the features that tell it, in words, each with a piece of text."""

from __future__ import annotations

import streamlit as st

from core.scores.telling import Group, Telling
from core.store.feature_examples import Shown
from pages.explore.panels.answers import SUBSET, Grouped, columns_to_tell, grouped_by
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.fragment import fragment
from pages.shared.messages import guard, plain
from pages.shared.numbers import THIN, count
from pages.shared.sidebar import Current
from pages.shared.state import choose, choose_next, chosen, write_link
from pages.shared.subset import current_subset
from pages.shared.token_view import TokenRow, token_rows

EACH = 3  # features of a group on screen
FIRST = 8  # groups on screen before all are asked for


@fragment
def draw_telling(here: Current, opened: Opened) -> None:
    """The choice of what to tell apart, and its groups."""
    with guard():
        subset = current_subset(opened, here.selection)
        ways = [*columns_to_tell(opened), *([SUBSET] if subset else [])]
        if not ways:
            st.info("This data set has no categories; choose a budget, and the subset is compared with the rest.")
            return
        if chosen("tell") not in ways:
            choose(tell=ways[0])
        st.segmented_control(
            "What tells apart", ways, key="tell", required=True,
            format_func=lambda way: "the subset from the rest" if way == SUBSET else plain(way),
        )  # fmt: skip
        if chosen("tell") == SUBSET and subset:
            st.caption(plain(f"Chosen: {subset.title}."))
        _draw_groups(opened, grouped_by(opened, chosen("tell"), subset))
    write_link()


def _draw_groups(opened: Opened, found: Grouped) -> None:
    shown = len(found.groups)
    if shown > FIRST and not chosen("all_groups"):
        shown = FIRST
    words = feature_words(opened, [told.feature_id for group in found.groups[:shown] for told in group.telling])
    rows, ids = [], []
    for group, pieces in zip(found.groups[:shown], found.pieces, strict=False):
        for told, piece in _different(group, pieces, words):
            rows.append(_row(group, told, piece, words[told.feature_id], first=told is group.telling[0]))
            ids.append(told.feature_id)
    if not rows:
        st.info("No feature is surely commoner in one of these groups than in the others, at equal length.")
        return
    clicked = token_rows(rows, key="telling", opens=True, wide=True)
    if clicked is not None:
        choose_next(feature=ids[clicked])
        st.rerun()
    if shown < len(found.groups):
        st.button(f"Show all {len(found.groups)} groups", on_click=lambda: choose(all_groups=True))
    st.caption(
        "Shares of samples in which a feature is active (by the rule chosen on Budget). Groups are compared at equal "
        "length, copies counted once; the largest excess over what the others' odds explain comes first, of features with "
        "the same words one. Click to open."
    )


def _different(group: Group, pieces: list[Shown | None], words: dict[int, str]) -> list[tuple[Telling, Shown | None]]:
    """The first few features of a group that different words are said of."""
    first: dict[str, tuple[Telling, Shown | None]] = {}
    for told, piece in zip(group.telling, pieces, strict=True):
        first.setdefault(words[told.feature_id].casefold(), (told, piece))
    return list(first.values())[:EACH]


def _row(group: Group, told: Telling, piece: Shown | None, words: str, *, first: bool) -> TokenRow:
    heading = {"section": group.name, "section_about": _about(group)} if first else {}
    said = {"head": percent(told.inside), "about": f"others {percent(told.outside)}", "title": words, **heading}
    if piece is None:
        return TokenRow(tokens=[], **said)
    return TokenRow(
        tokens=piece.texts,
        values=piece.example.activations.tolist(),
        peak=piece.example.position - piece.example.start,
        top=piece.example.strength,
        inline=True,
        before=piece.before,
        after=piece.after,
        faded=piece.faded,
        **said,
    )


def _about(group: Group) -> str:
    return f"{count(group.samples, 'sample')} · {count(group.found, 'feature')} commoner here"


def percent(share: float) -> str:
    """35 %, 2.4 %, < 0.1 %, 0 %."""
    if 0 < share < 0.001:
        return f"<{THIN}0.1{THIN}%"
    return f"{100 * share:.2g}{THIN}%" if share < 0.1 else f"{100 * share:.0f}{THIN}%"
