"""What the heatmap asks of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.heatmap import Cells, Window, arranged, cells_of, clipped, ranks
from core.scores.neuron_samples import EndSamples, end_samples
from core.scores.neuron_words import standing_out
from core.selection.neuron_picture import NeuronPicture, picture, picture_path
from core.selection.neuron_sides import Asked, NeuronQuestion, NeuronSide, resolve
from pages.shared.engine import Opened
from pages.shared.state import chosen

A, B, BOTH, DIFFERENCE = "a", "b", "both", "difference"


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is on screen: the answer, the values that rank it, and `key`, the plain value that decides both."""

    picture: NeuronPicture
    values: np.ndarray
    unit: str
    key: str


def asked_of(opened: Opened, sides: tuple[NeuronSide, NeuronSide | None]) -> Asked:
    """The question on screen, with everything that it names."""
    question = NeuronQuestion(a=sides[0], b=sides[1], site=chosen("heat_site"), equal_length=chosen("heat_equal"))
    return resolve(opened.workspace, opened.analysis, opened.dataset, question)


def drawn(asked: Asked) -> Drawn:
    """The answer that is on screen; raises `NotKept` where samples would have to be read again."""
    path = picture_path(asked)
    found = _picture(asked, f"{path}:{path.is_file()}")
    unit = chosen("heat_unit")
    return Drawn(found, found.values(unit), unit, f"{path.name}:{found.how}:{unit}")


@st.cache_resource(max_entries=12, show_spinner="Averaging neurons over the samples …")
def _picture(_asked: Asked, key: str) -> NeuronPicture:
    return picture(_asked)


def window_of(values: np.ndarray) -> Window:
    """The part of the model that is zoomed to."""
    layers, places = (
        _stretch(chosen(key), most) for key, most in zip(("heat_layers", "heat_places"), values.shape, strict=True)
    )
    return clipped(
        Window(layers=layers, places=places, order=chosen("heat_order"), cell=chosen("heat_cell")), values.shape
    )


def _stretch(said: str, most: int) -> tuple[int, int]:
    if not said:
        return 0, most
    low, high = said.split("-")
    return int(low), int(high) + 1


def shown_of(one: Drawn, side: str) -> np.ndarray:
    """The values of a side or of the difference, as they are drawn: sides by their size, without sign."""
    if side == DIFFERENCE and one.picture.b is not None:
        return one.values
    return np.abs(one.picture.b if side == B and one.picture.b is not None else one.picture.a)


def pictures(one: Drawn, window: Window) -> dict[str, Cells]:
    """The cells of what is to be shown, by side."""
    show = chosen("heat_show") if one.picture.b is not None else A
    sides = (A, B) if show == BOTH else (show,)
    by = one.values if one.picture.b is not None else np.abs(one.picture.a)
    return {side: cells_of(by, window, shown=shown_of(one, side)) for side in sides}


def ranked(one: Drawn) -> np.ndarray:
    """The place of every neuron by magnitude."""
    return _ranked(one.values, one.key)


@st.cache_resource(max_entries=8, show_spinner=False)
def _ranked(_values: np.ndarray, key: str) -> np.ndarray:
    return ranks(_values)


def listed(one: Drawn, window: Window) -> list[tuple[int, int]]:
    """Layer and number of the neurons in view, of largest magnitude first, ties to the lowest; unknown ones are left out."""
    (top, bottom), (low, high) = window.layers, window.places
    at = arranged(one.values[top:bottom], window.order)[:, low:high]
    layers = np.broadcast_to(np.arange(top, bottom)[:, None], at.shape)
    place = ranked(one)[layers, at].ravel()
    order = np.argsort(place, kind="stable")
    order = order[place[order] > 0]
    return list(zip(layers.ravel()[order].tolist(), at.ravel()[order].tolist(), strict=True))


def words_of(opened: Opened, site: str, places: list[tuple[int, int]], up: list[bool]) -> list[tuple[str, ...]]:
    """The tokens that stand out in the samples where each neuron is highest (`up`) or lowest; empty where that is not kept."""
    return _words(opened, opened.key, site, tuple(places), tuple(up))


@st.cache_resource(max_entries=48, show_spinner="Looking up which tokens stand out …")
def _words(
    _opened: Opened, key: str, site: str, places: tuple[tuple[int, int], ...], up: tuple[bool, ...]
) -> list[tuple[str, ...]]:
    try:
        ends = _ends(_opened, key, site)
    except GamutError:  # the store does not hold them: the picture says what it can without
        return [() for _ in places]
    rows = [(ends.highest if high else ends.lowest)[place] for place, high in zip(places, up, strict=True)]
    return standing_out(_opened.analysis, np.array(rows).reshape(len(rows), -1)) if rows else []


@st.cache_resource(max_entries=4, show_spinner="Looking for each neuron's strongest samples, once …")
def _ends(_opened: Opened, key: str, site: str) -> EndSamples:
    return end_samples(_opened.analysis, site=site)
