"""What to call a region of the map: by its words where they hold, else by the group that most of it is in, else as mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.region_words import Regions
from core.selection.known import NO_VALUE, Grouping

SAID_BY = 0.25  # of a region's samples, which have to say one of its words for these to stand alone
MOST = 0.5  # of a region's samples, which have to be in one group for it to name the region …
OFTENER = 1.5  # … and so many times its share of the pool
SHORT = 2  # words of a name that begins with a group


@dataclass(frozen=True, slots=True)
class RegionName:
    """The words of a region; `clear` where they hold for enough of it; `group`: what most of it is else, "" where nothing."""

    words: tuple[str, ...]
    clear: bool
    group: str

    def text(self) -> str:
        """In a line: words, or what most of the region is and words that some of it say, or that it is mixed."""
        if self.clear:
            return " · ".join(self.words)
        some = " · ".join(self.words[:SHORT])
        return ": ".join(part for part in (self.group or "mixed", some) if part)


def region_names(found: Regions, grouping: Grouping) -> tuple[RegionName, ...]:
    """The name of every region; grouping: the samples by a column.

    A quarter, a half and one and a half times are our choices: what stands for a region should be true of much of it.
    """
    count, pool = len(found.regions), np.bincount(grouping.codes, minlength=len(grouping.names)) / len(grouping.codes)
    cells = np.bincount(found.codes * len(pool) + grouping.codes, minlength=count * len(pool)).reshape(count, len(pool))
    names = []
    for region, held in zip(found.regions, cells, strict=True):
        at = int(held.argmax())  # ties to the first group
        share = held[at] / max(1, region.size)
        telling = share >= MOST and share >= OFTENER * pool[at] and grouping.names[at] != NO_VALUE
        clear = bool(region.words) and region.said >= SAID_BY
        names.append(RegionName(region.words, clear, grouping.names[at] if telling and not clear else ""))
    return tuple(names)
