"""The answer in words and rows: which layers and neurons differ most, how far, and how far random groups differ."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from core.numbers import whole
from core.scores.heatmap import Cells, ranks
from core.selection.neuron_picture import NeuronPicture
from core.selection.sample_sets import ALL

SPREAD, VALUE = "spread", "value"
UNITS = (SPREAD, VALUE)
NAMED = 3
SITE_WORDS = {"mlp": "neuron", "residual": "dimension"}


@dataclass(frozen=True, slots=True)
class NeuronRow:
    """One neuron: its place by magnitude, means of both sides, their difference, that in spreads, and whether it exceeds what
    the largest neuron does in 95 % of random groups; None where a thing is not known or there is no B."""

    rank: int
    layer: int
    neuron: int
    a: float
    b: float | None
    difference: float | None
    spreads: float | None
    beyond: bool | None


def rows_of(picture: NeuronPicture, unit: str, places: Iterable[tuple[int, int]]) -> list[NeuronRow]:
    """The rows of some neurons (layer, number), ranked among all by what is shown."""
    ranked = ranks(picture.values(unit))
    scaled = picture.in_spreads if picture.spread is not None and picture.b is not None else None
    limit = picture.chance.limit if picture.chance else None
    found = []
    for layer, neuron in places:
        at = layer, neuron
        own = None if scaled is None else float(scaled[at])
        found.append(
            NeuronRow(
                int(ranked[at]), layer, neuron, float(picture.a[at]), None if picture.b is None else float(picture.b[at]),
                None if picture.b is None else float(picture.difference[at]), own,
                None if own is None or limit is None else abs(own) > limit,
            )
        )  # fmt: skip
    return found


def sentence(picture: NeuronPicture) -> str:
    """What the picture answers, in one sentence or two."""
    noun, a = SITE_WORDS[picture.question.site], picture.question.a.words()
    if picture.b is None:
        return _alone(picture, a, noun)
    b = picture.question.b.words() if picture.question.b else ""
    if picture.chance is None or picture.spread is None:
        layer, neuron = farthest(picture, VALUE)
        return (
            f"Most apart between {a} and {b} is {noun} {neuron} of layer {layer}, by {picture.difference[layer, neuron]:+.3g}; "
            "what random groups would give is not known."
        )
    return _compared(picture, a, b, noun)


def farthest(picture: NeuronPicture, unit: str) -> tuple[int, int]:
    """Layer and number of the neuron of largest magnitude, ties to the lowest."""
    sizes = np.nan_to_num(np.abs(picture.values(unit)), nan=-1.0)
    layer, neuron = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    return int(layer), int(neuron)


def typical(picture: NeuronPicture) -> np.ndarray:
    """How far the two sides are apart in each layer: root mean square of the differences in spreads, float64 (layers)."""
    return np.sqrt((picture.in_spreads**2).mean(axis=1))


def beyond_chance(picture: NeuronPicture) -> int:
    """Neurons that differ by more than the largest of all does in 95 % of random groups."""
    return int((np.abs(picture.in_spreads) > picture.chance.limit).sum()) if picture.chance else 0


def _compared(picture: NeuronPicture, a: str, b: str, noun: str) -> str:
    assert picture.chance is not None
    apart, limit, beyond = typical(picture), picture.chance.limit, beyond_chance(picture)
    layer, (at, neuron) = int(np.argmax(apart)), farthest(picture, SPREAD)
    by_chance = float(np.median(picture.chance.typical[:, layer]))
    own = float(picture.in_spreads[at, neuron])
    length = " at equal length" if _equal_length(picture) else ""
    if not beyond:
        return (
            f"No {noun} sets {a} apart from {b}{length} by more than random groups of the same sizes: the farthest, {noun} "
            f"{neuron} of layer {at}, is {abs(own):.2f} spreads of the pool {_side(own)}, random groups reach {limit:.2f}."
        )
    return (
        f"{_capital(a)} {_verb(a, 'differ')} from {b}{length} most in layer {layer}, by {apart[layer]:.2f} of the pool's spread "
        f"(random groups of the same sizes: {by_chance:.2f}). {whole(beyond)} of {whole(picture.a.size)} {noun}s differ by "
        f"more than the farthest does by chance ({limit:.2f}); the farthest is {noun} {neuron} of layer {at}, {abs(own):.2f} "
        f"spreads {_side(own)}."
    )


def _alone(picture: NeuronPicture, a: str, noun: str) -> str:
    sizes = np.nan_to_num(np.abs(picture.a), nan=0.0)
    order = np.argsort(-sizes.ravel(), kind="stable")[:NAMED]
    named = [divmod(int(at), sizes.shape[1]) for at in order]
    told = ", ".join(f"{noun} {neuron} of layer {layer} ({picture.a[layer, neuron]:+.3g})" for layer, neuron in named)
    by_layer = sizes.mean(axis=1)
    layer = int(np.argmax(by_layer))
    share = 100 * by_layer[layer] / max(by_layer.sum(), 1e-300)
    said = f"{_capital(a)} {_verb(a, 'drive')} hardest, on average over the tokens: {told}."
    return f"{said} Layer {layer} holds {share:.0f} % of all magnitude."


def _equal_length(picture: NeuronPicture) -> bool:
    question = picture.question
    return question.equal_length and not (question.a.capability or (question.b and question.b.capability))


def _side(own: float) -> str:
    return "higher" if own > 0 else "lower"


def _verb(words: str, verb: str) -> str:
    return verb if words == ALL.words() else f"{verb}s"


def _capital(words: str) -> str:
    return (
        words[:1].upper() + words[1:]
        if words.startswith(("sample ", "all ", "the ", "capability ", "selection "))
        else words
    )


HEAD = ("layer", "neuron", "rank", "a", "b", "difference", "spread", "in_spreads", "beyond_chance")


def table_csv(picture: NeuronPicture, unit: str, places: Iterable[tuple[int, int]]) -> Iterator[str]:
    """The lines of a CSV of some neurons, with every value that is known of them."""
    yield _line(HEAD)
    for row in rows_of(picture, unit, places):
        spread = None if picture.spread is None else picture.spread[row.layer, row.neuron]
        told = (row.a, row.b, row.difference, spread, row.spreads)
        beyond = "" if row.beyond is None else int(row.beyond)
        yield _line((row.layer, row.neuron, row.rank or "", *map(_number, told), beyond))


def cells_csv(cells: Cells, *, by_rank: bool) -> Iterator[str]:
    """The lines of a CSV of the cells of a picture: which neurons each stands for, what it shows, and its strongest."""
    place = "rank" if by_rank else "neuron"
    yield _line(("layer", f"first_{place}", f"last_{place}", "value", "strongest_neuron"))
    for row, layer in enumerate(cells.layers.tolist()):
        for column, (first, last) in enumerate(zip(cells.first.tolist(), cells.last.tolist(), strict=True)):
            yield _line((layer, first, last, _number(cells.values[row, column]), int(cells.neurons[row, column])))


def _number(value: float | None) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.9g}"


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
