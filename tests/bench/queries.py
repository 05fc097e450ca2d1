"""What the screens ask of a finished analysis: p50 and p95 of single questions, at 16 thousand and 131 thousand features."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.store.analyses import Analysis
from core.store.dataset_tables import with_rows
from core.store.duck import written_database
from core.store.feature_table import feature_page
from core.store.finalise import FEATURES
from core.store.tables import DATABASE, FORMAT_VERSION

SAMPLES, ACTIVE, ASKED = 50_000, 220, 200  # samples, features active in each, questions of each kind


def bench() -> list[tuple[str, float, str]]:
    """Rows (question, milliseconds, note) over generated analyses: features drawn with densities as 1 / rank."""
    rows = []
    for n_features in (16_384, 131_072):
        with tempfile.TemporaryDirectory() as folder:
            _generate(Path(folder), n_features)
            rows += _ask(Analysis(Path(folder)), n_features)
    return rows


def _ask(analysis: Analysis, n_features: int) -> list[tuple[str, float, str]]:
    rng = np.random.default_rng(1)
    kinds: dict[str, Callable[[], object]] = {
        "features of a sample": lambda: analysis.features_of(int(rng.integers(SAMPLES))),
        "top samples of a feature": lambda: analysis.strongest_of(int(n_features ** rng.random()) - 1),
        "page of the feature table": lambda: feature_page(analysis, offset=100 * int(rng.integers(n_features // 200))),
    }
    rows = []
    for kind, question in kinds.items():
        question()
        times = []
        for _ in range(ASKED):
            began = time.perf_counter()
            question()
            times.append(1000 * (time.perf_counter() - began))
        note = f"{n_features} features, {SAMPLES} samples × {ACTIVE}, {ASKED} questions"
        rows += [(f"{kind}: p50, ms", float(np.percentile(times, 50)), note)]
        rows += [(f"{kind}: p95, ms", float(np.percentile(times, 95)), note)]
    return rows


def _generate(folder: Path, n_features: int) -> None:
    rng = np.random.default_rng(0)
    with written_database(folder / DATABASE) as made:
        made.execute(f"CREATE TABLE samples AS SELECT range::INTEGER AS sample_id FROM range({SAMPLES})")
        made.execute(
            "CREATE TABLE activations (sample_id INTEGER, feature_id INTEGER, side UTINYINT, max FLOAT, sum FLOAT, "
            "count INTEGER, position INTEGER)"
        )
        for first in range(0, SAMPLES, 5_000):
            with_rows(made, _rows(rng, first, n_features), "INSERT INTO activations SELECT * FROM new_rows")
        made.execute(
            "CREATE TABLE activations_by_feature AS SELECT * FROM activations ORDER BY feature_id, sample_id, side"
        )
        made.execute(FEATURES, [n_features])
        made.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
        made.execute("INSERT INTO meta VALUES ('format_version', ?)", [str(FORMAT_VERSION)])


def _rows(rng: np.random.Generator, first: int, n_features: int) -> pa.Table:
    """Activations of 5,000 samples: about as many features each as real text lights, common ones in most samples."""
    drawn = np.minimum(n_features ** rng.random((5_000, ACTIVE)), n_features - 1).astype(np.int32)
    sample = np.repeat(np.arange(first, first + 5_000, dtype=np.int32), ACTIVE)
    pairs = np.unique(sample.astype(np.int64) * n_features + drawn.ravel())
    n = len(pairs)
    strength = rng.exponential(size=n).astype(np.float32)
    columns = [
        (pairs // n_features).astype(np.int32), (pairs % n_features).astype(np.int32), rng.integers(0, 2, n).astype(np.uint8),
        strength, strength * 2, np.full(n, 2, np.int32), rng.integers(0, 400, n).astype(np.int32),
    ]  # fmt: skip
    return pa.table(columns, names=["sample_id", "feature_id", "side", "max", "sum", "count", "position"])
