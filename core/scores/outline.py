"""What was drawn on the map: polygons and boxes in its own coordinates, as one short text, and who lies inside."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from core.errors import GamutError

MOST_CORNERS = 4_000  # of one drawing: a hand makes some hundred
BETWEEN = "."  # two polygons; no letter of the alphabet they are written in


@dataclass(frozen=True, eq=False)
class Outline:
    """One or more polygons, each float32 (corners, 2); a sample is inside when it is inside one of them at least.

    float32, as the places of the samples are, so that what a link says is what was drawn.
    """

    polygons: tuple[np.ndarray, ...]

    def text(self) -> str:
        """The outline for a link: the corners' bytes in the alphabet of addresses."""
        return BETWEEN.join(
            base64.urlsafe_b64encode(p.astype("<f4").tobytes()).decode().rstrip("=") for p in self.polygons
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest box around it: x from and to, y from and to."""
        every = np.concatenate(self.polygons)
        (x0, y0), (x1, y1) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
        return x0, x1, y0, y1

    def inside(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which of the points lie inside, bool (n): by crossings of a ray to the right (even-odd rule).

        x, y: float (n). Of points exactly on the line, those on a left or lower edge are inside.
        """
        found = np.zeros(len(x), np.bool_)
        for polygon in self.polygons:
            corners = np.ascontiguousarray(polygon, np.float64)
            found |= _inside(np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64), corners)
        return found


def outline(polygons: Iterable[Sequence[Sequence[float]]]) -> Outline:
    """The outline of polygons given by their corners [(x, y), …]; `GamutError` for one that encloses nothing."""
    made = tuple(np.asarray(corners, np.float32).reshape(-1, 2) for corners in polygons)
    if not made or any(len(corners) < 3 for corners in made):
        raise GamutError("An outline needs three corners at least; draw around the samples.")
    if sum(len(corners) for corners in made) > MOST_CORNERS:
        raise GamutError(f"The outline has more than {MOST_CORNERS} corners; draw a simpler one.")
    if not all(np.isfinite(corners).all() for corners in made):
        raise GamutError("A corner of the outline is no place on the map; draw it anew.")
    return Outline(made)


def box(x0: float, x1: float, y0: float, y1: float) -> list[tuple[float, float]]:
    """The corners of a box."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def read_outline(text: str) -> Outline:
    """The outline that `Outline.text` wrote; `GamutError` where it cannot have."""
    try:
        found = []
        for part in text.split(BETWEEN):
            raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
            found.append(np.frombuffer(raw, "<f4").reshape(-1, 2).tolist())
    except (binascii.Error, ValueError):
        raise GamutError(f"{text[:60]!r} is no outline on a map; draw it anew.") from None
    return outline(found)


def around(bounds: tuple[float, float, float, float], margin: float) -> tuple[float, float, float, float]:
    """A box made wider and higher by a share of its longer side."""
    x0, x1, y0, y1 = bounds
    more = margin * max(x1 - x0, y1 - y0, math.ulp(1.0))
    return x0 - more, x1 + more, y0 - more, y1 + more


def around_points(x: np.ndarray, y: np.ndarray) -> Outline:
    """The convex hull of points, a little wider so that its corners are inside; a small box where they have no area."""
    places = np.stack([x, y], axis=1).astype(np.float64)
    more = 1e-3 * max(float(np.ptp(places)), 1e-3)
    try:
        from scipy.spatial import ConvexHull, QhullError  # 0.2 s to import

        corners = places[ConvexHull(places).vertices]
    except (QhullError, ValueError):  # fewer than three points, or all on a line
        (x0, y0), (x1, y1) = places.min(axis=0), places.max(axis=0)
        return outline([box(x0 - more, x1 + more, y0 - more, y1 + more)])
    outward = corners - corners.mean(axis=0)
    far = np.linalg.norm(outward, axis=1, keepdims=True)
    return outline([corners + more * outward / np.where(far > 0, far, 1)])


@njit(cache=True, nogil=True)
def _inside(x, y, corners):
    found = np.zeros(x.size, np.bool_)
    low_x, low_y = corners[:, 0].min(), corners[:, 1].min()
    high_x, high_y = corners[:, 0].max(), corners[:, 1].max()
    for i in range(x.size):
        if x[i] < low_x or x[i] > high_x or y[i] < low_y or y[i] > high_y:
            continue
        odd = False
        last = corners.shape[0] - 1
        for at in range(corners.shape[0]):
            ax, ay, bx, by = corners[at, 0], corners[at, 1], corners[last, 0], corners[last, 1]
            if (ay > y[i]) != (by > y[i]) and x[i] < (bx - ax) * (y[i] - ay) / (by - ay) + ax:
                odd = not odd
            last = at
        found[i] = odd
    return found
