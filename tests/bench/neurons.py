"""The heatmap of a large model: means, spread and chance of two groups of 32 × 14,336 neurons, and its cells."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.scores.heatmap import cells_of, ranks, whole_window
from core.scores.neuron_means import DRAWS, means_of_groups, two_groups

LAYERS, NEURONS, SAMPLES, PIECE = 32, 14_336, 1_000, 500


def bench() -> list[tuple[str, float, str]]:
    """Rows (what, seconds, note) on generated float16 means in a file: as many as the default budget keeps of such a model."""
    with tempfile.TemporaryDirectory() as folder:
        rows = np.memmap(Path(folder) / "rows", np.float16, "w+", shape=(LAYERS, SAMPLES, NEURONS))
        rng = np.random.default_rng(0)
        for layer in range(LAYERS):
            rows[layer] = rng.normal(size=(SAMPLES, NEURONS)).astype(np.float16)
        code = rng.integers(0, 20, SAMPLES)
        sizes = np.bincount(code, minlength=20).reshape(10, 2)
        weights = two_groups(code, sizes)

        def pieces(layer: int):
            yield from np.split(rows[layer], SAMPLES // PIECE)

        found, seconds = _timed(lambda: means_of_groups(pieces, LAYERS, weights, compared=True))
        note = f"{LAYERS} × {NEURONS}, {SAMPLES} samples, {DRAWS} random pairs"
        said = [("neurons of two groups with spread and chance, s", seconds, note)]
        values = found.a - found.b
        _, seconds = _timed(lambda: (cells_of(values, whole_window(values)), ranks(values)))
        return [*said, ("cells and ranks of the whole model, s", seconds, f"{LAYERS} × {NEURONS}")]


def _timed(work: Callable[[], object]):
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began
