"""Where the names of regions stand on the map, so that none lies over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.scores.density import View
from core.scores.region_words import MapRegion

LETTER, LINE = 6.6, 15.0  # pixels of a letter across and of a line
APART = 9.0  # pixels between two labels, so that the points below are seen
WIDE, HIGH = 580.0, 440.0  # pixels of the picture at the narrowest page it is made for
MOST = 12
SHIFTS = (0.0, -1.0, 1.0)  # lines up or down from where a region is densest


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place of the map, in its coordinates."""

    text: str
    x: float
    y: float


def spread_labels(regions: tuple[MapRegion, ...], texts: Sequence[str], view: View) -> list[Label]:
    """The names of the regions in a view, the largest first, each where it is densest or a line above or below.

    Whatever would lie over an earlier one or reach beyond the picture is left out: the list beside the map has them all.
    """
    scale = min(WIDE / (view[1] - view[0]), HIGH / (view[3] - view[2]))  # pixels a unit: both axes have the same
    taken: list[tuple[float, float, float, float]] = []
    found: list[Label] = []
    for region, text in zip(regions, texts, strict=True):
        if len(found) == MOST:
            break
        if not text or not (view[0] <= region.x <= view[1] and view[2] <= region.y <= view[3]):
            continue
        half = LETTER * len(text) / 2 + 4
        for shift in SHIFTS:
            x, y = region.x * scale, region.y * scale + shift * LINE
            own = (x - half, x + half, y - LINE / 2, y + LINE / 2)
            if _fits(own, view, scale) and not any(_meet(own, other) for other in taken):
                taken.append(own)
                found.append(Label(text, x / scale, y / scale))
                break
    return found


def _fits(own: tuple[float, float, float, float], view: View, scale: float) -> bool:
    x0, x1, y0, y1 = (end * scale for end in view)
    return own[0] >= x0 and own[1] <= x1 and own[2] >= y0 and own[3] <= y1


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    across = one[0] < other[1] + APART and other[0] < one[1] + APART
    return across and one[2] < other[3] + APART and other[2] < one[3] + APART
