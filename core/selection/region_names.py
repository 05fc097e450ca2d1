"""What to call a region of the map: by its words where they hold, else by the groups that most of it is in, else as mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.region_words import Regions
from core.selection.known import NO_VALUE, Grouping

SAID_BY = 0.25  # of a region's samples, which have to say one of its words for these to stand alone
MOST = 0.5  # of a region's samples, which have to be in the groups that name it …
OFTENER = 1.5  # … each so many times its share of the pool …
GROUPS = 2  # … and so many at most
SHORT = 2  # words of a name that begins with groups


@dataclass(frozen=True, slots=True)
class RegionName:
    """The words of a region; `clear` where they hold for enough of it; `groups`: what most of it is, the commonest first."""

    words: tuple[str, ...]
    clear: bool
    groups: tuple[str, ...]

    def text(self) -> str:
        """In a line: words, or what most of the region is and words that some of it say, or that it is mixed."""
        if self.clear:
            return " · ".join(self.words)
        some = " · ".join(self.words[:SHORT])
        return ": ".join(part for part in (" + ".join(self.groups) or "mixed", some) if part)


def region_names(found: Regions, grouping: Grouping) -> tuple[RegionName, ...]:
    """The name of every region; grouping: the samples by a column.

    A quarter, a half and one and a half times are our choices: what stands for a region should be true of much of it.
    """
    count, pool = len(found.regions), np.bincount(grouping.codes, minlength=len(grouping.names)) / len(grouping.codes)
    cells = np.bincount(found.codes * len(pool) + grouping.codes, minlength=count * len(pool)).reshape(count, len(pool))
    names = []
    for region, held in zip(found.regions, cells, strict=True):
        share = held / max(1, region.size)
        telling = (share > 0) & (share >= OFTENER * pool) & (np.array(grouping.names) != NO_VALUE)
        order = np.argsort(np.where(telling, -share, 0), kind="stable")  # ties to the first group
        some = [at for at in order[:GROUPS].tolist() if telling[at]]
        if share[some[:1]].sum() >= MOST:
            some = some[:1]
        most = some if share[some].sum() >= MOST else []
        clear = bool(region.words) and region.said >= SAID_BY
        names.append(RegionName(region.words, clear, tuple(grouping.names[at] for at in most)))
    return tuple(names)
