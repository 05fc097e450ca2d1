"""Who else can pick 1,000 rows by greedy coverage: each in a process of its own, `python -m tests.bench.contenders NAME …`.

A contender turns the compressed rows into what it needs (conversion), then picks (selection).
"""

from __future__ import annotations

import heapq
import importlib.metadata
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from core.scores.feature_sets import FeatureSets
from core.selection.methods.sae_greedy import SaeGreedyOptions, rank
from tests.bench.zipf import pool_of

MiB = 1 << 20


@dataclass(frozen=True)
class Contender:
    """convert: rows → what `pick` takes; pick: that and k → ids. package: what has to be installed; runs: of the selection."""

    title: str
    convert: Callable[[FeatureSets], Any]
    pick: Callable[[Any, int], np.ndarray]
    package: str = ""
    runs: int = 3


@dataclass(frozen=True)
class Measured:
    """Seconds, the first features reached, and how far memory rose above that of the rows, in MiB."""

    convert: float
    select: float
    reached: int
    peak: float
    first: list[int]
    version: str = ""


def measured(name: str, folder: Path, k: int) -> Measured | None:
    """A contender's figures on the rows in `folder`; None where its package is not installed."""
    if CONTENDERS[name].package:
        try:
            importlib.metadata.version(CONTENDERS[name].package)
        except importlib.metadata.PackageNotFoundError:
            return None
    words = [sys.executable, "-m", "tests.bench.contenders", name, str(folder), str(k)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def write_rows(features: FeatureSets, folder: Path) -> None:
    """Leave rows where `measured` finds them."""
    np.save(folder / "indptr.npy", features.indptr)
    np.save(folder / "indices.npy", features.indices)
    (folder / "features").write_text(str(features.n_features))


def read_rows(folder: Path) -> FeatureSets:
    """What `write_rows` left."""
    features = int((folder / "features").read_text())
    return FeatureSets(np.load(folder / "indptr.npy"), np.load(folder / "indices.npy"), features)


def _measure(name: str, folder: Path, k: int) -> Measured:
    contender, features = CONTENDERS[name], read_rows(folder)
    small = FeatureSets(np.arange(3, dtype=np.int64), np.arange(2, dtype=np.int32), features.n_features)
    contender.pick(contender.convert(small), 1)  # imports and compiles
    before = forget_peak()
    begin = time.perf_counter()
    converted = contender.convert(features)
    convert, selects = time.perf_counter() - begin, []
    for run in range(contender.runs):
        if run and contender.title in SPENT:
            converted = contender.convert(features)
        begin = time.perf_counter()
        ids = contender.pick(converted, k)
        selects.append(time.perf_counter() - begin)
    assert len(set(ids.tolist())) == k
    found = len(np.unique(np.concatenate([features.row(i) for i in ids])))
    version = importlib.metadata.version(contender.package) if contender.package else ""
    return Measured(convert, median(selects), found, (peak() - before) / MiB, [int(i) for i in ids[:20]], version)


def forget_peak() -> int:
    """Begin to watch the largest memory anew, where the system lets us; returns the memory held now, in bytes."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS") or peak()


def peak(process: int | str = "self") -> int:
    """The largest memory held since, in bytes, by this process or another."""
    return _status("VmHWM", process) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(field: str, process: int | str = "self") -> int:
    path = Path(f"/proc/{process}/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)


def _to_csc(features: FeatureSets) -> tuple[FeatureSets, Any]:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(features.indices), np.int8)
    shape = (features.n_samples, features.n_features)
    return features, csr_matrix((ones, features.indices, features.indptr), shape=shape).tocsc()


def _decrement(converted: tuple[FeatureSets, Any], k: int) -> np.ndarray:
    """Every gain kept current: covering a feature takes 1 from all rows that have it."""
    features, csc = converted
    start, owner = csc.indptr, csc.indices
    gain, covered = features.richness.copy(), np.zeros(features.n_features, bool)
    picks: list[int] = []
    while len(picks) < k:
        best = int(gain.argmax())
        if gain[best] <= 0:
            gain, covered = features.richness.copy(), np.zeros(features.n_features, bool)
            gain[picks] = -1
            continue
        row = features.row(best)
        for feature in row[~covered[row]]:
            gain[owner[start[feature] : start[feature + 1]]] -= 1
        covered[row] = True
        gain[best] = -1
        picks.append(best)
    return np.array(picks, np.int32)


def _to_sets(features: FeatureSets) -> list[set[int]]:
    return [set(features.row(i).tolist()) for i in range(features.n_samples)]


def _lazy_heap(rows: list[set[int]], k: int) -> np.ndarray:
    """Lazy greedy as one would write it: a heap of gains that were true once."""
    heap, covered, picks = [(-len(row), i) for i, row in enumerate(rows)], set(), []
    heapq.heapify(heap)
    while len(picks) < k and heap:
        _, best = heapq.heappop(heap)
        gain = len(rows[best] - covered)
        if not heap or (-gain, best) <= heap[0]:
            covered |= rows[best]
            picks.append(best)
        else:
            heapq.heappush(heap, (-gain, best))
    return np.array(picks, np.int32)


def _to_submodlib(features: FeatureSets) -> Any:
    from submodlib import SetCoverFunction

    return SetCoverFunction(features.n_samples, _to_sets(features), features.n_features)


def _submodlib(function: Any, k: int) -> np.ndarray:
    chosen = function.maximize(budget=k, optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False)
    return np.array([i for i, _ in chosen], np.int32)


def _to_apricot(features: FeatureSets) -> Any:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(features.indices), np.float64)
    return csr_matrix((ones, features.indices, features.indptr), shape=(features.n_samples, features.n_features))


def _apricot(rows: Any, k: int) -> np.ndarray:
    from apricot import MaxCoverageSelection

    return np.asarray(MaxCoverageSelection(k, threshold=1.0, optimizer="lazy").fit(rows).ranking, np.int32)


def _gamut(features: FeatureSets, k: int) -> np.ndarray:
    return rank(pool_of(features), SaeGreedyOptions(), upto=k).sample_ids


CONTENDERS = {
    "gamut": Contender("Gamut sae-greedy", lambda features: features, _gamut),
    "numpy": Contender("numpy decrement over a scipy CSC", _to_csc, _decrement),
    "heap": Contender("a heap over Python sets", _to_sets, _lazy_heap),
    "submodlib": Contender("submodlib SetCover, LazyGreedy", _to_submodlib, _submodlib, "submodlib-py"),
    "apricot": Contender("apricot MaxCoverage, lazy", _to_apricot, _apricot, "apricot-select", runs=1),
}
SPENT = ("submodlib SetCover, LazyGreedy",)  # a function remembers what it chose

if __name__ == "__main__":
    print(json.dumps(asdict(_measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))))
