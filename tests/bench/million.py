"""The large job in a process of its own, so that its memory can be told: 1,000 of a million rows of 200 features."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

from core.selection.methods.sae_greedy import SaeGreedyOptions, rank
from tests.bench.contenders import forget_peak, peak
from tests.bench.zipf import generate, pool_of

ROWS, PER_ROW, PICKS = 1_000_000, 200, 1_000


def measure() -> dict[str, float]:
    """Seconds (median of 3), entries, and memory in GB, that of the rows included."""
    pool = pool_of(generate(ROWS, per_row=PER_ROW))
    rank(pool_of(generate(100, per_row=PER_ROW)), SaeGreedyOptions(), upto=1)  # compiles
    forget_peak()
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        rank(pool, SaeGreedyOptions(), upto=PICKS)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": median(seconds), "entries": len(pool.features.indices), "gigabytes": peak() / 1e9}


def measured() -> dict[str, float]:
    """`measure`, run apart."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.million"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(measure()))
