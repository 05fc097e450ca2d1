"""A layer × neuron picture of any model: single neurons where they fit, else cells that each stand for several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

COLUMNS = 256  # cells of a layer at most: more could not be told apart
WITHIN = 0.98  # of the cells lie within the colours' limits: a few massive neurons must not make all others look alike
Order = Literal["position", "value"]
Cell = Literal["strongest", "mean"]
ORDERS, CELLS = ("position", "value"), ("strongest", "mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is looked at: layers and places, the second of each not in it; a place is a neuron's number or, ordered by value,
    its rank in its layer. `cell`: what a cell of several neurons shows, the one of largest magnitude or their mean."""

    layers: tuple[int, int]
    places: tuple[int, int]
    order: Order = "position"
    cell: Cell = "strongest"


@dataclass(frozen=True, eq=False)
class Cells:
    """The picture: `layers` int (r); columns of places `first` to `last`, both within, int (c) each; `size`, neurons a cell (the
    last column may hold fewer). `values` float64 (r, c); `neurons` int64 (r, c): the neuron of largest magnitude of each."""

    layers: np.ndarray
    first: np.ndarray
    last: np.ndarray
    size: int
    values: np.ndarray
    neurons: np.ndarray


def whole_window(values: np.ndarray, *, order: Order = "position", cell: Cell = "strongest") -> Window:
    """All layers and neurons of values (layers, neurons)."""
    return Window(layers=(0, values.shape[0]), places=(0, values.shape[1]), order=order, cell=cell)


def clipped(window: Window, shape: tuple[int, ...]) -> Window:
    """A window as far as it lies within values of a shape; all of an axis where nothing of it does."""
    layers, places = (_within(asked, most) for asked, most in zip((window.layers, window.places), shape, strict=True))
    return Window(layers=layers, places=places, order=window.order, cell=window.cell)


def arranged(values: np.ndarray, order: Order) -> np.ndarray:
    """The neuron at each place, int64 (layers, neurons): by number, or by value, largest first, ties to the lowest number."""
    if order == "position":
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=1, kind="stable")


def cells_of(values: np.ndarray, window: Window, *, columns: int = COLUMNS, shown: np.ndarray | None = None) -> Cells:
    """The cells of a window of values float (layers, neurons), NaN where nothing is known; at most `columns` a layer.

    `shown`: values to show in the places of `values`, of the same shape, such as those of one side of a comparison.
    """
    (top, bottom), (low, high) = window.layers, window.places
    at = arranged(values[top:bottom], window.order)[:, low:high]
    own = np.take_along_axis((values if shown is None else shown)[top:bottom], at, axis=1)
    size = -(-own.shape[1] // columns)
    count = -(-own.shape[1] // size)
    room = ((0, 0), (0, count * size - own.shape[1]))
    boxes = np.pad(own, room, constant_values=np.nan).reshape(len(own), count, size)
    names = np.pad(at, room, constant_values=-1).reshape(len(own), count, size)
    strongest = np.argmax(np.nan_to_num(np.abs(boxes), nan=-1.0), axis=2)[:, :, None]
    if window.cell == "mean" and size > 1:
        known = ~np.isnan(boxes)
        total = np.where(known, boxes, 0.0).sum(axis=2)
        told = np.where(known.any(axis=2), total / np.maximum(1, known.sum(axis=2)), np.nan)
    else:
        told = np.take_along_axis(boxes, strongest, axis=2)[:, :, 0]
    first = low + size * np.arange(count)
    return Cells(
        np.arange(top, bottom), first, np.minimum(first + size, high) - 1, size, told,
        np.take_along_axis(names, strongest, axis=2)[:, :, 0],
    )  # fmt: skip


def colour_limit(*pictures: np.ndarray) -> float:
    """Where the colours end, the same for all pictures: the magnitude that 98 % of all cells stay within."""
    sizes = np.abs(np.concatenate([picture.ravel() for picture in pictures]))
    sizes = sizes[~np.isnan(sizes)]
    limit = float(np.quantile(sizes, WITHIN, method="higher")) if sizes.size else 0.0
    return limit if limit > 0 else float(sizes.max(initial=0.0)) or 1.0


def ranks(values: np.ndarray) -> np.ndarray:
    """The place of every neuron of the model by magnitude, from 1, ties to the lowest layer and number; 0 where unknown."""
    flat = np.abs(values.ravel())
    order = np.argsort(np.where(np.isnan(flat), np.inf, -flat), kind="stable")
    found = np.empty(len(flat), np.int64)
    found[order] = np.arange(1, len(flat) + 1)
    found[np.isnan(flat)] = 0
    return found.reshape(values.shape)


def strongest_of(values: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Layer and number of the neurons of largest magnitude, ties to the lowest layer and number; never an unknown one."""
    flat = np.nan_to_num(np.abs(values.ravel()), nan=-1.0)
    order = np.argsort(-flat, kind="stable")[:limit]
    return [divmod(int(at), values.shape[1]) for at in order if flat[at] >= 0]


def _within(asked: tuple[int, int], most: int) -> tuple[int, int]:
    low, high = max(0, asked[0]), min(most, asked[1])
    return (low, high) if low < high else (0, most)
