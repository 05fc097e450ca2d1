"""A made workspace whose data set has columns to constrain by: sources, languages, a score with gaps."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.activations.batch import Batch
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_analysis, made_batches, made_records, write_jsonl

SOURCES = ("web", "web", "web", "book", "a=b:c")


def sourced_workspace(folder: Path) -> Workspace:
    """Data set and analysis `sourced` of 60 samples: 36 of web, 12 of book, 12 of a=b:c.

    Every 7th has no quality; feature 0 is dense.
    """
    records = made_records()
    for i, record in enumerate(records):
        record["source"] = SOURCES[i % len(SOURCES)]
        record["quality"] = None if i % 7 == 0 else (i * 37 % 60) / 10
    workspace = Workspace(folder / "sourced")
    import_dataset(workspace, write_jsonl(folder / "sourced.jsonl", records), name="sourced")
    batches = [_with_a_dense_feature(batch) for batch in made_batches(np.random.default_rng(0), len(records))]
    made_analysis(workspace, Dataset(workspace, "sourced"), id="fedcba9876543210", batches=batches)
    return workspace


def _with_a_dense_feature(batch: Batch) -> Batch:
    """Feature 0 lit at every token, stronger from token to token."""
    pointer, features, values = [0], [], []
    for t in range(len(batch.token_ptr) - 1):
        lit = {
            int(batch.features[e]): float(batch.values[e]) for e in range(batch.token_ptr[t], batch.token_ptr[t + 1])
        }
        lit[0] = 1.0 + t / 1000
        features += sorted(lit)
        values += [lit[feature] for feature in sorted(lit)]
        pointer.append(len(features))
    return replace(
        batch,
        token_ptr=np.array(pointer, np.int64),
        features=np.array(features, np.int32),
        values=np.array(values, np.float32),
    )
