"""A pool of a million samples scored by a capability in processes of their own, so that their memory can be told: `alignment`.

States are generated in the analysis' own format, those of the bundled model's size, under the system's temporary folder:
first the neurons (8.4 GB), which are scored and removed, then the vectors with what is said and activated (7.5 GB). The
scores of the first half are kept beside the second, as those of a projection pass are. `GAMUT_BENCH_SAMPLES` asks for fewer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
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
from core.store.contents import ABSENT, EVERY, Budgets, Shape, decide
from core.store.duck import written_database
from core.store.tables import DATABASE, FORMAT_VERSION, LAYERED, SCHEMAS
from tests.bench.contenders import forget_peak, peak

SAMPLES, PIECE = 1_000_000, 20_000
SHAPE = Shape(4096, layers=6, neurons=688, width=256, block=3)
WORDS, SPOKEN, ACTIVE = 8_192, 100, 40  # of the vocabulary; tokens and active features of a sample
LIMIT = 4e9
NEURONS, VECTORS = "neurons", "vectors"
TABLES = {NEURONS: ("samples", "neurons"), VECTORS: ("samples", "tokens", "activations", "vectors")}
RULES = {
    NEURONS: {
        "mlp, mean": AlignmentSettings(),
        "mlp, mean, layers and lengths on one scale": AlignmentSettings(layer_z=True, length_z=True),
        "difference of means, mlp": AlignmentSettings(rule=DIFFERENCE),
    },
    VECTORS: {
        "residual, mean": AlignmentSettings(site="residual"),
        "residual, last": AlignmentSettings(site="residual", pooling="last"),
        "cosine, residual": AlignmentSettings(rule=COSINE, site="residual"),
    },
}
LIKENESSES = {NEURONS: (OVERLAP,), VECTORS: (MONA, BM25)}


def bench() -> list[tuple[str, float, str]]:
    """Rows (what, seconds or GB, note): each way to score a million samples, and the most memory of all of them."""
    samples = int(os.environ.get("GAMUT_BENCH_SAMPLES", SAMPLES))
    rows, most = [], 0
    with tempfile.TemporaryDirectory() as name:
        for half in TABLES:
            began = time.perf_counter()
            generate(Path(name), samples, half)
            took = time.perf_counter() - began
            command = [sys.executable, "-m", "tests.bench.alignment", name, half]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            disk = f"s, {samples:,} samples, {found['disk'] / 1e9:.1f} GB on disk"
            rows.append((f"{half} generated, written as an analysis", took, disk))
            rows += [(what, seconds, f"s, {samples:,} samples") for what, seconds in found["seconds"].items()]
            most = max(most, found["peak"])
    return [*rows, ("most memory", most / 1e9, f"GB; {'within' if most <= LIMIT else 'BEYOND'} {LIMIT / 1e9:.0f} GB")]


def generate(folder: Path, samples: int, half: str) -> None:
    """An analysis with the tables that one half of the scores is made of; it takes the place of the other half's."""
    (folder / DATABASE).unlink(missing_ok=True)
    contents = decide(samples, SHAPE, Budgets(examples=0, vectors=1 << 40))
    contents = replace(contents, neurons=EVERY if half == NEURONS else ABSENT, vectors=half == VECTORS)
    said = {
        "id": "0123456789abcdef", "name": "generated", "dataset": "generated", "dataset_hash": "0", "content_hash": "0",
        "model": json.dumps({"ref": "generated", "sha256": "0"}), "sae": json.dumps({"ref": "generated", "sha256": "0"}),
        "settings": json.dumps({"version": 2}), "format_version": str(FORMAT_VERSION), "contents": contents.as_json(),
    }  # fmt: skip
    with written_database(folder / DATABASE, memory="1GB") as connection:
        connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(said.items()))
        connection.execute(f"CREATE TABLE vocabulary AS SELECT range::INTEGER AS token_id FROM range({WORDS})")
        for table in TABLES[half]:
            _write(connection, table, samples)


def _write(connection, table: str, samples: int) -> None:
    """A table in one statement: what comes in many is written to the log first and to half-full groups of rows again."""
    rng = np.random.default_rng(sorted(SCHEMAS).index(table))
    layers = range(SHAPE.layers) if table in LAYERED else (None,)
    pieces = (
        (layer, np.arange(first, min(samples, first + PIECE), dtype=np.int32))
        for layer in layers
        for first in range(0, samples, PIECE)
    )
    make, schema = COLUMNS[table], SCHEMAS[table]
    batches = (
        pa.record_batch(make(rng, ids) if layer is None else make(rng, ids, layer), schema=schema)
        for layer, ids in pieces
    )
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    connection.register("rows_made", reader)
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM rows_made").fetchall()
    connection.unregister("rows_made")


def measure(folder: Path, half: str) -> dict:
    """Seconds of each way to score, and the most memory in bytes that this process held."""
    analysis, capability = Analysis(folder), _capability(folder)
    forget_peak()
    seconds: dict[str, float] = {}
    for what, settings in RULES[half].items():
        seconds[what] = _timed(lambda own=settings: alignment(analysis, capability, own))
    for rule in LIKENESSES[half]:
        seconds[rule] = _timed(lambda own=rule: likeness(analysis, capability, own))
    if half == VECTORS:  # the last: what needs both halves
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


def _neuron_rows(rng: np.random.Generator, ids: np.ndarray, layer: int) -> list:
    means = to_blobs(_halves(rng, len(ids), SHAPE.neurons))
    return [np.full(len(ids), layer, np.int16), ids, pa.nulls(len(ids), pa.binary()), means]


def _vector_rows(rng: np.random.Generator, ids: np.ndarray, layer: int) -> list:
    mean, last = (to_blobs(_halves(rng, len(ids), SHAPE.width)) for _ in range(2))
    return [np.full(len(ids), layer, np.int16), ids, mean, last]


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


COLUMNS = {
    "samples": _sample_rows, "tokens": _token_rows, "activations": _activation_rows, "neurons": _neuron_rows,
    "vectors": _vector_rows,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])))
