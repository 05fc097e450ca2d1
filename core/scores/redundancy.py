"""Redundancy: how much of a sample's features another one has too, and which samples are held together by that.

The overlap of two samples is Jaccard's index of their sets of active features, |F(i) ∩ F(k)| / |F(i) ∪ F(k)|. Up to `EXACT`
samples all pairs are found, above by MinHash those that it meets (`core.scores.minhash.recall_at`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.scores.distinct_sets import DistinctSets, distinct_sets
from core.scores.feature_sets import FeatureSets
from core.scores.links import FIELDS, NO_LINKS, Links
from core.scores.minhash import band_keys, likely_pairs
from core.scores.set_join import Pairs, by_feature, join_of, nearest_of, pairs_of
from core.store.analyses import Analysis
from core.store.derived import derived_path, read_derived, write_derived

EXACT = 100_000  # samples up to which every pair is found
FLOOR, FLOOR_OF_MANY = 0.5, 0.6  # the smallest overlap that links samples, among up to EXACT samples and above
STEPS = 100  # pairs are counted by hundredths of overlap
GATHERED = 1_000_000  # pairs held before they are reduced to the links that matter
AT_ONCE = 256  # sets joined or searched for in one step
VERSION = 1
Progress = Callable[[int, int, str], None]


def no_progress(_done: int, _of: int, _note: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, eq=False)
class Redundancy:
    """Per sample (n) the largest overlap with another one, and what links samples.

    exact: whether every pair was looked for. nearest: int32, the sample that shares most, ties to the lowest id; −1 where
    none shares anything, or, unless exact, where none of `floor` or more was found. shared, union: int32, features that
    both have and that either has. links: see `core.scores.links`, of `floor` or more. pairs: int64 (STEPS + 1), pairs by
    whole hundredths of overlap, 0 under the floor. left_out: comparisons that crowded bands of MinHash left out.
    """

    exact: bool
    floor: float
    nearest: np.ndarray
    shared: np.ndarray
    union: np.ndarray
    links: Links
    pairs: np.ndarray
    left_out: int = 0

    @property
    def overlap(self) -> np.ndarray:
        """The largest overlap of each sample: float64 (n), 0 where `nearest` is −1."""
        return self.shared / np.maximum(1, self.union)

    def pairs_at(self, at: float) -> int:
        """How many pairs overlap by `at` (whole hundredths) or more."""
        return int(self.pairs[round(at * STEPS) :].sum())


def redundancy_of(analysis: Analysis, features: FeatureSets, *, progress: Progress = no_progress) -> Redundancy:
    """The redundancy of an analysis' samples by these feature sets: computed once, then kept with the analysis."""
    kept = kept_redundancy(analysis, features)
    if kept is None:
        kept = redundancy(features, progress=progress)
        with suppress(OSError):  # keeping it saves time only: a full disk or a workspace to read from refuses nothing
            _write(_path(analysis, features), kept)
    return kept


def kept_redundancy(analysis: Analysis, features: FeatureSets) -> Redundancy | None:
    """What `redundancy_of` has kept, None where it has not run yet."""
    found = read_derived(_path(analysis, features))
    if found is None:
        return None
    about, table = found
    columns = {name: table[name].to_numpy() for name in table.column_names}
    linked = columns["a"] >= 0
    return Redundancy(
        about["exact"], about["floor"], columns["nearest"], columns["shared"], columns["union"],
        Links(*(columns[name][linked] for name in ("a", "b", "link_shared", "link_union"))),
        np.array(about["pairs"], np.int64), about["left_out"],
    )  # fmt: skip


def _path(analysis: Analysis, features: FeatureSets) -> Path:
    decides = hashlib.sha256(f"{VERSION} {features.n_features} ".encode())
    decides.update(np.ascontiguousarray(features.indptr))
    decides.update(np.ascontiguousarray(features.indices))
    return derived_path(analysis, f"redundancy-{decides.hexdigest()[:16]}")


def _write(path: Path, found: Redundancy) -> None:
    """As many rows as samples; there are fewer links, so their columns end in −1."""
    room = len(found.nearest) - len(found.links)
    links = {name: np.concatenate([getattr(found.links, name), np.full(room, -1, np.int32)]) for name in FIELDS}
    about = {
        "exact": found.exact, "floor": found.floor, "pairs": found.pairs.tolist(), "left_out": found.left_out,
    }  # fmt: skip
    columns = {"nearest": found.nearest, "shared": found.shared, "union": found.union, "a": links["a"], "b": links["b"]}
    write_derived(path, about, columns | {"link_shared": links["shared"], "link_union": links["union"]})


def work_of(features: FeatureSets) -> int:
    """Counting steps of the exact search at most: what tells whether it is a matter of a second or of minutes."""
    return int((features.samples.astype(np.float64) ** 2).sum())


def redundancy(features: FeatureSets, *, exact: bool | None = None, progress: Progress = no_progress) -> Redundancy:
    """Who shares most with whom. exact: None lets the number of samples decide."""
    exact = features.n_samples <= EXACT if exact is None else exact
    sets = distinct_sets(features)
    floor = FLOOR if exact else FLOOR_OF_MANY
    gathered = _Gathered(sets)
    left_out = 0
    for pairs, missed in (_every_pair if exact else _likely_pairs)(sets, Fraction(str(floor)), progress):
        gathered.take(pairs)
        left_out += missed
    if exact:
        _find_rest(sets, gathered, Fraction(str(floor)), progress)
    progress(1, 1, "done")
    links = gathered.links().joined(_identical(sets)).strongest(features.n_samples)
    nearest, shared, union = _per_sample(sets, gathered)
    gathered.pairs[STEPS] += int((sets.times * (sets.times - 1) // 2).sum())
    return Redundancy(exact, floor, nearest, shared, union, links, gathered.pairs, left_out)


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


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())


def _in_order(make: Callable, steps: list) -> Iterator:
    """make(step) of every step in order, on all processors, a few ahead of who takes them: memory stays bounded."""
    with _threads() as threads:
        ahead = 2 * threads._max_workers
        waiting = [threads.submit(make, step) for step in steps[:ahead]]
        for place in range(len(steps)):
            yield waiting.pop(0).result()
            if place + ahead < len(steps):
                waiting.append(threads.submit(make, steps[place + ahead]))


def _every_pair(sets: DistinctSets, floor: Fraction, progress: Progress) -> Iterator[tuple[Pairs, int]]:
    join = join_of(sets, floor.numerator, floor.denominator)
    done = 0
    steps = list(_steps(len(sets)))
    for pairs, (_, end) in zip(_in_order(lambda step: pairs_of(join, *step), steps), steps, strict=True):
        done = end
        progress(done, 2 * len(sets), "comparing samples that may be alike")
        yield pairs, 0


def _find_rest(sets: DistinctSets, gathered: _Gathered, floor: Fraction, progress: Progress) -> None:
    """The nearest of those that are no twins of anyone and that no pair has reached: by counting out all others."""
    gathered.links()
    rest = np.flatnonzero((gathered.best < 0) & (sets.times == 1)).astype(np.int32)
    if not len(rest):
        return
    start, holder = by_feature(sets.indptr, sets.ids, sets.n_features)
    steps = [rest[begin:end] for begin, end in _steps(len(rest))]

    def find(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return nearest_of(sets.indptr, sets.ids, sets.first, start, holder, rows)

    done = 0
    for rows, (nearest, shared) in zip(steps, _in_order(find, steps), strict=True):
        gathered.best[rows], gathered.shared[rows] = nearest, shared
        done += len(rows)
        progress(len(sets) + done, len(sets) + len(rest), "looking for the nearest of the others")


def _likely_pairs(sets: DistinctSets, floor: Fraction, progress: Progress) -> Iterator[tuple[Pairs, int]]:
    m = max(1, len(sets))
    keys = band_keys(sets, progress=lambda done, of: progress(done, 2 * m, "hashing features"))
    told = lambda done, of: progress(m + m * done // max(1, of), 2 * m, "comparing samples whose hashes agree")  # noqa: E731
    yield from likely_pairs(sets, keys, floor.numerator, floor.denominator, progress=told)


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
