"""A small workspace made without a model: a data set written to disk, and an analysis written through the store."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.activations.tokens import PROMPT, RESPONSE, SPECIAL
from core.store.analyses import PARTIAL, Analysis
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.import_dataset import import_dataset
from core.store.parts import SCHEMAS, PartWriter
from core.workspace import Workspace

SAMPLES, FEATURES, WORDS = 60, 40, 30
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


def made_analysis(workspace: Workspace, dataset: Dataset, *, id: str = "0123456789abcdef", seed: int = 0) -> Analysis:
    """A finished analysis with seeded random activations, written by the same parts and finaliser as a real one."""
    rng = np.random.default_rng(seed)
    partial = workspace.analyses / (id + PARTIAL)
    writer = PartWriter(partial / "parts", seconds=1e9)
    ids = np.arange(len(dataset), dtype=np.int32)
    batches = [batch for batch in np.array_split(ids, 4) if len(batch)]
    for number, batch in enumerate(batches):
        writer.add(number, made_tables(rng, batch))
    writer.flush()
    meta = {
        "id": id, "name": dataset.name, "dataset": dataset.name, "dataset_hash": dataset.content_hash,
        "model": json.dumps({"ref": "made", "sha256": "0"}), "sae": json.dumps({"ref": "made", "sha256": "0"}),
        "settings": json.dumps({"version": 1}), "max_length": "64", "hook": "blocks.0.hook_resid_post", "template": "plain",
        "threads": "1", "versions": json.dumps({"gamut": "test"}), "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:00:01+00:00", "seconds": "1.0",
    }  # fmt: skip
    final = workspace.analyses / id
    finalise(
        partial, final, batches=len(batches), samples=len(dataset), n_features=FEATURES,
        vocabulary=[f" w{word}" for word in range(WORDS)], meta=meta,
    )  # fmt: skip
    return Analysis(final)


def made_tables(rng: np.random.Generator, batch: np.ndarray) -> dict[str, pa.Table]:
    """Rows of all tables for a batch: lengths of 6 to 29 tokens, a few features on either side of each sample."""
    samples, activations, tokens = [], [], []
    for sample_id in batch.tolist():
        length = int(rng.integers(6, 30))
        roles = np.where(np.arange(length) < length // 2, 1, 3)  # user, then assistant
        roles[0] = SPECIAL
        active: set[int] = set()
        for side in (PROMPT, RESPONSE):
            for feature in np.sort(rng.choice(FEATURES, size=int(rng.integers(1, 9)), replace=False)).tolist():
                strength = float(np.float32(rng.exponential()) + 0.01)
                place = int(rng.integers(1, length // 2)) if side == PROMPT else int(rng.integers(length // 2, length))
                activations.append((sample_id, feature, side, strength, strength * 2, 2, place))
                active.add(feature)
        prompt = length // 2 - 1
        samples.append((sample_id, length, length - 1, prompt, length - 1 - prompt, length - 1, 0, len(active)))
        tokens.append((sample_id, rng.integers(0, WORDS, length).tolist(), roles.tolist()))
    activations.sort()
    rows = {"samples": samples, "activations": activations, "tokens": tokens}
    return {
        name: pa.table(
            [pa.array(column, field.type) for column, field in zip(zip(*rows[name], strict=True), schema, strict=True)],
            schema=schema,
        )
        for name, schema in SCHEMAS.items()
    }
