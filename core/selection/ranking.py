"""An order of samples with what each pick added, and the questions one can put to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.pool import Pool


@dataclass(frozen=True, eq=False)
class Ranking:
    """The first k samples by one method; its first j are the ranking of length j.

    sample_ids: int32 (k), pins first in the order given; pinned: how many lead.
    gains: int32 (k), |F(i) \\ U| when i was taken, U being the features covered so far in the pick's round.
    rounds: int32 (k), from 1. U is empty when a round begins; pins belong to round 1. Methods without rounds
    have round 1 throughout, so their gains run along the whole order. base: int32, samples that were there before:
    U of round 1 begins with what they cover.

    Constraints filter the ranking of the method: each pick keeps its round there, gains are counted anew along the final
    order. floor: how many picks behind the pins fill floors; left_out: what passed over how many rows, in words;
    complete: nothing more can be taken, however large the budget.
    """

    sample_ids: np.ndarray
    gains: np.ndarray
    rounds: np.ndarray
    pinned: int
    base: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    floor: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    complete: bool = False

    def __len__(self) -> int:
        return len(self.sample_ids)

    def head(self, k: int) -> Ranking:
        """The first k picks."""
        if k >= len(self):
            return self
        return replace(
            self,
            sample_ids=self.sample_ids[:k],
            gains=self.gains[:k],
            rounds=self.rounds[:k],
            pinned=min(self.pinned, k),
            complete=False,
        )


def largest_first(left_out: tuple[tuple[str, int], ...], *, named: int = 5) -> tuple[tuple[str, int], ...]:
    """What passed over how many rows, for a sentence: those of the most rows, and all others as one."""
    further = left_out[named:]
    if len(further) < 2:
        return left_out
    return (*left_out[:named], (f"{len(further)} further limits", sum(rows for _, rows in further)))


def ranking_at(features: FeatureSets, ranking: Ranking, places: np.ndarray) -> Ranking:
    """Some places of a ranking, ascending, as a ranking of their own; its head where they are its first ones."""
    if len(places) == 0 or places[-1] == len(places) - 1:
        return ranking.head(len(places))
    ids, rounds = ranking.sample_ids[places], ranking.rounds[places]
    gains = gains_in_rounds(features, ids, rounds, base=ranking.base)
    pinned = int(np.count_nonzero(places < ranking.pinned))
    return replace(ranking, sample_ids=ids, gains=gains, rounds=rounds, pinned=pinned, complete=False)


def ranking_along(pool: Pool, candidates: np.ndarray, upto: int | None) -> Ranking:
    """The ranking of a method without rounds: pins, then `candidates` (int32) in the order given."""
    order = np.concatenate([pool.pins, candidates])[:upto].astype(np.int32)
    gains = gains_along(pool.features, order, base=pool.base)[0]
    return Ranking(order, gains, np.ones(len(order), np.int32), min(len(pool.pins), len(order)), pool.base)


def ranking_in_rounds(pool: Pool, candidates: np.ndarray, rounds: np.ndarray, upto: int | None) -> Ranking:
    """The ranking of a method with rounds: pins, then `candidates` in the order given; rounds: int32, theirs, from 1."""
    order = np.concatenate([pool.pins, candidates])[:upto].astype(np.int32)
    numbers = np.concatenate([np.ones(len(pool.pins)), rounds])[:upto].astype(np.int32)
    gains = gains_in_rounds(pool.features, order, numbers, base=pool.base)
    return Ranking(order, gains, numbers, min(len(pool.pins), len(order)), pool.base)


def ranking_by_score(pool: Pool, score: np.ndarray, upto: int | None) -> Ranking:
    """Candidates by descending integer score (n), ties to the lowest sample id."""
    candidates = pool.candidates
    best_first = np.argsort(-score[candidates].astype(np.int64), kind="stable")
    return ranking_along(pool, candidates[best_first], upto)


def in_turn(orders: list[np.ndarray]) -> np.ndarray:
    """Orders of the same ids merged: each in turn gives its first id that is not taken yet, int32."""
    if len(orders) == 1:
        return orders[0]
    taken: set[int] = set()
    merged: list[int] = []
    waiting = [iter(order.tolist()) for order in orders]
    while len(merged) < len(orders[0]):
        for order in waiting:
            found = next((sample for sample in order if sample not in taken), None)
            if found is not None:
                taken.add(found)
                merged.append(found)
    return np.array(merged, np.int32)


def gains_along(
    features: FeatureSets, order: np.ndarray, *, base: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """How many new features each row of `order` brings to those of `base`, int32 (k), and what is covered then, bool."""
    covered = np.zeros(features.n_features, np.bool_)
    if base is not None:
        _cover(features.indptr, features.indices, np.ascontiguousarray(base, np.int32), covered)
    gains = _cover(features.indptr, features.indices, np.ascontiguousarray(order, np.int32), covered)
    return gains, covered


def gains_in_rounds(features: FeatureSets, order: np.ndarray, rounds: np.ndarray, *, base: np.ndarray) -> np.ndarray:
    """What each row of `order` adds to the earlier ones of its own round, and in round 1 to `base`: int32 (k)."""
    by_round = np.argsort(rounds, kind="stable")
    covered_in = np.zeros(features.n_features, np.int32)  # the last round that covered a feature
    covered_in[gains_along(features, base)[1]] = 1
    gains = np.empty(len(order), np.int32)
    gains[by_round] = _cover_in_rounds(features.indptr, features.indices, order[by_round], rounds[by_round], covered_in)
    return gains


def newly_covered(features: FeatureSets, ranking: Ranking, position: int) -> np.ndarray:
    """What the pick at `position` (from 0) was the first of its round to cover: int32, ascending ids."""
    if not 0 <= position < len(ranking):
        raise GamutError(f"Place {position} was asked for; this ranking has places 0 to {len(ranking) - 1}.")
    earlier = ranking.sample_ids[:position][ranking.rounds[:position] == ranking.rounds[position]]
    covered = gains_along(features, earlier, base=ranking.base if ranking.rounds[position] == 1 else None)[1]
    row = features.row(ranking.sample_ids[position])
    return row[~covered[row]]


def covered_by(features: FeatureSets, ranking: Ranking, *, upto: int, sample_id: int) -> list[tuple[int, int]]:
    """Who of the first `upto` picks covers a left-out sample: (chosen sample, features), earliest first.

    Each feature is credited to the first chosen sample that has it, whatever the round, so the counts add up
    to the features of `sample_id` that the selection has; |F| less that sum is what the selection lacks. Features that
    the base has are credited to nobody: see `covered_by_base`.
    """
    chosen = ranking.sample_ids[:upto]
    place = np.flatnonzero(chosen == sample_id)
    if place.size:
        raise GamutError(f"Sample {sample_id} is in the selection, at place {place[0]}; ask about one left out.")
    wanted = np.zeros(features.n_features, np.bool_)
    wanted[features.row(sample_id)] = True
    wanted &= ~gains_along(features, ranking.base)[1]
    credit = _cover(features.indptr, features.indices, np.ascontiguousarray(chosen, np.int32), ~wanted)
    return [(int(chosen[k]), int(credit[k])) for k in np.flatnonzero(credit)]


def covered_by_base(features: FeatureSets, ranking: Ranking, sample_id: int) -> int:
    """How many features of a sample the base has already."""
    return int(gains_along(features, ranking.base)[1][features.row(sample_id)].sum())


@njit(cache=True, nogil=True)
def _cover(indptr, indices, order, covered):
    """Adds the rows of `order` to `covered` (bool, changed in place); returns what each one added."""
    gains = np.zeros(order.size, np.int32)
    for k in range(order.size):
        for e in range(indptr[order[k]], indptr[order[k] + 1]):
            gains[k] += not covered[indices[e]]
            covered[indices[e]] = True
    return gains


@njit(cache=True, nogil=True)
def _cover_in_rounds(indptr, indices, order, rounds, covered_in):
    """What each row of `order` added to those before it in its round; `rounds` ascend."""
    gains = np.zeros(order.size, np.int32)
    for k in range(order.size):
        for e in range(indptr[order[k]], indptr[order[k] + 1]):
            gains[k] += covered_in[indices[e]] != rounds[k]
            covered_in[indices[e]] = rounds[k]
    return gains
