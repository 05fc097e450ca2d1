"""How long the search for near-copies takes, and a look at the groups.

`python -m tests.bench redundancy` takes all pairs of 15,000 and 52,000 samples, `redundancy-million` MinHash over a million.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from core.scores.feature_sets import FeatureSets
from core.scores.redundancy_null import draw_null
from core.scores.redundancy_search import BITWISE, COUNTED, JOINED, Redundancy, redundancy, seconds_of
from core.scores.redundant_groups import in_order, propose
from tests.bench.constraints import with_near_copies
from tests.bench.zipf import generate

Row = tuple[str, float, str]
FEW, ROWS, MANY = 15_000, 52_000, 1_000_000


def bench() -> Iterator[Row]:
    """Rows (what, value, note): seconds of one run, all processors, kernels compiled."""
    for way in (BITWISE, JOINED, COUNTED):
        redundancy(generate(500), way=way)  # compiles
    for rows in (FEW, ROWS):
        features = with_near_copies(generate(rows))
        found, seconds = _timed(features)
        note = _note(features, found)
        yield "redundancy, every pair", seconds, f"{note}; told beforehand {seconds_of(features):.0f} s"
        begin = time.perf_counter()
        draw_null(features, found)
        yield "redundancy, its null", time.perf_counter() - begin, "20,000 random pairs, 1,000 samples dealt anew"
        _proposed(features, found)  # compiles
        yield "redundancy, who may go at 0.8, a drag of the slider", _proposed(features, found), note
    narrow = dense(ROWS)
    found, seconds = _timed(narrow)
    yield "redundancy, every pair of dense sets", seconds, _note(narrow, found)


def million() -> Iterator[Row]:
    """The same for a million samples, by MinHash."""
    redundancy(generate(2_000), exact=False)  # compiles
    many = with_near_copies(generate(MANY, per_row=200))
    found, seconds = _timed(many)
    recall = f"; recall to expect at 0.8 {found.recall_at(0.8):.3f}"
    yield "redundancy, MinHash", seconds, _note(many, found) + recall
    yield "redundancy, who may go at 0.8, a drag of the slider", _proposed(many, found), f"{MANY:,} samples"


def dense(rows: int) -> FeatureSets:
    """Sets of about a quarter of 4,096 features, as the bundled SAE gives them at θ = 0."""
    random = np.random.default_rng(3)
    density = random.beta(0.6, 1.6, 4_096)
    own = [np.flatnonzero(random.random(4_096) < density).astype(np.int32) for _ in range(rows)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in own])]).astype(np.int64)
    return FeatureSets(indptr, np.concatenate(own), 4_096)


def _timed(features: FeatureSets) -> tuple[Redundancy, float]:
    begin = time.perf_counter()
    found = redundancy(features)
    return found, time.perf_counter() - begin


def _proposed(features: FeatureSets, found: Redundancy) -> float:
    nobody = np.zeros(features.n_samples, bool)
    places = in_order(features, features.richness, keep="longest")
    begin = time.perf_counter()
    propose(found, features, at=0.8, places=places, firm=nobody, out=nobody)
    return time.perf_counter() - begin


def _note(features: FeatureSets, found: Redundancy) -> str:
    mean = features.richness.mean()
    return f"{features.n_samples:,} samples of {mean:.0f} features; {found.pairs_at(0.8):,} pairs at 0.8"
