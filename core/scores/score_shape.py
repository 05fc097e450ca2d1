"""How scores are spread over a pool and over chosen rows of it, what lengths alone would make of that, and scores by length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.store.contrast import length_bins

BINS = 60
LENGTHS, HEIGHTS = 48, 48
TAIL = 0.002  # on either side of a picture: what lies beyond is counted, and drawn at the edge


@dataclass(frozen=True, eq=False)
class Spread:
    """Shares of rows between `edges` float64 (bins + 1), float64 (bins) each: of the `pool`, of the rows `chosen`, and of
    random rows of the lengths of those chosen, `like_length`; the latter two are None where nothing is chosen.

    `medians`: of the three, in that order. `beyond`: samples whose score lies outside the edges; they count in the outer bins.
    """

    edges: np.ndarray
    pool: np.ndarray
    chosen: np.ndarray | None
    like_length: np.ndarray | None
    medians: tuple[float, float | None, float | None]
    beyond: int


@dataclass(frozen=True, eq=False)
class ByLength:
    """How many samples have a length and a score: int64 (heights, lengths), between `tokens` and `scores`, both edges.

    Quartiles of the score within bins of half a doubling of length: `middle` int64 (b), `quartiles` float64 (3, b).
    `beyond`: samples whose score is drawn at the lower or upper edge.
    """

    tokens: np.ndarray
    scores: np.ndarray
    counts: np.ndarray
    middle: np.ndarray
    quartiles: np.ndarray
    beyond: int


def spread(scores: np.ndarray, lengths: np.ndarray, chosen: np.ndarray | None = None) -> Spread:
    """The spread of scores float (n) of samples with `lengths` int (n) tokens; `chosen`: ids of some of them.

    Like length: a row of the pool weighs as much as its length bin (half a doubling) has chosen rows to each of its own.
    """
    low, high = _range(scores)
    edges, beyond = np.linspace(low, high, BINS + 1), int(((scores < low) | (scores > high)).sum())
    pool = _shares(scores, edges, np.ones(len(scores)))
    middle = float(np.median(scores)) if len(scores) else 0.0
    if chosen is None or not len(chosen):
        return Spread(edges, pool, None, None, (middle, None, None), beyond)
    picked = np.zeros(len(scores))
    picked[chosen] = 1
    weights = like_lengths(lengths, picked)
    return Spread(
        edges, pool, _shares(scores, edges, picked), _shares(scores, edges, weights),
        (middle, weighted_median(scores, picked), weighted_median(scores, weights)), beyond,
    )  # fmt: skip


def like_lengths(lengths: np.ndarray, picked: np.ndarray) -> np.ndarray:
    """What each row weighs so that the lengths of all are distributed as those of the rows `picked`: float64 (n)."""
    bins = length_bins(np.asarray(lengths))
    wanted, there = np.bincount(bins, picked), np.bincount(bins)
    return (wanted / np.maximum(there, 1))[bins]


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The lowest value with at least half of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, upto[-1] / 2)])


def by_length(scores: np.ndarray, lengths: np.ndarray) -> ByLength:
    """Scores float (n) by length int (n) in tokens, lengths in even steps of their logarithm."""
    scores, lengths = np.asarray(scores, np.float64), np.maximum(np.asarray(lengths), 1)
    low, high = _range(scores)
    heights = np.linspace(low, high, HEIGHTS + 1)
    tokens = np.geomspace(lengths.min(initial=1), max(lengths.max(initial=1), 2) * 1.0001, LENGTHS + 1)
    counts, _, _ = np.histogram2d(np.clip(scores, low, high), lengths, bins=(heights, tokens))
    middle, quartiles = [], []
    bins = length_bins(lengths)
    for each in np.unique(bins):
        own = bins == each
        middle.append(int(np.median(lengths[own])))
        quartiles.append(np.quantile(scores[own], [0.25, 0.5, 0.75]))
    return ByLength(
        tokens, heights, counts.astype(np.int64), np.array(middle, np.int64),
        np.array(quartiles).reshape(-1, 3).T, int(((scores < low) | (scores > high)).sum()),
    )  # fmt: skip


def _range(scores: np.ndarray) -> tuple[float, float]:
    """What a picture shows of scores: all but a small share on either side, so that a few far ones do not flatten it."""
    low, high = np.quantile(scores, [TAIL, 1 - TAIL]) if len(scores) else (0.0, 1.0)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _shares(scores: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> np.ndarray:
    found, _ = np.histogram(np.clip(scores, edges[0], edges[-1]), edges, weights=weights)
    return found / max(weights.sum(), 1e-300)
