"""Regions of the map in words: where each lies densest, and the words that its samples say more often than the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.files import json_hash
from core.scores.density import grid, whole_view
from core.scores.layout import Layout
from core.scores.map_regions import map_regions
from core.scores.ngrams import words
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.derived import derived_path, read_derived, write_derived

VERSION = 3  # counts changes of what a region's words are
EACH = 3  # words of a region
LETTERS = 600  # of what the user says first: enough for what a sample is about
MOST_READ = 100_000  # samples whose words are counted, evenly spaced; more make no other label
COMMON = 0.01  # a word stands for a region only where this share of its samples says it
EVERYWHERE = 0.2  # a word that a larger share of all samples says tells no region apart
FORM = (
    0.03  # a word that more of all samples say belongs to how one asks, whatever the language, rather than to a subject
)
# English words of form that are rarer than that
SMALL = frozenset(
    "about again all also and another any are because been before being best between both but can could did does doing done "
    "each either else ever every few for from get getting give given goes had has have her here hers him his how into its "
    "just like likely made make makes making many may might more most much must need not now off one only other others our "
    "out over own please provide provided same several she should some such than that the their them then there these they "
    "this those through too under until upon use used using very want was way ways well were what when where whether which "
    "while who whom whose why will with within without would you your yours".split()
)
CELLS = 48


@dataclass(frozen=True, slots=True)
class MapRegion:
    """A region: how many samples, where it is densest, and up to `EACH` words that stand for it (none: nothing does).

    said: the share of its samples that say at least one of the words: how far these hold.
    """

    size: int
    x: float
    y: float
    words: tuple[str, ...]
    said: float


@dataclass(frozen=True, eq=False)
class Regions:
    """The region of every sample, int32 (n), numbered from 0 with the largest first, and how many samples were read."""

    codes: np.ndarray
    regions: tuple[MapRegion, ...]
    read: int


def regions_in_words(analysis: Analysis, dataset: Dataset, layout: Layout) -> Regions:
    """The regions of a map in words; made once, then kept beside the analysis."""
    path = _path(analysis, dataset, layout)
    kept = read_derived(path)
    if kept is None:
        found = _made(dataset, layout)
        with suppress(OSError):  # keeping it saves time only
            said = [json.dumps(asdict(region), ensure_ascii=False) for region in found.regions]
            write_derived(path, {"read": found.read, "regions": said}, {"code": found.codes})
        return found
    about, table = kept
    regions = tuple(
        MapRegion(one["size"], one["x"], one["y"], tuple(one["words"]), one["said"])
        for one in map(json.loads, about["regions"])
    )
    return Regions(table["code"].to_numpy(), regions, about["read"])


def _path(analysis: Analysis, dataset: Dataset, layout: Layout) -> Path:
    decides = [VERSION, analysis.content_hash, dataset.content_hash, asdict(layout.settings)]
    return derived_path(analysis, f"regions-{json_hash(decides)[:16]}")


def _made(dataset: Dataset, layout: Layout) -> Regions:
    codes = map_regions(layout)
    count = int(codes.max(initial=-1)) + 1
    read = _evenly(len(codes), MOST_READ)
    told = telling_words(_first_words(dataset, read), codes[read], count)
    places = _densest(layout, codes, count)
    sizes = np.bincount(codes, minlength=count).tolist()
    regions = tuple(MapRegion(sizes[at], *places[at], *told[at]) for at in range(count))
    return Regions(codes, regions, len(read))


def _evenly(n: int, most: int) -> np.ndarray:
    return np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, most).astype(np.int64))


def _first_words(dataset: Dataset, ids: np.ndarray) -> Iterator[set[str]]:
    """The different words of what the user says first in each sample, of the first turn where no user speaks."""
    query = (
        "SELECT arg_min(text[:?], turn + if(role = 'user', 0, 1000000)) FROM turns "
        "WHERE sample_id IN (SELECT unnest(?::INTEGER[])) GROUP BY sample_id ORDER BY sample_id"
    )
    step = 20_000
    for at in range(0, len(ids), step):
        rows = dataset.cursor().execute(query, [LETTERS, ids[at : at + step].tolist()]).fetchall()
        yield from (set(words(text or "")) for (text,) in rows)


def telling_words(
    said: Iterator[set[str]], codes: np.ndarray, count: int, *, each: int = EACH
) -> list[tuple[tuple[str, ...], float]]:
    """For each region the words that tell it apart, and the share of its samples that say one of them.

    The most telling word is first; ties in the order of the alphabet.

    A word's weight is rate · log(rate / rate elsewhere), its part of the Kullback-Leibler divergence of the region from the
    rest, with half a sample added to each count [our choice]: it asks for words both common here and rare elsewhere. Words
    of form (`FORM`, `SMALL`) and those of a larger region stand for it only where it would else have none.
    """
    vocabulary: dict[str, int] = {}
    spoken, lengths = [], []
    for own in said:
        numbers = [vocabulary.setdefault(one, len(vocabulary)) for one in own if _tells(one)]
        spoken += numbers
        lengths.append(len(numbers))
    if not vocabulary:
        return [((), 0.0)] * count
    names, word = np.array(list(vocabulary)), np.array(spoken)
    sample = np.repeat(np.arange(len(codes)), lengths)
    held, sizes = np.zeros((count, len(names)), np.int32), np.bincount(codes, minlength=count)
    np.add.at(held, (codes[sample], word), 1)
    found = []
    for region, told in enumerate(_told(held, names, sizes[:, None], each)):
        at = np.isin(word, [vocabulary[one] for one in told]) & (codes[sample] == region)
        found.append((told, len(np.unique(sample[at])) / max(1, int(sizes[region]))))
    return found


def _told(held: np.ndarray, names: np.ndarray, sizes: np.ndarray, each: int) -> list[tuple[str, ...]]:
    """The words of every region, the largest region first to choose."""
    everyone, said = sizes.sum(), held.sum(axis=0)
    rate, elsewhere = (held + 0.5) / (sizes + 1), (said - held + 0.5) / (everyone - sizes + 1)
    weight = rate * np.log(rate / elsewhere)
    weight[(held < np.maximum(2, COMMON * sizes)) | (weight <= 0)] = -np.inf
    weight[:, said > EVERYWHERE * everyone] = -np.inf
    subject = (elsewhere <= FORM) & ~np.isin(names, list(SMALL))
    found: list[tuple[str, ...]] = [()] * len(sizes)
    taken: set[int] = set()
    for region in np.argsort(-sizes[:, 0], kind="stable").tolist():
        order = [at for at in np.lexsort((names, -weight[region])).tolist() if np.isfinite(weight[region, at])]
        about = [at for at in order if subject[region, at]]
        own = [at for at in about if at not in taken] or about or order
        taken.update(own[:each])
        found[region] = tuple(str(names[at]) for at in own[:each])
    return found


def _tells(word: str) -> bool:
    return not word.isdigit() and (len(word) > 2 or not word.isascii())


def _densest(layout: Layout, codes: np.ndarray, count: int) -> list[tuple[float, float]]:
    """The middle of the cell of each region that holds most of its samples; ties to the lowest cell."""
    cells = grid(layout.x, layout.y, whole_view(layout.x, layout.y), columns=CELLS, rows=CELLS)
    found = []
    for region in range(count):
        at = int(cells.counts(codes == region).argmax())
        found.append((float(cells.x[at % CELLS]), float(cells.y[at // CELLS])))
    return found
