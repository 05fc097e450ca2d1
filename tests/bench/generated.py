"""A large workspace without a model: generated features written straight through the store's own writers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.scores.feature_sets import FeatureSets
from core.store.analyses import PARTIAL
from core.store.blobs import to_blobs
from core.store.contents import Budgets, Shape, decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.store.tables import DECODER, SCHEMAS
from core.workspace import Workspace

NAME, WORDS, WIDTH, SPOKEN = "generated", 1_000, 4, 12
ROWS_OF_A_PART = 100_000  # so that a million rows are written within the memory of a tenth
ASSISTANT, RESPONSE = 3, 1


def generated_workspace(folder: Path, features: FeatureSets, *, seed: int = 0) -> Workspace:
    """A workspace with data set and analysis `generated`: `features` at rest, short texts; a row's tokens follow its features."""
    workspace, rng = Workspace(folder / "workspace"), np.random.default_rng(seed)
    file = folder / "generated.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(_record(own)) + "\n" for own in rng.integers(0, WORDS, (features.n_samples, SPOKEN)))
    import_dataset(workspace, file, name=NAME)
    write_analysis(workspace, Dataset(workspace, NAME), features, rng)
    return workspace


def _record(words: np.ndarray) -> dict[str, str]:
    said = [f"w{word}" for word in words.tolist()]
    return {
        "instruction": "Say " + " ".join(said[:6]), "response": " ".join(said[6:]), "topic": f"topic {int(words[0]) % 9}"
    }  # fmt: skip


def write_analysis(workspace: Workspace, dataset: Dataset, features: FeatureSets, rng: np.random.Generator) -> None:
    """A finished analysis of a data set in which `features` are active, named as the data set is."""
    id = "0123456789abcdef"
    partial = workspace.analyses / (id + PARTIAL)
    shape = Shape(features.n_features, layers=1, neurons=0, width=WIDTH, block=0)
    contents = decide(len(dataset), shape, Budgets(examples=0, vectors=0), every_layer=False)
    starts = range(0, features.n_samples, ROWS_OF_A_PART)
    waiting: list[range] = []
    writer = PartWriter(partial / "parts", seconds=1e9, take=lambda: _tables(features, waiting.pop(), rng))
    for part, start in enumerate(starts):
        waiting.append(range(start, min(start + ROWS_OF_A_PART, features.n_samples)))
        writer.add(part)
        writer.flush()
    meta = {
        "id": id, "name": dataset.name, "dataset": dataset.name, "dataset_hash": dataset.content_hash,
        "model": json.dumps({"ref": "generated", "sha256": "0"}), "sae": json.dumps({"ref": "generated", "sha256": "0"}),
        "settings": json.dumps({"version": 2}), "max_length": "64", "hook": "blocks.0.hook_resid_post", "template": "plain",
        "threads": "1", "versions": json.dumps({"gamut": "bench"}), "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:00:01+00:00", "seconds": "1.0",
    }  # fmt: skip
    finalise(
        partial, workspace.analyses / id, batches=len(starts), samples=len(dataset), contents=contents,
        decoder=_decoder(features.n_features), vocabulary=[f" w{word}" for word in range(WORDS)], meta=meta,
    )  # fmt: skip


def _tables(features: FeatureSets, rows: range, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Some rows: every active feature once, in the response; tokens are told by their number alone."""
    n, richness = len(rows), features.richness[rows.start : rows.stop]
    indices = features.indices[features.indptr[rows.start] : features.indptr[rows.stop]]
    entries, ids = len(indices), np.arange(rows.start, rows.stop, dtype=np.int32)
    tokens = (richness * rng.lognormal(0, 0.5, n)).astype(np.int32) + 1
    strength = rng.gamma(2, 1, entries).astype(np.float32)
    ones, none = np.ones(entries, np.int32), np.zeros(n, np.int32)
    sides = np.full(entries, RESPONSE, np.uint8)
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(n + 1, dtype=np.int32) * SPOKEN),
        pa.array(rng.integers(0, WORDS, n * SPOKEN, dtype=np.int32)),
    )
    roles = pa.ListArray.from_arrays(lists.offsets, pa.array(np.full(n * SPOKEN, ASSISTANT, np.uint8)))
    columns = {
        "samples": (ids, tokens, tokens, none, tokens, tokens, none, richness, none),
        "activations": (np.repeat(ids, richness), indices, sides, strength, strength, ones, ones),
        "tokens": (ids, lists, roles),
        "projection": (ids, to_blobs(rng.normal(size=(n, WIDTH)).astype("<f2"))),
    }
    made = {name: pa.table(list(own), schema=SCHEMAS[name]) for name, own in columns.items()}
    return made | {"histograms": SCHEMAS["histograms"].empty_table()}


def _decoder(n_features: int) -> pa.Table:
    ids = np.arange(n_features, dtype=np.int32)

    def one_each(values: np.ndarray) -> pa.ListArray:
        return pa.ListArray.from_arrays(pa.array(np.arange(n_features + 1, dtype=np.int32)), pa.array(values))

    word, weight = one_each(ids % WORDS), one_each(np.ones(n_features, np.float32))
    columns = (ids, np.ones(n_features, np.float32), word, weight, word, weight, one_each(ids), weight)
    return pa.table(list(columns), schema=DECODER)
