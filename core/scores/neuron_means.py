"""The mean of every neuron over groups of samples, how far two groups differ, and how far random groups do.

A sample is the mean of each neuron over its tokens; a group is the weighted mean of its samples. Two groups are compared
within strata of like length: in each the difference of their means, joined with weights a·b/(a + b) of their sizes there
(Mantel and Haenszel's, so that A against B is B against A with the other sign). What random groups of the same sizes
and lengths would give is a permutation: who is in which group is drawn anew within each stratum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

DRAWS = 100  # random pairs of groups
SEED = 0
SURE = 0.95  # of the random pairs stay below the limit
VALUES = 1 << 22  # numbers widened at once
Pieces = Callable[[int], Iterable[np.ndarray]]


@dataclass(frozen=True, eq=False)
class Weights:
    """What a sample counts: float64 (n) `a` and `b`, each summing to 1 or all 0; `chance` float32 (draws, n), a less b of each
    random pair. `alone`: samples of A, and of B, of lengths that the other has not."""

    a: np.ndarray
    b: np.ndarray
    chance: np.ndarray
    alone: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Chance:
    """How far random pairs of groups differ, in spreads: float64 (draws, layers), the largest neuron and the root mean square."""

    largest: np.ndarray
    typical: np.ndarray

    @cached_property
    def limit(self) -> float:
        """What the largest neuron of the whole model stays below in 95 % of the random pairs."""
        return float(np.quantile(self.largest.max(axis=1), SURE)) if self.largest.size else 0.0

    @cached_property
    def middle(self) -> float:
        """The largest neuron of the whole model in the median random pair."""
        return float(np.median(self.largest.max(axis=1))) if self.largest.size else 0.0


@dataclass(frozen=True, eq=False)
class NeuronMeans:
    """Float64 (layers, neurons): means of `a`, of `b` (None where there is no B), and of all samples read; `spread`: their
    standard deviation over those. `chance` is None where there is no B."""

    a: np.ndarray
    b: np.ndarray | None
    whole: np.ndarray
    spread: np.ndarray
    chance: Chance | None


def one_group(a: np.ndarray) -> Weights:
    """The weights of a group by itself: bool (n)."""
    return Weights(a / a.sum(), np.zeros(len(a)), np.empty((0, len(a)), np.float32))


def two_groups(code: np.ndarray, sizes: np.ndarray, *, draws: int = DRAWS, seed: int = SEED) -> Weights:
    """The weights of two groups within strata: `code` int (n) is 2·stratum, +1 for B, −1 for neither; `sizes` (strata, 2)."""
    met = sizes.prod(axis=1) / np.maximum(1, sizes.sum(axis=1))
    share = met / met.sum() if met.sum() else met
    of_code = np.append((share[:, None] / np.maximum(1, sizes)).ravel(), 0.0)
    every = of_code[code]
    is_b = (code >= 0) & (code % 2 == 1)
    a, b = np.where(is_b, 0.0, every), np.where(is_b, every, 0.0)
    rng, difference = np.random.default_rng(seed), (a - b).astype(np.float32)
    chance = np.zeros((draws, len(code)), np.float32)
    members = [np.flatnonzero(code // 2 == stratum) for stratum in np.flatnonzero(met > 0)]
    for draw in chance:
        for own in members:
            draw[own] = difference[rng.permutation(own)]
    empty = sizes == 0
    return Weights(a, b, chance, (int(sizes[empty[:, 1], 0].sum()), int(sizes[empty[:, 0], 1].sum())))


def apart_groups(
    a: np.ndarray | None, b: np.ndarray | None, *, n: int, n_a: int, n_b: int, draws: int = DRAWS, seed: int = SEED
) -> Weights:
    """The weights where a side (None) was read elsewhere: random groups are as many of these n samples, disjoint if they fit."""
    rng, chance = np.random.default_rng(seed), np.zeros((draws, n), np.float32)
    size_a, size_b = min(n, n_a), min(n, n_b)
    for draw in chance:
        order = rng.permutation(n)
        draw[order[:size_a]] += np.float32(1 / size_a)
        draw[order[n - size_b :]] -= np.float32(1 / size_b)
    none = np.zeros(n)
    return Weights(none if a is None else a / a.sum(), none if b is None else b / b.sum(), chance)


class LayerTally:
    """The running sums of one layer; samples may come in any order and in pieces, each once."""

    def __init__(self, weights: Weights, neurons: int) -> None:
        self._weights = weights
        self._groups = np.stack([weights.a, weights.b])
        self._shift: np.ndarray | None = None
        self._sums = np.zeros((2, neurons))
        self._whole, self._squares, self._n = np.zeros(neurons), np.zeros(neurons), 0
        self._chance = np.zeros((len(weights.chance), neurons))

    def add(self, ids: np.ndarray, rows: np.ndarray) -> None:
        """Add the samples at places `ids`: `rows` float (len(ids), neurons)."""
        step = max(1, VALUES // rows.shape[1])
        for first in range(0, len(ids), step):
            self._add(ids[first : first + step], rows[first : first + step])

    def _add(self, ids: np.ndarray, rows: np.ndarray) -> None:
        wide = rows.astype(np.float64)
        if self._shift is None:  # means and squares about a value near the mean: no digits are lost on a massive neuron
            self._shift = wide.mean(axis=0)
        wide -= self._shift
        self._sums += self._groups[:, ids] @ wide
        self._whole += wide.sum(axis=0)
        self._squares += np.einsum("ij,ij->j", wide, wide)
        self._n += len(ids)
        if len(self._chance):
            self._chance += self._weights.chance[:, ids] @ wide.astype(np.float32)

    def means(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Means of A and of B, of all samples, and the standard deviation: float64 (neurons) each."""
        assert self._shift is not None, "no sample was added"
        middle = self._whole / self._n
        spread = np.sqrt(np.maximum(0.0, self._squares / self._n - middle**2))
        totals = self._groups.sum(axis=1)[:, None]
        a, b = self._sums + totals * self._shift
        return a, b, middle + self._shift, spread

    def chance(self, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of every random pair the largest difference of a neuron, and the root mean square, in spreads: float64 (draws)."""
        apart = np.abs(in_spreads(self._chance, spread))
        return apart.max(axis=1, initial=0.0), np.sqrt((apart**2).mean(axis=1))


def in_spreads(difference: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Differences over the spread of each neuron, 0 for one that never varies."""
    steady = spread <= 1e-12
    return np.where(steady, 0.0, difference / np.where(steady, 1.0, spread))


def neuron_means(tallies: Sequence[LayerTally], *, compared: bool) -> NeuronMeans:
    """What the layers' tallies have counted; a group without weight has means of 0."""
    parts = [tally.means() for tally in tallies]
    a, b, whole, spread = (np.stack(part) for part in zip(*parts, strict=True))
    chance = None
    if compared:
        found = [tally.chance(own) for tally, own in zip(tallies, spread, strict=True)]
        largest, typical = (np.stack(part, axis=1) for part in zip(*found, strict=True))
        chance = Chance(largest, typical)
    return NeuronMeans(a, b if compared else None, whole, spread, chance)


def means_of_groups(pieces: Pieces, layers: int, weights: Weights, *, compared: bool) -> NeuronMeans:
    """Read every layer once: `pieces(layer)` yields the rows of all samples in order."""
    done: list[LayerTally] = []
    for layer in range(layers):
        tally: LayerTally | None = None
        at = 0
        for rows in pieces(layer):
            tally = tally or LayerTally(weights, rows.shape[1])
            tally.add(np.arange(at, at + len(rows)), rows)
            at += len(rows)
        assert tally is not None and at == len(weights.a), f"{at} rows of {len(weights.a)} samples in layer {layer}"
        done.append(tally)
    return neuron_means(done, compared=compared)
