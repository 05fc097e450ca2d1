"""Layer by neuron: what a sample, a group or a capability exercises, and where two of them differ."""

from __future__ import annotations

import streamlit as st

from core.selection.neuron_answer import sentence
from core.selection.neuron_picture import READ, NotKept
from core.selection.neuron_sides import Asked
from pages.explore.panels.heat_again import draw_again
from pages.explore.panels.heat_answers import DIFFERENCE, Drawn, asked_of, drawn, pictures, window_of
from pages.explore.panels.heat_chart import draw_chart, limit_of, limits_words
from pages.explore.panels.heat_sides import chosen_sides, draw_sides
from pages.explore.panels.heat_table import draw_table
from pages.explore.panels.heat_zoom import SHOWN, draw_choices, draw_zoom, part_words
from pages.explore.panels.neuron_page import draw_neuron
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count
from pages.shared.state import chosen

HOW = (
    "A sample is the mean of each neuron over its tokens that count; a group is the mean of its samples. Spread: the "
    "standard deviation of a neuron over the samples of the pool. At equal length, groups are compared within strata of like "
    "length. By chance: 100 random pairs of groups of the same sizes (and lengths), drawn from both sides together; what the "
    "farthest neuron of the whole model stays below in 95 % of them is the limit."
)


def draw_heatmap(opened: Opened) -> None:
    """The picture, its sentence and its table; a neuron's own page where one is chosen."""
    if chosen("neuron"):
        draw_neuron(opened)
        return
    with guard():
        draw_sides(opened)
    with guard():
        sides = chosen_sides()
        if sides is None:
            st.info("Choose what to look at: which neurons it exercises is shown here.", icon=":material/info:")
            return
        draw_choices(compared=sides[1] is not None, lengths=not any(side and side.capability for side in sides))
        asked = asked_of(opened, sides)
        try:
            one = drawn(asked)
        except NotKept as why:
            draw_again(opened, asked, str(why))
            return
        _draw_answer(opened, asked, one)


def _draw_answer(opened: Opened, asked: Asked, one: Drawn) -> None:
    st.subheader(plain(sentence(one.picture)), anchor=False)
    st.caption(plain(_figures(one)), help=HOW)
    window = window_of(one.values)
    shown = pictures(one, window)
    size, limit = next(iter(shown.values())).size, limit_of(one, shown)
    for side, cells in shown.items():
        if len(shown) > 1:
            st.caption(plain(f"{SHOWN[side]}: {_side_words(one, side)}"))
        draw_chart(opened, one, window, side, cells, limit)
    unit = " spreads" if one.unit == "spread" and DIFFERENCE in shown and one.picture.spread is not None else ""
    st.caption(plain(f"{part_words(one, window, size)} {limits_words(shown, limit, unit)}"))
    draw_zoom(one, window, size)
    draw_table(opened, one, window, shown)
    if one.picture.how not in ("stored", READ):
        draw_again(opened, asked, "The spread of the neurons and what chance would give are not known yet.")


def _side_words(one: Drawn, side: str) -> str:
    question = one.picture.question
    return question.b.words() if side == "b" and question.b else question.a.words()


def _figures(one: Drawn) -> str:
    picture = one.picture
    said = [f"A: {picture.question.a.words()}, {count(picture.n_a, 'sample')}."]
    if picture.question.b:
        said.append(f"B: {picture.question.b.words()}, {count(picture.n_b, 'sample')}.")
    return " ".join([*said, *picture.notes])
