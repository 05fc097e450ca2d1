"""Greedy over shards: what it sends, and what Ray adds to the time of one process. `python -m tests.bench ray`, with Ray."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from core.cluster import Cluster
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank
from core.selection.ray_greedy import rank_on
from core.selection.shard import in_shards
from core.selection.sharded_greedy import Picks, ShardsHere, Traffic, greedy_over_shards
from tests.bench.zipf import generate, pool_of

ROWS, PICKS = 52_000, 1_000
Row = tuple[str, float, str]


def bench() -> Iterator[Row]:
    """Rows (what, value, note): seconds, one thread, kernels compiled; the picks are compared with those of one process."""
    features = generate(ROWS)
    pool, options = pool_of(features), SaeGreedyOptions()
    rank(pool, options, upto=10)
    began = time.perf_counter()
    expected = rank(pool, options, upto=PICKS)
    yield (
        f"k = {PICKS:,}, one process",
        time.perf_counter() - began,
        f"{ROWS:,} rows, {len(features.indices):,} entries",
    )
    for shards in (1, 4, 16, 64):
        seconds, ids, traffic = _here(features, shards)
        assert (ids == expected.sample_ids).all()
        yield f"k = {PICKS:,}, {shards} shards in this process", seconds, _words(traffic)
    if find_spec("ray") is None:
        yield "on Ray", float("nan"), "not measured: ray is not installed (requirements-ray.txt)"
        return
    heard: list[tuple[Traffic, int]] = []
    order = rank_on(Cluster(), "sae-greedy", heard=lambda *said: heard.append(said))
    assert order is not None
    began = time.perf_counter()
    assert (order(pool, options, upto=PICKS).sample_ids == expected.sample_ids).all()
    traffic, shards = heard[0]
    yield f"k = {PICKS:,}, {shards} shards on Ray, its start included", time.perf_counter() - began, _words(traffic)


def _here(features, shards: int) -> tuple[float, np.ndarray, Traffic]:
    left = np.arange(features.n_samples, dtype=np.int32)[features.richness > 0]
    held = ShardsHere(in_shards(features, left, shards))
    picks = Picks(np.zeros(features.n_features, bool), *(np.zeros(PICKS, np.int32) for _ in range(3)), 0)
    began = time.perf_counter()
    traffic = greedy_over_shards(held, picks, left=len(left))
    return time.perf_counter() - began, picks.ids, traffic


def _words(traffic: Traffic) -> str:
    return (
        f"{traffic.exchanges} exchanges, {traffic.questions} questions, {traffic.rows:,} rows came, "
        f"{traffic.bytes_in / 1e6:.2f} MB in, {traffic.bytes_out / 1e6:.2f} MB out"
    )
