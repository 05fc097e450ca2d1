"""A pool of a million samples scored by a capability in a process of its own, so that its memory can be told: `alignment`.

States are generated in the analysis' own format, those of the bundled model's size: 8 GB of neurons and 6 GB of vectors on
disk, under the system's temporary folder. `GAMUT_BENCH_SAMPLES` asks for fewer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.files import file_hash
from core.scores.alignment import COSINE, DIFFERENCE, AlignmentSettings, alignment, projections
from core.scores.alignment_summary import summary
from core.scores.capability import Capability, Learned
from core.scores.directions import Directions
from core.scores.readings import agreement
from core.scores.target_likeness import BM25, MONA, OVERLAP, likeness
from core.store.analyses import Analysis
from core.store.blobs import to_blobs
from core.store.contents import Budgets, Shape, decide
from core.store.duck import written_database
from core.store.tables import DATABASE, FORMAT_VERSION, SCHEMAS
from tests.bench.contenders import forget_peak, peak

SAMPLES, PIECE = 1_000_000, 20_000
SHAPE = Shape(4096, layers=6, neurons=688, width=256, block=3)
WORDS, SPOKEN, ACTIVE = 8_192, 100, 40  # of the vocabulary; tokens and active features of a sample
LIMIT = 4e9
RULES = {
    "mlp, mean": AlignmentSettings(),
    "mlp, mean, layers and lengths on one scale": AlignmentSettings(layer_z=True, length_z=True),
    "residual, mean": AlignmentSettings(site="residual"),
    "residual, last": AlignmentSettings(site="residual", pooling="last"),
    "difference of means, mlp": AlignmentSettings(rule=DIFFERENCE),
    "cosine, residual": AlignmentSettings(rule=COSINE, site="residual"),
}


def bench() -> list[tuple[str, float, str]]:
    """Rows (what, seconds or GB, note): each way to score a million samples, and the most memory of all of them."""
    samples = int(os.environ.get("GAMUT_BENCH_SAMPLES", SAMPLES))
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        generate(Path(name), samples)
        took = time.perf_counter() - began
        command = [sys.executable, "-m", "tests.bench.alignment", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    rows = [
        ("generated, written as an analysis", took, f"s, {samples:,} samples, {found['disk'] / 1e9:.1f} GB on disk")
    ]
    rows += [(what, seconds, f"s, {samples:,} samples") for what, seconds in found["seconds"].items()]
    most = found["peak"]
    return [*rows, ("most memory", most / 1e9, f"GB; {'within' if most <= LIMIT else 'BEYOND'} {LIMIT / 1e9:.0f} GB")]


def generate(folder: Path, samples: int) -> None:
    """An analysis with the tables that scores are made of, written in pieces."""
    rng = np.random.default_rng(0)
    contents = decide(samples, SHAPE, Budgets(examples=0, vectors=1 << 40))
    said = {
        "id": "0123456789abcdef", "name": "generated", "dataset": "generated", "dataset_hash": "0", "content_hash": "0",
        "model": json.dumps({"ref": "generated", "sha256": "0"}), "sae": json.dumps({"ref": "generated", "sha256": "0"}),
        "settings": json.dumps({"version": 2}), "format_version": str(FORMAT_VERSION), "contents": contents.as_json(),
    }  # fmt: skip
    with written_database(folder / DATABASE) as connection:
        connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(said.items()))
        for table, columns in (("samples", _sample_rows), ("tokens", _token_rows), ("activations", _activation_rows)):
            for first in range(0, samples, PIECE):
                ids = np.arange(first, min(samples, first + PIECE), dtype=np.int32)
                _append(connection, table, columns(rng, ids))
        for table, width in (("neurons", SHAPE.neurons), ("vectors", SHAPE.width)):
            for layer in range(SHAPE.layers):
                for first in range(0, samples, PIECE):
                    ids = np.arange(first, min(samples, first + PIECE), dtype=np.int32)
                    states = [to_blobs(_halves(rng, len(ids), width)) for _ in range(1 if table == "neurons" else 2)]
                    other = [pa.nulls(len(ids), pa.binary())] if table == "neurons" else []
                    _append(connection, table, [np.full(len(ids), layer, np.int16), ids, *other, *states])


def measure(folder: Path) -> dict:
    """Seconds of each way to score, and the most memory in bytes that this process held."""
    analysis, capability = Analysis(folder), _capability(folder)
    forget_peak()
    seconds: dict[str, float] = {}
    for what, settings in RULES.items():
        seconds[what] = _timed(lambda own=settings: alignment(analysis, capability, own))
    for rule in (OVERLAP, MONA, BM25):
        seconds[rule] = _timed(lambda own=rule: likeness(analysis, capability, own))
    plain, tokens = AlignmentSettings(), analysis.counts.scored_tokens
    seconds["summary"] = _timed(lambda: summary(projections(analysis, capability, plain), tokens, plain))
    seconds["agreement of readings"] = _timed(lambda: agreement(analysis, capability))
    return {"seconds": seconds, "peak": peak(), "disk": (folder / DATABASE).stat().st_size}


def _timed(ask) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _capability(folder: Path) -> Capability:
    rng = np.random.default_rng(1)
    widths = {"mlp": SHAPE.neurons, "residual": SHAPE.width}
    drawn = {site: rng.normal(size=(SHAPE.layers, width)).astype(np.float32) for site, width in widths.items()}
    unit = {site: rows / np.linalg.norm(rows, axis=1, keepdims=True) for site, rows in drawn.items()}
    none = np.zeros(SHAPE.layers)
    directions = {site: Directions(rows, none, none, none > 0) for site, rows in unit.items()}
    learned = Learned(
        model="generated", model_sha256="0", sae_sha256="0", max_length=64, template="plain", settings={}, samples=100,
        left_out=0, sources=[],
    )  # fmt: skip
    profile = {
        "features": rng.random(SHAPE.n_features).astype(np.float32),
        "neurons": rng.random((SHAPE.layers, SHAPE.neurons)).astype(np.float32), "tokens": rng.integers(0, 9, WORDS),
    }  # fmt: skip
    file = folder / "capability"
    file.write_bytes(b"generated")
    assert file_hash(file)
    return Capability(
        name="generated", learned=learned, directions=directions, means=drawn, firsts=drawn, profile=profile, path=file
    )


def _halves(rng: np.random.Generator, rows: int, width: int) -> np.ndarray:
    """Finite float16 below 2 in size, straight from random bits."""
    bits = np.frombuffer(rng.bytes(rows * width * 2), np.uint16) & 0xBFFF
    return bits.view(np.float16).reshape(rows, width)


def _append(connection, table: str, columns: list) -> None:
    rows = pa.table(columns, schema=SCHEMAS[table])
    connection.register("rows_made", rows)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM rows_made LIMIT 0")
    connection.execute(f"INSERT INTO {table} SELECT * FROM rows_made")
    connection.unregister("rows_made")


def _sample_rows(rng: np.random.Generator, ids: np.ndarray) -> list:
    tokens = rng.integers(5, 400, len(ids), dtype=np.int32)
    none = np.zeros(len(ids), np.int32)
    return [ids, tokens, tokens, none, tokens, tokens, none, none, none]


def _token_rows(rng: np.random.Generator, ids: np.ndarray) -> list:
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * SPOKEN)
    words = pa.ListArray.from_arrays(offsets, pa.array(rng.integers(0, WORDS, len(ids) * SPOKEN, dtype=np.int32)))
    return [ids, words, pa.ListArray.from_arrays(offsets, pa.array(np.full(len(ids) * SPOKEN, 3, np.uint8)))]


def _activation_rows(rng: np.random.Generator, ids: np.ndarray) -> list:
    step = SHAPE.n_features // ACTIVE
    features = np.arange(ACTIVE) * step + rng.integers(0, step, (len(ids), ACTIVE))
    strength = rng.random(features.size, dtype=np.float32)
    ones = np.ones(features.size, np.int32)
    return [
        np.repeat(ids, ACTIVE),
        features.ravel().astype(np.int32),
        ones.astype(np.uint8),
        strength,
        strength,
        ones,
        ones,
    ]


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
