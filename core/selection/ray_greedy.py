"""sae-greedy with its shards on the machines of a Ray cluster; the picks are those of one machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from core.cluster import Cluster, joined
from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.method import Rank
from core.selection.methods import sae_greedy
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.shard import Best, Rows, Shard, in_shards
from core.selection.sharded_greedy import Picks, Traffic, greedy_over_shards

DEATHS = 5  # of one shard in a row: what kills that often is its size

Heard = Callable[[Traffic, int], None]  # what was sent, over how many shards


def rank_on(cluster: Cluster | None, method: str, *, heard: Heard = lambda traffic, shards: None) -> Rank | None:
    """How the cluster ranks by a method, None without a cluster; raises `GamutError` for a method it does not rank by."""
    if cluster is None:
        return None
    if method != sae_greedy.METHOD.name:
        raise GamutError(
            f"--engine ray ranks by {sae_greedy.METHOD.name} only; {method} runs on this machine: leave the engine out."
        )

    def rank(pool: Pool, options: Any, *, upto: int | None = None) -> Ranking:
        with joined(cluster) as ray:
            return sae_greedy.rank(pool, options, upto=upto, order=_order(ray, cluster, heard))

    return rank


def _order(ray: ModuleType, cluster: Cluster, heard: Heard) -> sae_greedy.Order:
    room = sum(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])
    if not room:
        raise GamutError("The Ray cluster has no processor to give away; start it with --num-cpus 1 or more.")

    def order(features: FeatureSets, left, covered, ids, gains, rounds, at: int) -> int:
        picks = Picks(covered, ids, gains, rounds, at)
        shards = ShardsOnRay(ray, in_shards(features, left, min(room, cluster.workers or room)))
        heard(greedy_over_shards(shards, picks, left=len(left)), len(shards))
        return picks.at

    return order


class ShardsOnRay:
    """A worker a shard. One that dies is started anew, with its rows less those that were taken or sent in the round."""

    def __init__(self, ray: ModuleType, rows: Sequence[Rows]) -> None:
        self._ray = ray
        self._rows = [ray.put(each) for each in rows]
        self._worker = ray.remote(num_cpus=1)(ShardWorker)
        self._workers = [self._worker.remote(each) for each in self._rows]
        self._gone: list[list[np.ndarray]] = [[] for _ in rows]  # of each shard: ids that are not to be sent again

    def __len__(self) -> int:
        return len(self._rows)

    def begin(self, number: int, without: np.ndarray) -> None:
        self._gone[number] = [without]
        self._workers[number].begin.remote(without)  # what is asked of a worker is done in order

    def best(self, numbers: Sequence[int], covered: np.ndarray, most: int) -> list[Best]:
        asked = [self._workers[number].best.remote(covered, most) for number in numbers]
        answers = [self._answer(number, waiting, covered, most) for number, waiting in zip(numbers, asked, strict=True)]
        for number, best in zip(numbers, answers, strict=True):
            self._gone[number].append(best.ids)
        return answers

    def _answer(self, number: int, waiting: Any, covered: np.ndarray, most: int) -> Best:
        for _ in range(DEATHS):
            try:
                return self._ray.get(waiting)
            except self._ray.exceptions.RayActorError:
                worker = self._workers[number] = self._worker.remote(self._rows[number])
                worker.begin.remote(np.concatenate(self._gone[number]))
                waiting = worker.best.remote(covered, most)
        raise GamutError(
            f"The worker of a shard died {DEATHS} times, most likely for want of memory; use more machines, or leave the "
            "engine out."
        )


class ShardWorker(Shard):
    """A shard on some machine; under this name in the list of its processes."""
