"""sae-greedy over a pool in shards, whoever holds them: the same picks as over the whole, ties to the lowest sample id.

Each shard sends its best rows, with what they would add, and a bound: the gain and the id of the best row that it keeps.
A gain only falls within a round, so the best row that was sent is the best of all once it comes before every bound. The
driver takes rows while that holds, then tells the shards whose bound stands in the way what is covered by now (a bitset)
and hears their next best. A row is sent once a round at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Protocol

import numpy as np

from core.selection.shard import GONE, Best, Rows, Shard

ROWS = 64  # that a shard sends at once


class Shards(Protocol):
    """Shards by their numbers, wherever they are."""

    def __len__(self) -> int: ...

    def begin(self, number: int, without: np.ndarray) -> None:
        """Begin a round in one shard, whose rows but `without` are all there again."""

    def best(self, numbers: Sequence[int], covered: np.ndarray, most: int) -> list[Best]:
        """Ask these shards at the same time; in the order of `numbers`."""


class ShardsHere:
    """Shards in this process."""

    def __init__(self, rows: Sequence[Rows]) -> None:
        self._shards = [Shard(each) for each in rows]

    def __len__(self) -> int:
        return len(self._shards)

    def begin(self, number: int, without: np.ndarray) -> None:
        self._shards[number].begin(without)

    def best(self, numbers: Sequence[int], covered: np.ndarray, most: int) -> list[Best]:
        return [self._shards[number].best(covered, most) for number in numbers]


@dataclass
class Traffic:
    """What was sent: questions to shards, in how many exchanges; bytes to them and from them; rows that came."""

    exchanges: int = 0
    questions: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    rows: int = 0


@dataclass
class Picks:
    """Rows taken one after the other: `ids`, `gains` and `rounds` int32, filled from `at` on; `covered` bool: U."""

    covered: np.ndarray
    ids: np.ndarray
    gains: np.ndarray
    rounds: np.ndarray
    at: int

    @property
    def full(self) -> bool:
        return self.at == len(self.ids)

    def take(self, sample_id: int, features: np.ndarray, number: int) -> None:
        """Take a row for its features that are new."""
        self.ids[self.at], self.gains[self.at], self.rounds[self.at] = sample_id, len(features), number
        self.covered[features] = True
        self.at += 1


def greedy_over_shards(shards: Shards, picks: Picks, *, left: int, rows: int = ROWS) -> Traffic:
    """Fill `picks` round by round, until it is full or all `left` rows of the shards are taken.

    The first round begins with what is covered already. rows: that a shard sends at once; they decide the traffic, not
    the picks.
    """
    traffic = Traffic()
    taken: list[list[int]] = [[] for _ in range(len(shards))]
    number, end = 1, min(len(picks.ids), picks.at + left)
    while picks.at < end:
        for shard, ids in enumerate(taken):
            shards.begin(shard, np.array(ids, np.int32))
            traffic.bytes_out += 4 * len(ids)
        round_ = _Round(shards, traffic, picks.covered, rows)
        while not picks.full and (best := round_.pop()) is not None:
            sample_id, features, shard = best
            picks.take(sample_id, features, number)
            taken[shard].append(sample_id)
        picks.covered[:] = False
        number += 1
    return traffic


Key = tuple[int, int]  # −gain, sample id: the smaller comes first


class _Round:
    """The rows that shards have sent in a round, and the bounds on all others."""

    def __init__(self, shards: Shards, traffic: Traffic, covered: np.ndarray, rows: int) -> None:
        self._shards, self._traffic, self._covered, self._rows = shards, traffic, covered, rows
        self._sent: list[tuple[int, int, int, np.ndarray]] = []  # a heap: −gain that it had, id, shard, what it adds
        self._bounds: list[Key] = [(-(2**62), GONE)] * len(shards)

    def pop(self) -> tuple[int, np.ndarray, int] | None:
        """The row of largest gain, what it adds, and its shard; None where none adds anything."""
        while True:
            best = self._best()
            before = [shard for shard, bound in enumerate(self._bounds) if bound < best and bound[0] < 0]
            if not before:
                break
            self._ask(before)
        if not self._sent:
            return None
        _, sample_id, shard, features = heappop(self._sent)
        return sample_id, features, shard

    def _best(self) -> Key:
        """The best of those sent, its gain of now; behind everything where there is none."""
        while self._sent:
            key, sample_id, shard, features = self._sent[0]
            new = features[~self._covered[features]]
            if len(new) == -key:
                return key, sample_id
            if len(new):
                heapreplace(self._sent, (-len(new), sample_id, shard, new))
            else:
                heappop(self._sent)
        return 0, 0

    def _ask(self, numbers: Sequence[int]) -> None:
        covered = np.packbits(self._covered)
        answers = self._shards.best(numbers, covered, self._rows)
        self._traffic.exchanges += 1
        for shard, best in zip(numbers, answers, strict=True):
            self._traffic.questions += 1
            self._traffic.bytes_out += covered.nbytes
            self._traffic.bytes_in += best.nbytes
            self._traffic.rows += len(best.ids)
            self._bounds[shard] = (-best.gain, best.sample_id)
            for k, sample_id in enumerate(best.ids.tolist()):
                features = best.indices[best.indptr[k] : best.indptr[k + 1]]
                heappush(self._sent, (-len(features), sample_id, shard, features))
