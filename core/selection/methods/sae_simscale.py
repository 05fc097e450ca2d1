"""sae-simscale: walk from the richest sample down and take each that is not too similar to what is taken.

Order by |F(i)| descending; take i if sim(i, S) < τ; at the end of a pass S is emptied and a new round walks what is left.
sim: pool |F(i) ∩ U| / |F(i)| with U the features of S · jaccard and cosine the largest with any sample of S.
Source: SAE-SimScale, arXiv 2502.14050, as we read it.

A second pass of the same round would take nobody, as similarity to S only grows with S: a round is one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.selection.cosine import Cosine
from core.selection.method import Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_in_rounds
from core.selection.similarity import Alike, Jaccard, Union

STEPS = 1000  # a fitted τ is a whole number of thousandths, so it can be typed in again


@dataclass(frozen=True, kw_only=True)
class SaeSimscaleOptions:
    similarity: str = option(
        "pool",
        "pool: share of a row's features that the rows taken have together; jaccard: largest overlap with one row taken; "
        "cosine: of the strengths, with one row taken",
        label="Similarity",
        choices=("pool", "jaccard", "cosine"),
        words=("share the rows taken have together", "Jaccard with one row taken", "cosine with one row taken"),
    )
    tau: float = option(0.8, "a row is taken below this similarity", label="Threshold τ", low=0.001, high=1)
    fit: int = option(
        0,
        "find the smallest τ with which so many rows pass in round 1, by bisection; 0 keeps τ",
        label="Fit τ to this many",
        unit="rows",
        low=0,
    )


def rank(pool: Pool, options: SaeSimscaleOptions, *, upto: int | None = None) -> Ranking:
    """Pins (which are in S of round 1, with the base), then the rows as they pass, round by round.

    Samples without an active feature come last, in id order, in the round of the one before.
    """
    stop = pool.available if upto is None else min(upto, pool.available)
    most = max(0, stop - len(pool.pins))
    walk, empty = _walk(pool)
    similar = _similar(pool, options.similarity)
    tau = fitted_tau(pool, options) if options.fit else _exactly(options.tau)
    ids: list[np.ndarray] = []
    rounds: list[np.ndarray] = []
    number, done = 1, 0
    there = np.concatenate([pool.base, pool.pins])
    while len(walk) and done < most:
        taken = similar.take(walk, there, tau, most - done)
        ids.append(walk[taken])
        rounds.append(np.full(len(ids[-1]), number, np.int32))
        done += len(ids[-1])
        walk, there, number = walk[~taken], there[:0], number + 1
    rounds.append(np.full(len(empty), max([1, *(own[-1] for own in rounds if len(own))]), np.int32))
    return ranking_in_rounds(pool, np.concatenate([*ids, empty]), np.concatenate(rounds), upto)


def fitted_tau(pool: Pool, options: SaeSimscaleOptions) -> Fraction:
    """The τ in thousandths with which `fit` rows, pins among them, pass in round 1; 1 where no τ lets so many pass."""
    walk, _ = _walk(pool)
    similar = _similar(pool, options.similarity)
    there = np.concatenate([pool.base, pool.pins])
    most = max(0, options.fit - len(pool.pins))
    low, high = 1, STEPS
    while low < high:
        middle = (low + high) // 2
        if np.count_nonzero(similar.take(walk, there, Fraction(middle, STEPS), most)) >= most:
            high = middle
        else:
            low = middle + 1
    return Fraction(low, STEPS)


def _walk(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """The candidates with features, richest first, and those without, both int32."""
    richness = pool.features.richness[pool.candidates]
    order = np.argsort(-richness, kind="stable")
    some = int(np.count_nonzero(richness))
    return pool.candidates[order[:some]], pool.candidates[richness == 0]


def _similar(pool: Pool, name: str) -> Alike:
    if name == "cosine":
        return Cosine(pool.features, pool.known.strengths)
    return Union(pool.features) if name == "pool" else Jaccard(pool.features)


def _exactly(tau: float) -> Fraction:
    return Fraction(str(float(tau)))  # as typed: in floats 0.8 · 5 rows of 10 can fall on either side


METHOD = Method(
    name="sae-simscale",
    title="SAE-SimScale",
    summary="Walks from the richest sample down and takes each that is not too similar to those taken already.",
    source="Diversity-driven Data Selection through Sparse Autoencoder, arXiv 2502.14050",
    notes=(
        "[paper] Scale the selection up while keeping samples dissimilar; the algorithm's text was not available to us.",
        "[choice] Similarity: the share of a row's features that the rows taken have together; or the largest Jaccard "
        "or cosine with one of them.",
        "[choice] τ = 0.8. A round is one pass; when it is over, nothing counts as taken and a new round walks what is left.",
        "[choice] With “pool” a round runs dry after about a hundredth of the rows: the rounds decide most of the result.",
        "[choice] fit: the smallest τ (in thousandths) that lets so many rows pass in round 1; a ranking fitted to one "
        "budget is not the ranking of another.",
        "[choice] Ties go to the lowest sample id; samples without an active feature come last, in id order.",
    ),
    options=SaeSimscaleOptions,
    rank=rank,
    group="main",
)
