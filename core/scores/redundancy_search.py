"""Redundancy: how much of a sample's features another one has too, and which samples are held together by that.

The overlap of two samples is Jaccard's index of their sets of active features, |F(i) ∩ F(k)| / |F(i) ∪ F(k)|. Up to `EXACT`
samples all pairs are found, above by MinHash those that it meets (`core.scores.minhash`). What overlaps no more than one
random pair in a hundred does is no repetition: the smallest overlap that links samples lies above that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import numpy as np

from core.scores.distinct_sets import DistinctSets, distinct_sets
from core.scores.feature_sets import FeatureSets
from core.scores.links import NO_LINKS, Links
from core.scores.minhash import Bands, band_keys, bands_for, likely_pairs
from core.scores.set_bits import bits_of, compare, words_of
from core.scores.set_join import NEVER, Pairs, by_feature, count_out, join_of, meetings, overlaps, pairs_of

EXACT = 100_000  # samples up to which every pair is found
LOWEST, HIGHEST = 0.3, 0.6  # within which the smallest overlap lies that links samples, where all pairs are found
RANDOM, USUAL = 20_000, 0.99  # random pairs, and the quantile of their overlap above which it lies
STEPS = 100  # pairs are counted by hundredths of overlap
GATHERED = 1_000_000  # pairs held before they are reduced to the links that matter
AT_ONCE = 256  # sets joined or searched for in one step
BITS, LISTS, PAIR = 0.25, 1.0, 1.0  # nanoseconds, measured: a word of bits, a step through lists, a pair in any case
MET, STEP = 30.0, 1.5  # and of the join: a pair that meets, and a feature of the two that are then compared
SPARED = 4  # the join comes first where counting out everybody would cost so many times as much
BITWISE, JOINED, COUNTED = "bits", "join", "count"  # the ways to find every pair; the answer is the same
Progress = Callable[[int, int, str], None]


def no_progress(_done: int, _of: int, _note: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, eq=False)
class Redundancy:
    """Per sample (n) the largest overlap with another one, and what links samples.

    nearest: int32, the sample that shares most, ties to the lowest id; −1 where none shares anything, or, unless `exact`,
    where none of `floor` or more was found. shared, union: int32, features that both have and that either has. links: see
    `core.scores.links`, of `floor` or more. pairs: int64 (STEPS + 1), pairs by whole hundredths of overlap, 0 under the
    floor. bands: of MinHash, None where all pairs were looked for; left_out: comparisons that crowded bands left out.
    """

    floor: float
    nearest: np.ndarray
    shared: np.ndarray
    union: np.ndarray
    links: Links
    pairs: np.ndarray
    left_out: int = 0
    bands: Bands | None = None

    def recall_at(self, at: float) -> float:
        """The share of pairs of that overlap that are found: 1 where all are."""
        return 1.0 if self.bands is None else self.bands.recall_at(at)

    @property
    def exact(self) -> bool:
        """Whether every pair was looked for."""
        return self.bands is None

    @property
    def overlap(self) -> np.ndarray:
        """The largest overlap of each sample: float64 (n), 0 where `nearest` is −1."""
        return self.shared / np.maximum(1, self.union)

    def pairs_at(self, at: float) -> int:
        """How many pairs overlap by `at` (whole hundredths) or more."""
        return int(self.pairs[round(at * STEPS) :].sum())


def seconds_of(features: FeatureSets) -> float:
    """About how long it takes on this machine: what tells whether it is a matter of a moment or of minutes."""
    if features.n_samples > EXACT:
        return 1.2e-7 * len(features.indices) + 6e-6 * features.n_samples
    return 1e-9 * min(_by_bits_cost(features), _by_lists_cost(features)) / _processors()


def _by_bits_cost(features: FeatureSets) -> float:
    return BITS * words_of(features.n_features) * float(features.n_samples) ** 2


def _by_lists_cost(features: FeatureSets) -> float:
    return LISTS * float((features.samples.astype(np.float64) ** 2).sum()) + PAIR * float(features.n_samples) ** 2


def shortest_way(features: FeatureSets, sets: DistinctSets, floor: Fraction) -> str:
    """How to find every pair: the join spares counting only where rare features keep most pairs apart."""
    if _by_bits_cost(features) <= (lists := _by_lists_cost(features)):
        return BITWISE
    met = meetings(sets, floor.numerator, floor.denominator)
    compared = MET + STEP * 2 * float(features.richness.mean())
    return JOINED if SPARED * compared * min(met, float(len(sets)) ** 2 / 2) <= lists else COUNTED


def random_overlaps(features: FeatureSets, *, seed: int = 0) -> np.ndarray:
    """Jaccard's index of random pairs of samples that have active features: float64 (RANDOM), drawn by PCG64(seed)."""
    there = np.flatnonzero(features.richness).astype(np.int32)
    if len(there) < 2:
        return np.zeros(1)
    random = np.random.Generator(np.random.PCG64(seed))
    one, other = random.integers(0, len(there), (2, RANDOM))
    apart = one != other
    return overlaps(features, there[one[apart]], there[other[apart]])


def redundancy(
    features: FeatureSets, *, exact: bool | None = None, way: str | None = None, progress: Progress = no_progress
) -> Redundancy:
    """Who shares most with whom. exact: None lets the number of samples decide; way: None takes the shortest one."""
    exact = features.n_samples <= EXACT if exact is None else exact
    usual = random_overlaps(features)
    bands = None if exact else bands_for(usual)
    highest = ceil(STEPS * float(np.quantile(usual, USUAL))) / STEPS
    floor = bands.floor if bands else min(HIGHEST, max(LOWEST, highest))
    sets = distinct_sets(features)
    gathered = _Gathered(sets)
    least = Fraction(str(floor))
    left_out = 0
    if bands is None:
        _find(sets, gathered, least, way or shortest_way(features, sets, least), progress)
    else:
        left_out = sum(_likely_pairs(sets, gathered, bands, least, progress))
    progress(1, 1, "done")
    links = gathered.links().joined(_identical(sets)).strongest(features.n_samples)
    nearest, shared, union = _per_sample(sets, gathered)
    gathered.pairs[STEPS] += int((sets.times * (sets.times - 1) // 2).sum())
    return Redundancy(floor, nearest, shared, union, links, gathered.pairs, left_out, bands)


def _find(sets: DistinctSets, gathered: _Gathered, floor: Fraction, way: str, progress: Progress) -> None:
    """Gather all pairs, and the nearest of every set."""
    if way == BITWISE:
        _find_by_bits(sets, gathered, floor, progress)
        return
    if way == JOINED:
        _find_by_join(sets, gathered, floor, progress)
    _count_out(sets, gathered, floor, progress, joined=way == JOINED)


@dataclass(eq=False)
class _Gathered:
    """What is known so far of m sets: the nearest of each (`best`, with what both have), the links, and pairs counted."""

    sets: DistinctSets
    best: np.ndarray = field(init=False)
    shared: np.ndarray = field(init=False)
    pairs: np.ndarray = field(init=False)
    _links: Links = NO_LINKS
    _waiting: list[Pairs] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.best, self.shared = np.full(len(self.sets), -1, np.int32), np.zeros(len(self.sets), np.int32)
        self.pairs = np.zeros(STEPS + 1, np.int64)

    def take(self, pairs: Pairs) -> None:
        self._waiting.append(pairs)
        if sum(len(one) for one, _, _ in self._waiting) >= GATHERED:
            self._reduce()

    def links(self) -> Links:
        """Between the first samples of sets."""
        self._reduce()
        return self._links

    def union(self, one: np.ndarray, other: np.ndarray, shared: np.ndarray) -> np.ndarray:
        return self.sets.size[one] + self.sets.size[other] - shared

    def _reduce(self) -> None:
        if not self._waiting:
            return
        one, other, shared = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        self._waiting.clear()
        union = self.union(one, other, shared)
        times = self.sets.times[one] * self.sets.times[other]
        step = shared.astype(np.int64) * STEPS // union
        self.pairs += np.bincount(step, times, STEPS + 1).astype(np.int64)
        ends = np.sort(np.stack([self.sets.first[one], self.sets.first[other]]), axis=0)
        links = Links(ends[0], ends[1], shared, union.astype(np.int32))
        self._links = self._links.joined(links).strongest(len(self.sets.of))
        self._nearer(np.concatenate([one, other]), np.concatenate([other, one]), np.tile(shared, 2))

    def _nearer(self, one: np.ndarray, other: np.ndarray, shared: np.ndarray) -> None:
        """Take these as the nearest where they are: larger overlap, then the lower sample."""
        known = np.flatnonzero(self.best >= 0)
        one = np.concatenate([one, known.astype(np.int32)])
        other, shared = np.concatenate([other, self.best[known]]), np.concatenate([shared, self.shared[known]])
        order = np.lexsort((self.sets.first[other], -(shared / self.union(one, other, shared)), one))
        top = order[np.unique(one[order], return_index=True)[1]]
        self.best[one[top]], self.shared[one[top]] = other[top], shared[top]


def _steps(n: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, n, AT_ONCE):
        yield begin, min(n, begin + AT_ONCE)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(make: Callable, steps: list) -> Iterator:
    """make(step) of every step in order, on all processors, a few ahead of who takes them: memory stays bounded."""
    with ThreadPoolExecutor(_processors()) as threads:
        ahead = 2 * threads._max_workers
        waiting = [threads.submit(make, step) for step in steps[:ahead]]
        for place in range(len(steps)):
            yield waiting.pop(0).result()
            if place + ahead < len(steps):
                waiting.append(threads.submit(make, steps[place + ahead]))


def _find_by_bits(sets: DistinctSets, gathered: _Gathered, floor: Fraction, progress: Progress) -> None:
    bits = bits_of(sets.indptr, sets.ids, words_of(sets.n_features))
    p, q = floor.numerator, floor.denominator
    steps = list(_steps(len(sets)))
    found = _in_order(lambda step: compare(bits, sets.size, sets.first, step[0], step[1], p, q), steps)
    for (begin, end), (nearest, shared, *pairs) in zip(steps, found, strict=True):
        gathered.best[begin:end], gathered.shared[begin:end] = nearest, shared
        gathered.take((pairs[0], pairs[1], pairs[2]))
        progress(end, len(sets), "comparing every two samples")


def _find_by_join(sets: DistinctSets, gathered: _Gathered, floor: Fraction, progress: Progress) -> None:
    join = join_of(sets, floor.numerator, floor.denominator)
    steps = list(_steps(len(sets)))
    for (_, end), pairs in zip(steps, _in_order(lambda step: pairs_of(join, step[0], step[1]), steps), strict=True):
        gathered.take(pairs)
        progress(end, 2 * len(sets), "comparing samples that may be alike")


def _count_out(sets: DistinctSets, gathered: _Gathered, floor: Fraction, progress: Progress, *, joined: bool) -> None:
    """The nearest and the pairs of all; after the join the nearest of those that are no twins and that no pair has reached."""
    gathered.links()
    p, q = NEVER if joined else (floor.numerator, floor.denominator)
    rest = np.flatnonzero((gathered.best < 0) & (sets.times == 1)) if joined else np.arange(len(sets))
    start, holder = by_feature(sets.indptr, sets.ids, sets.n_features)
    steps = [rest[begin:end].astype(np.int32) for begin, end in _steps(len(rest))]

    def count(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        return count_out(sets.indptr, sets.ids, sets.first, start, holder, rows, p, q)

    done = 0
    for rows, (nearest, shared, *pairs) in zip(steps, _in_order(count, steps), strict=True):
        gathered.best[rows], gathered.shared[rows] = nearest, shared
        gathered.take((pairs[0], pairs[1], pairs[2]))
        done += len(rows)
        before = len(sets) if joined else 0
        progress(before + done, before + len(rest), "counting what every two samples have in common")


def _likely_pairs(
    sets: DistinctSets, gathered: _Gathered, bands: Bands, floor: Fraction, progress: Progress
) -> Iterator[int]:
    m = max(1, len(sets))
    keys = band_keys(sets, bands, progress=lambda done, of: progress(done, 2 * m, "hashing features"))

    def told(done: int, of: int) -> None:
        progress(m + m * done // max(1, of), 2 * m, "comparing samples whose hashes agree")

    for pairs, left_out in likely_pairs(sets, keys, floor.numerator, floor.denominator, progress=told):
        gathered.take(pairs)
        yield left_out


def _identical(sets: DistinctSets) -> Links:
    """Links of every further sample with a set to the first one."""
    others = np.flatnonzero(sets.of >= 0).astype(np.int32)
    first = sets.first[sets.of[others]]
    others, first = others[first != others], first[first != others]
    size = sets.size[sets.of[others]]
    return Links(first, others, size, size)


def _per_sample(sets: DistinctSets, gathered: _Gathered) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """nearest, shared, union of every sample."""
    n = len(sets.of)
    nearest, shared, union = np.full(n, -1, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    there = np.flatnonzero(sets.of >= 0)
    own = sets.of[there]
    best = gathered.best[own]
    lone = best >= 0
    nearest[there[lone]] = sets.first[best[lone]]
    shared[there[lone]] = gathered.shared[own[lone]]
    union[there[lone]] = gathered.union(own[lone], best[lone], gathered.shared[own[lone]])
    twin = sets.times[own] > 1
    own, there = own[twin], there[twin]
    nearest[there] = np.where(sets.first[own] == there, sets.second[own], sets.first[own])
    shared[there] = union[there] = sets.size[own]
    return nearest, shared, union
