"""Richness against length as it can be drawn: points where they are few enough, else how many lie in each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError

MOST_POINTS = 20_000
CELLS = (96, 64)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, both ends included: tokens from `left` to `right`, features from `low` to `high`."""

    left: float
    right: float
    low: float
    high: float

    def __post_init__(self) -> None:
        ends = (self.left, self.right, self.low, self.high)
        if not all(np.isfinite(end) for end in ends) or self.left >= self.right or self.low >= self.high:
            raise GamutError(
                f"There is no part of the picture from {self.left:g} to {self.right:g} tokens; draw a box."
            )

    def words(self) -> str:
        """As an address carries it; `box_of` is the way back."""
        return ",".join(f"{end:.6g}" for end in (self.left, self.right, self.low, self.high))


def box_of(text: str) -> Box | None:
    """The box of `words`; None for the whole picture."""
    if not text:
        return None
    try:
        left, right, low, high = (float(end) for end in text.split(","))
    except ValueError:
        raise GamutError(f"{text[:60]!r} is no part of the picture; four numbers are needed.") from None
    return Box(left, right, low, high)


@dataclass(frozen=True, eq=False)
class View:
    """What is to be drawn of the samples within a box: their ids, or (where they are more) the cells that hold any.

    inside: how many samples lie within. ids: int64, ascending, empty where there are too many. counts: int64 (rows,
    columns), samples by features, then tokens, between the edges.
    """

    inside: int
    ids: np.ndarray
    counts: np.ndarray
    x_edges: np.ndarray
    y_edges: np.ndarray


def view(scored_tokens: np.ndarray, richness: np.ndarray, box: Box | None = None, *, most: int = MOST_POINTS) -> View:
    """The part of the picture within a box (None: all of it)."""
    within = np.ones(len(richness), bool)
    if box is not None:
        within = (scored_tokens >= box.left) & (scored_tokens <= box.right)
        within &= (richness >= box.low) & (richness <= box.high)
    ids = np.flatnonzero(within)
    if len(ids) <= most:
        return View(len(ids), ids, np.empty((0, 0), np.int64), np.empty(0), np.empty(0))
    x, y = scored_tokens[ids], richness[ids]
    (column, x_edges), (row, y_edges) = _binned(x, CELLS[0]), _binned(y, CELLS[1])
    shape = (len(y_edges) - 1, len(x_edges) - 1)
    counts = np.bincount(row * shape[1] + column, minlength=shape[0] * shape[1]).reshape(shape)
    return View(len(ids), np.empty(0, np.int64), counts, x_edges, y_edges)


def _binned(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers of values a cell, so that no cell has more of them than the next for that reason alone."""
    low, high = int(values.min()), int(values.max())
    step = -(-(high - low + 1) // most)
    place = (values.astype(np.int64) - low) // step
    return place, low - 0.5 + step * np.arange(int(place.max()) + 2)
