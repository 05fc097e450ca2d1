"""sae-greedy: take the sample that adds the most features not covered yet; start over when nothing adds any.

i* = argmax |F(i) \\ U|, U ← U ∪ F(i*); when the largest gain is 0, U ← {} and a new round begins.
Source: SAE-GreedSelect, arXiv 2502.14050.

Exact, in two halves. Every gain is kept current: covering a feature takes 1 from each row that has it, so an
entry is touched once a round. The argmax is a sweep over levels: rows wait in buckets by a gain they once
had; the sweep goes down, takes a row whose gain still equals the level, drops others to the bucket of theirs.
Lists of who has a feature are made once for round 1, of what its first pick leaves uncovered (that is much less, as
the richest row has the commonest features), and once for all later rounds.
Why ties are exact: drops go to strictly lower levels, so a bucket is complete when the sweep reaches it, then
sorted by id; a row passed over had less than the level, and gains only fall within a round.
The kernels loop where numpy has a word for it: numba takes seconds to compile its array functions, once, but that once
is a user's first look at the app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.feature_weights import (
    RARITY,
    RARITY_HELP,
    RARITY_LABEL,
    RARITY_WORDS,
    counting,
    only,
    rarity_weights,
    rows_with,
    worth,
)
from core.selection.method import SCORE, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, gains_along, ranking_in_rounds
from core.selection.weighted_greedy import weighted_greedy

# (features, left, covered, ids, gains, rounds, at) → end: picks of `left` (int32, ascending, none empty) are filled in from
# `at` on, round by round, until `ids` is full or `left` is used up; covered: bool (m), U of round 1, changed.
Order = Callable[[FeatureSets, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], int]
TAKEN = -(2**30)  # the gain of a chosen row: so low that no lowering or comparison ever brings it back


@dataclass(frozen=True, kw_only=True)
class SaeGreedyOptions:
    per_token: bool = option(
        False,
        "gain per token of the conversation instead of gain per row: under a token budget long rows lose their lead",
        label="Gain per token",
    )
    wanted: int = option(
        1,
        "how many rows of a round should have each feature",
        label="Rows wanted per feature",
        unit="rows",
        low=1,
        high=1000,
    )
    support: int = option(
        1,
        "a feature counts when at least this many rows that repeat no other have it",
        label="Rows that must have a feature",
        unit="rows",
        low=1,
    )
    rarity: str = option("equal", RARITY_HELP, label=RARITY_LABEL, choices=RARITY, words=RARITY_WORDS)
    weight: str = option(
        "", "a column of numbers that multiplies a row's gain; rows without a value come last", label="Multiply gains by",
        names=SCORE,
    )  # fmt: skip
    target: str = option(
        "",
        "only features that this activates count: column=value, group:NAME, analysis:NAME, selection:NAME or features:NAME",
        label="Cover only what this activates",
    )
    one_pass: bool = option(
        False,
        "walk once a round by the number of features, taking whatever adds one (#InsTag); at small budgets this is richest",
        label="One pass, richest first",
    )


def rank(pool: Pool, options: SaeGreedyOptions, *, upto: int | None = None, order: Order | None = None) -> Ranking:
    """Pins (which seed U of round 1, with the base), then the greedy order.

    Samples without any feature that counts come last, in id order, in the round of the one before. `order`: who finds the
    picks where every feature counts alike, this process by default; other options are refused for any other.
    """
    features = only(pool.features, counting(pool, support=options.support, target=options.target))
    if order and not _plain(options):
        raise GamutError(
            "--engine ray ranks by sae-greedy where every feature counts alike, once, a row; leave out per_token, wanted, "
            "rarity, weight and one_pass, or the engine."
        )
    if _plain(options):
        ranking = _rank_plain(pool, features, upto, order or _order_here)
        if features is pool.features:
            return ranking
        ids, rounds = ranking.sample_ids[ranking.pinned :], ranking.rounds[ranking.pinned :]
        return ranking_in_rounds(pool, ids, rounds, upto)
    stop = pool.available if upto is None else min(upto, pool.available)
    cost = np.maximum(pool.conversation_tokens, 1) if options.per_token else np.ones(pool.n_samples)
    ids, rounds = weighted_greedy(
        features,
        pool.candidates,
        weights=rarity_weights(features, options.rarity),
        cost=cost.astype(np.int64),
        worth=worth(pool, options.weight) if options.weight else np.ones(pool.n_samples, np.int64),
        wanted=options.wanted,
        before=rows_with(features, _marked(pool)),
        most=max(0, stop - len(pool.pins)),
        one_pass=options.one_pass,
    )
    return ranking_in_rounds(pool, ids, rounds, upto)


def _plain(options: SaeGreedyOptions) -> bool:
    """Whether every feature counts alike, once, a row: the case that the kernels below are made for."""
    others = (options.per_token, options.weight, options.one_pass)
    return not any(others) and options.wanted == 1 and options.rarity == "equal"


def _marked(pool: Pool) -> np.ndarray:
    """What counts as there before the first pick, bool (n): base and pins."""
    there = np.zeros(pool.n_samples, bool)
    there[pool.base] = there[pool.pins] = True
    return there


def _rank_plain(pool: Pool, features: FeatureSets, upto: int | None, order: Order) -> Ranking:
    stop = pool.available if upto is None else min(upto, pool.available)
    pinned = min(len(pool.pins), stop)
    ids, gains, rounds = np.empty(stop, np.int32), np.zeros(stop, np.int32), np.ones(stop, np.int32)
    ids[:pinned] = pool.pins[:pinned]
    gains[:pinned], covered = gains_along(features, ids[:pinned], base=pool.base)
    richness = features.richness[pool.candidates]
    left, empty = pool.candidates[richness > 0], pool.candidates[richness == 0]
    done = pinned
    if stop > pinned and len(left):
        done = order(features, left, covered, ids, gains, rounds, pinned)
        rounds[done:] = rounds[done - 1]
    ids[done:] = empty[: stop - done]
    return Ranking(ids, gains, rounds, pinned, pool.base)


def _order_here(features: FeatureSets, left, covered, ids, gains, rounds, at: int) -> int:
    return _order(features.indptr, features.indices, left, covered, ids, gains, rounds, at)


class _State(NamedTuple):
    """What changes as rows are taken. n: rows, m: features, e: entries of the rows to choose from."""

    indptr: np.ndarray  # the feature sets, by row
    indices: np.ndarray
    covered: np.ndarray  # bool (m): U
    first: np.ndarray  # (m + 1), end (m): owner[first[j] : end[j]] are the rows that have j, ascending …
    end: np.ndarray
    owner: np.ndarray  # … (e) less most of the rows taken
    owners: np.ndarray  # (m): how many rows not taken have j, as of the round's beginning
    gain: np.ndarray  # (n): exact, or far below 0 once taken
    after: np.ndarray  # (n): the next row in the same bucket, −1 at its end


@njit(cache=True, nogil=True)
def _order(indptr, indices, left, covered, ids, gains, rounds, at):
    """All rounds, until `ids` is full or `left` (ascending, none empty) is used up; returns the end."""
    if not covered.any():
        at, left = _richest(indptr, indices, left, covered, ids, gains, at)
    if at == ids.size or left.size == 0:
        return at
    state = _start(indptr, indices, left, covered)
    at = _one_round(state, left, _owned(state), ids, gains, at)
    left = _not_taken(state, left)
    if at == ids.size or left.size == 0:
        return at
    for feature in range(covered.size):
        covered[feature] = False
    return _rounds(_start(indptr, indices, left, covered), left, ids, gains, rounds, at)


@njit(cache=True, nogil=True)
def _richest(indptr, indices, left, covered, ids, gains, at):
    """Takes the first pick of all, where nothing is covered; returns the end and who is left."""
    best, most = 0, -1
    for k in range(left.size):
        size = indptr[left[k] + 1] - indptr[left[k]]
        if size > most:  # the first of several
            best, most = k, size
    ids[at], gains[at] = left[best], most
    for e in range(indptr[left[best]], indptr[left[best] + 1]):
        covered[indices[e]] = True
    others = np.empty(left.size - 1, np.int32)
    for k in range(others.size):
        others[k] = left[k + (k >= best)]
    return at + 1, others


@njit(cache=True, nogil=True)
def _start(indptr, indices, left, covered):
    """The state within a round: who has each feature that is not covered yet, and gains."""
    first = np.zeros(covered.size + 1, np.int64)
    for row in left:
        for e in range(indptr[row], indptr[row + 1]):
            first[indices[e] + 1] += not covered[indices[e]]
    owners, end = np.empty(covered.size, np.int64), np.empty(covered.size, np.int64)
    for feature in range(covered.size):
        owners[feature] = first[feature + 1]
        first[feature + 1] += first[feature]
        end[feature] = first[feature]
    owner = np.empty(first[covered.size], np.int32)
    gain = np.empty(indptr.size - 1, np.int32)
    for row in range(gain.size):
        gain[row] = TAKEN
    for row in left:
        gain[row] = 0
        for e in range(indptr[row], indptr[row + 1]):
            feature = indices[e]
            if not covered[feature]:
                owner[end[feature]] = row
                end[feature] += 1
                gain[row] += 1
    return _State(indptr, indices, covered, first, end, owner, owners, gain, np.empty_like(gain))


@njit(cache=True, nogil=True)
def _rounds(state, left, ids, gains, rounds, at):
    """Round after round from the second until `ids` is full or `left` (ascending, none empty) is used up; returns the end.

    Nothing is covered at the beginning.
    """
    uncovered = live = _owned(state)
    number = 2
    while True:
        begin = at
        at = _one_round(state, left, uncovered, ids, gains, at)
        for k in range(begin, at):
            rounds[k] = number
        left = _not_taken(state, left)
        if at == ids.size or left.size == 0:
            return at
        for k in range(begin, at):
            live -= _disown(state, ids[k])
        for row in left:
            state.gain[row] = state.indptr[row + 1] - state.indptr[row]
        for feature in range(state.covered.size):
            state.covered[feature] = False
        uncovered = live
        number += 1


@njit(cache=True, nogil=True)
def _owned(state):
    """How many features a row not taken has."""
    count = 0
    for feature in range(state.owners.size):
        count += state.owners[feature] > 0
    return count


@njit(cache=True, nogil=True)
def _not_taken(state, left):
    """Who of `left` is not taken yet: int32, ascending."""
    kept = np.empty(left.size, np.int32)
    count = 0
    for row in left:
        if state.gain[row] >= 0:
            kept[count] = row
            count += 1
    return kept[:count]


@njit(cache=True, nogil=True)
def _one_round(state, left, uncovered, ids, gains, at):
    """Sweeps the levels downward once; returns the new end. uncovered: features that `left` could add."""
    gain, after = state.gain, state.after
    head = _fill_buckets(left, gain, after)
    for level in range(head.size - 1, 0, -1):
        for row in _bucket_by_id(head[level], after):
            if uncovered == 0 or at == ids.size:  # nothing adds any more: do not sweep the levels below
                return at
            if gain[row] < level:
                after[row], head[gain[row]] = head[gain[row]], row
                continue
            ids[at], gains[at], gain[row] = row, level, TAKEN
            at += 1
            uncovered -= level
            _cover(state, row, uncovered > 0)
    return at


@njit(cache=True, nogil=True)
def _cover(state, row, lower_gains):
    """U ← U ∪ F(row); the rows that share what was new gain less (not needed when the round is over)."""
    for e in range(state.indptr[row], state.indptr[row + 1]):
        feature = state.indices[e]
        if not state.covered[feature]:
            state.covered[feature] = True
            if lower_gains:
                state.end[feature] = _lower(state.owner, state.first[feature], state.end[feature], state.gain)


@njit(cache=True, nogil=True)
def _lower(owner, first, end, gain):
    """Takes 1 from the gain of every owner and drops the taken ones from the list; returns its new end."""
    place = first
    for o in range(first, end):
        row = owner[o]
        gain[row] -= 1
        owner[place] = row
        place += gain[row] >= 0
    return place


@njit(cache=True, nogil=True)
def _disown(state, row):
    """Counts a taken row out of the owners of its features; returns how many features nobody has any more."""
    lost = 0
    for e in range(state.indptr[row], state.indptr[row + 1]):
        state.owners[state.indices[e]] -= 1
        lost += state.owners[state.indices[e]] == 0
    return lost


@njit(cache=True, nogil=True)
def _fill_buckets(left, gain, after):
    """One linked list a level: head[level] is its first row (−1: none), after[row] the next."""
    most = 0
    for row in left:
        most = max(most, gain[row])
    head = np.empty(most + 1, np.int32)
    for level in range(head.size):
        head[level] = -1
    for row in left:
        after[row], head[gain[row]] = head[gain[row]], row
    return head


@njit(cache=True, nogil=True)
def _bucket_by_id(row, after):
    """The rows of the list that begins with `row`: int32, ascending."""
    size, walk = 0, row
    while walk >= 0:
        walk, size = after[walk], size + 1
    bucket = np.empty(size, np.int32)
    sorted_already = True
    for k in range(size - 1, -1, -1):  # from the back: lists grow at the front, mostly by ascending id
        bucket[k] = row
        sorted_already &= k == size - 1 or row < bucket[k + 1]
        row = after[row]
    if not sorted_already:
        bucket.sort()
    return bucket


METHOD = Method(
    name="sae-greedy",
    title="SAE-GreedSelect",
    summary="Takes the sample that adds the most features not covered yet; starts over when none adds any.",
    source="Diversity-driven Data Selection through Sparse Autoencoder, arXiv 2502.14050",
    notes=(
        "[paper] Greedy on the number of newly activated features; exact here, not sampled.",
        "[choice] When nothing adds a feature, the covered set is emptied and a new round begins.",
        "[choice] What the base covers is covered when round 1 begins; later rounds begin empty.",
        "[choice] Ties go to the lowest sample id; samples without an active feature come last, in id order.",
        "[choice] Per token: gain / conversation tokens, compared as exact fractions. Row-greedy likes long rows; this one "
        "likes short ones, so look at the rows it takes first.",
        "[choice] Wanted m: a feature is covered once m rows of the round have it (m-cover).",
        "[choice] Support, target: other features do not count at all; the gain shown counts every feature, as ever.",
        "[choice] Rarity: idf, 1 + ln(n / rows), in whole thousandths, or the number of rows itself.",
        "[choice] Weight: the score over its largest value, in millionths; missing counts as 0.",
        "[choice] One pass (#InsTag): at small budgets it takes the richest rows, as almost any row adds something.",
        "[choice] A feature is active above its own quantile; the paper uses one θ = 10 for its own SAE.",
    ),
    options=SaeGreedyOptions,
    rank=rank,
    group="main",
)
