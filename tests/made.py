"""A small workspace made without a model: a data set written to disk, and an analysis written through the store."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.collect.collection import Collection
from core.activations.tokens import Tokens
from core.datasets.sample import SPECIAL
from core.store.analyses import PARTIAL, Analysis
from core.store.contents import Budgets, Shape, decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.groups import Groups
from core.store.import_dataset import import_dataset
from core.store.parts import PartWriter
from core.store.tables import DECODER
from core.workspace import Workspace

SAMPLES, FEATURES, WORDS = 60, 40, 30
NO_GROUPS, BUDGETS = Groups(), Budgets()
SHAPE = Shape(FEATURES, layers=2, neurons=100, width=4, block=0)
CANARY = "<script>window.canary = 1</script><img src=x onerror='window.canary = 1'> **bold** &amp; </textarea>"


def made_records(samples: int = SAMPLES) -> list[dict]:
    """Alpaca-like records; number 3 carries hostile text, number 7 has no answer, number 9 repeats number 8."""
    records = [
        {
            "instruction": f"Say something about number {i}.",
            "context": "" if i % 3 else f"Notes on {i}.",
            "response": f"{i} is " * (1 + i % 5),
        }
        for i in range(samples)
    ]
    if samples > 9:
        records[3]["instruction"] = CANARY
        records[7]["response"] = ""
        records[9] = dict(records[8])
    return records


def write_jsonl(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def made_workspace(folder: Path, *, samples: int = SAMPLES) -> Workspace:
    """A workspace with data set `made` (Dolly form) and one finished analysis `made` of it."""
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "made.jsonl", made_records(samples)), name="made")
    made_analysis(workspace, Dataset(workspace, "made"))
    return workspace


def made_analysis(
    workspace: Workspace, dataset: Dataset, *, id: str = "0123456789abcdef", seed: int = 0, groups: Groups = NO_GROUPS,
    batches: list[Batch] | None = None, budgets: Budgets = BUDGETS,
) -> Analysis:  # fmt: skip
    """A finished analysis with seeded random activations, written by the same collectors and finaliser as a real one."""
    partial = workspace.analyses / (id + PARTIAL)
    batches = made_batches(np.random.default_rng(seed), len(dataset)) if batches is None else batches
    contents = decide(len(dataset), SHAPE, budgets, groups=groups.names)
    collection = Collection(contents, groups.of)
    writer = PartWriter(partial / "parts", seconds=1e9, take=collection.take)
    for number, batch in enumerate(batches):
        collection.add(batch)
        writer.add(number)
    writer.flush()
    meta = {
        "id": id, "name": dataset.name, "dataset": dataset.name, "dataset_hash": dataset.content_hash,
        "model": json.dumps({"ref": "made", "sha256": "0"}), "sae": json.dumps({"ref": "made", "sha256": "0"}),
        "settings": json.dumps({"version": 2}), "max_length": "64", "hook": "blocks.0.hook_resid_post", "template": "plain",
        "threads": "1", "versions": json.dumps({"gamut": "test"}), "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:00:01+00:00", "seconds": "1.0",
    }  # fmt: skip
    final = workspace.analyses / id
    finalise(
        partial, final, batches=len(batches), samples=len(dataset), contents=contents, decoder=made_decoder(),
        vocabulary=[f" w{word}" for word in range(WORDS)], meta=meta,
    )  # fmt: skip
    return Analysis(final)


def made_batches(rng: np.random.Generator, samples: int) -> list[Batch]:
    """Four batches of samples: lengths of 6 to 29 tokens, a few features on either side of each, each at two tokens."""
    ids, roles, lit = [], [], []
    for _ in range(samples):
        length = int(rng.integers(6, 30))
        half = length // 2
        roles.append(np.where(np.arange(length) < half, 1, 3).astype(np.uint8))  # user, then assistant
        roles[-1][0] = SPECIAL
        lit.append([])
        for first, stop in ((1, half), (half, length)):
            for feature in np.sort(rng.choice(FEATURES, size=int(rng.integers(1, 9)), replace=False)).tolist():
                strength = float(np.float32(rng.exponential()) + 0.01)
                place = int(rng.integers(first, stop))
                beside = place + 1 if place + 1 < stop else place - 1
                lit[-1] += [(place, feature, strength), (beside, feature, strength)]
        ids.append(rng.integers(0, WORDS, length).astype(np.int32))
    lengths = np.array([len(own) for own in ids])
    tokens = Tokens(
        np.concatenate(ids), np.concatenate(roles), np.concatenate([[0], np.cumsum(lengths)]),
        np.zeros(samples, np.int32), (lengths - 1).astype(np.int32),
    )  # fmt: skip
    every = np.arange(samples, dtype=np.int32)
    return [made_batch(tokens, lit, batch) for batch in np.array_split(every, 4) if len(batch)]


def made_batch(tokens: Tokens, lit: list[list[tuple[int, int, float]]], ids: np.ndarray) -> Batch:
    """The batch of samples `ids`, which light `lit` (position, feature, strength), with states drawn by their ids."""
    pointer, features, values = [0], [], []
    for sample in ids.tolist():
        for place in range(int(tokens.lengths[sample])):
            here = [(feature, strength) for at, feature, strength in lit[sample] if at == place]
            features += [feature for feature, _ in here]
            values += [strength for _, strength in here]
            pointer.append(len(features))
    rng = np.random.default_rng(ids)
    counted = np.tile(tokens.lengths[ids] - 1, (SHAPE.layers, 1))
    neurons, residuals, last = (
        rng.normal(size=(SHAPE.layers, len(ids), width)).astype(np.float32)
        for width in (SHAPE.neurons, SHAPE.width, SHAPE.width)
    )
    states = MadeStates(SHAPE.block, neurons, residuals, counted, last, np.zeros(len(ids), np.int64))
    return Batch(
        tokens, ids, states, np.array(pointer, np.int64), np.array(features, np.int32), np.array(values, np.float32), FEATURES
    )  # fmt: skip


class MadeStates(NamedTuple):
    """States as a model would give them, less the tensor that only the SAE reads."""

    block: int
    neurons: np.ndarray
    residuals: np.ndarray
    counted: np.ndarray
    last: np.ndarray
    massive: np.ndarray


def made_decoder() -> pa.Table:
    """Decoder rows in which feature f promotes word f, suppresses the one after it and lies next to feature f + 1."""
    rows = [
        {
            "feature_id": f, "norm": 1.0, "promoted": [f % WORDS], "promoted_logits": [2.0],
            "suppressed": [(f + 1) % WORDS], "suppressed_logits": [-2.0], "nearest": [(f + 1) % FEATURES], "cosines": [0.5],
        }
        for f in range(FEATURES)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, DECODER)
