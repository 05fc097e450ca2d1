"""Ranking on two Ray nodes of this machine: the picks of one machine, also when the worker of a shard is killed."""

import json
import subprocess
import sys

import pytest

from tests.two_nodes import ROOT, needs_ray, two_nodes

pytestmark = [pytest.mark.slow, pytest.mark.ray, needs_ray]
# A worker is killed behind its first answer: run by itself, as a process joins one cluster in its life.
KILLED = """
import os, signal, sys
import numpy as np
from core.cluster import Cluster, joined
from core.scores.feature_sets import FeatureSets
from core.selection.ray_greedy import ShardsOnRay
from core.selection.shard import in_shards
from core.selection.sharded_greedy import Picks, ShardsHere, greedy_over_shards

rng = np.random.default_rng(1)
rows = [np.unique(rng.zipf(1.3, rng.integers(1, 40)).clip(1, 150) - 1) for _ in range(400)]
indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
features = FeatureSets(indptr, np.concatenate(rows).astype(np.int32), 150)
left = np.arange(400, dtype=np.int32)


class Killing(ShardsOnRay):
    asked = 0

    def best(self, numbers, covered, most):
        self.asked += 1
        if self.asked in (3, 20):
            self._ray.kill(self._workers[numbers[0]], no_restart=True)
        return super().best(numbers, covered, most)


def run(shards):
    picks = Picks(np.zeros(150, bool), *(np.zeros(400, np.int32) for _ in range(3)), 0)
    greedy_over_shards(shards, picks, left=400, rows=8)
    return np.stack([picks.ids, picks.gains, picks.rounds])


with joined(Cluster(sys.argv[1])) as ray:
    killing = Killing(ray, in_shards(features, left, 3))
    found = run(killing)
    assert killing.asked > 20
assert (found == run(ShardsHere(in_shards(features, left, 3)))).all()
"""


@pytest.fixture(scope="module")
def nodes():
    with two_nodes(2) as started:
        yield started


def run(words, nodes):
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=nodes.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_the_command_ranks_alike_by_either_engine(made, tmp_path, nodes):
    words = [
        "-m",
        "core",
        "--json",
        "--workspace",
        str(made.root),
        "rank",
        "made",
        "--method",
        "sae-greedy",
        "--pin",
        "5",
    ]
    here = run(words, nodes)
    for kept in made.analyses.rglob("rankings/*.parquet"):
        kept.unlink()
    there = run([*words, "--engine", "ray", "--address", nodes.address], nodes)
    assert "Ranked over 4 shards in" in there.stderr
    assert len(json.loads(here.stdout)) > 50 and there.stdout == here.stdout


def test_a_shard_whose_worker_is_killed_goes_on_elsewhere(nodes):
    run(["-c", KILLED, nodes.address], nodes)
