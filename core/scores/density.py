"""The map as a grid of cells, for more samples than can be drawn: how many are in each, and what they are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

View = tuple[float, float, float, float]  # x from and to, y from and to, in coordinates of the map


@dataclass(frozen=True, eq=False)
class Grid:
    """Equal cells over a view: `rows` × `columns`; `cell` int32 (n), row · columns + column, −1 outside the view."""

    view: View
    columns: int
    rows: int
    cell: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """The middle of each column."""
        return _middles(self.view[0], self.view[1], self.columns)

    @property
    def y(self) -> np.ndarray:
        """The middle of each row."""
        return _middles(self.view[2], self.view[3], self.rows)

    def counts(self, mask: np.ndarray | None = None) -> np.ndarray:
        """Samples in each cell, int64 (rows, columns); `mask` bool (n): only those."""
        cell = self.cell if mask is None else self.cell[mask]
        return np.bincount(cell[cell >= 0], minlength=self.rows * self.columns).reshape(self.rows, self.columns)

    def means(self, values: np.ndarray) -> np.ndarray:
        """The mean of float values (n) in each cell, NaN where no sample has one: float64 (rows, columns)."""
        told = (self.cell >= 0) & np.isfinite(values)
        size = self.rows * self.columns
        total = np.bincount(self.cell[told], weights=values[told], minlength=size)
        told_in = np.bincount(self.cell[told], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (total / np.where(told_in > 0, told_in, np.nan)).reshape(self.rows, self.columns)

    def commonest(self, codes: np.ndarray, groups: int) -> np.ndarray:
        """The group that most samples of each cell are in, int32 (rows, columns), −1 where none is; ties to the lowest."""
        return _commonest(self.cell, codes, groups, self.rows * self.columns).reshape(self.rows, self.columns)


def grid(x: np.ndarray, y: np.ndarray, view: View, *, columns: int, rows: int) -> Grid:
    """The cells of a view and who is in which; x, y: float32 (n). Both ends of the view belong to it."""
    x0, x1, y0, y1 = (float(end) for end in view)
    place = _cells(x, y, x0, x1, y0, y1, columns, rows)
    return Grid(view, columns, rows, place)


def within(x: np.ndarray, y: np.ndarray, view: View) -> np.ndarray:
    """Which points are in a view, bool (n); its ends belong to it."""
    return (x >= view[0]) & (x <= view[1]) & (y >= view[2]) & (y <= view[3])


def whole_view(x: np.ndarray, y: np.ndarray, margin: float = 0.03) -> View:
    """The box around all points, with a margin."""
    x0, x1, y0, y1 = (float(end) for end in (x.min(), x.max(), y.min(), y.max()))
    more = margin * max(x1 - x0, y1 - y0, 1e-6)
    return x0 - more, x1 + more, y0 - more, y1 + more


def view_of_most(x: np.ndarray, y: np.ndarray, *, beyond: float = 0.02, margin: float = 0.06) -> View:
    """The box within which most points lie: without the lowest and highest share `beyond` along each axis, with a margin.

    A few islands far off would else leave the rest of a map too small to read.
    """
    (x0, x1), (y0, y1) = (np.quantile(ends, [beyond, 1 - beyond]).tolist() for ends in (x, y))
    more = margin * max(x1 - x0, y1 - y0, 1e-6)
    wide = whole_view(x, y)
    return max(x0 - more, wide[0]), min(x1 + more, wide[1]), max(y0 - more, wide[2]), min(y1 + more, wide[3])


def widened(view: View, ratio: float) -> View:
    """The smallest view around another whose width is `ratio` times its height: what a picture of that shape shows."""
    x0, x1, y0, y1 = view
    more_x, more_y = max(0.0, ratio * (y1 - y0) - (x1 - x0)) / 2, max(0.0, (x1 - x0) / ratio - (y1 - y0)) / 2
    return x0 - more_x, x1 + more_x, y0 - more_y, y1 + more_y


def _middles(low: float, high: float, cells: int) -> np.ndarray:
    return low + (np.arange(cells) + 0.5) * (high - low) / cells


@njit(cache=True, nogil=True)
def _cells(x, y, x0, x1, y0, y1, columns, rows):
    out = np.full(x.size, -1, np.int32)
    wide, high = columns / (x1 - x0), rows / (y1 - y0)
    for i in range(x.size):
        if x0 <= x[i] <= x1 and y0 <= y[i] <= y1:
            column = min(columns - 1, int((x[i] - x0) * wide))
            row = min(rows - 1, int((y[i] - y0) * high))
            out[i] = row * columns + column
    return out


@njit(cache=True, nogil=True)
def _commonest(cell, codes, groups, cells):
    held = np.zeros((cells, groups), np.int32)
    for i in range(cell.size):
        if cell[i] >= 0 and codes[i] >= 0:
            held[cell[i], codes[i]] += 1
    out = np.full(cells, -1, np.int32)
    for at in range(cells):
        most = 0
        for group in range(groups):
            if held[at, group] > most:
                most, out[at] = held[at, group], group
    return out
