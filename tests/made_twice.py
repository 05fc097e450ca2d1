"""A workspace in which some samples stand twice: what repeats what is known for certain."""

from pathlib import Path

import numpy as np

from core.activations.batch import Batch
from core.activations.tokens import Tokens
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import FEATURES, made_analysis, made_batch, made_records, write_jsonl

SAMPLES, TWICE = 60, 20  # samples 20 to 39 repeat 0 to 19 in words and features, less one feature of each odd one


def twice_workspace(folder: Path) -> Workspace:
    """60 samples with data set and analysis `made`."""
    workspace = Workspace(folder / "workspace")
    records = made_records(SAMPLES)
    records[TWICE : 2 * TWICE] = [dict(record) for record in records[:TWICE]]
    import_dataset(workspace, write_jsonl(folder / "made.jsonl", records), name="made")
    made_analysis(workspace, Dataset(workspace, "made"), batches=[_lit()])
    return workspace


def _lit() -> Batch:
    """Eight tokens a sample and nine features of its own choice, one of them in the prompt, the rest in the answer."""
    tokens = Tokens(
        np.tile(np.arange(8, dtype=np.int32), SAMPLES), np.tile(np.array([255, 1, 1, 1, 3, 3, 3, 3], np.uint8), SAMPLES),
        np.arange(0, 8 * SAMPLES + 1, 8), np.zeros(SAMPLES, np.int32), np.full(SAMPLES, 7, np.int32),
    )  # fmt: skip
    random = np.random.default_rng(0)
    own = [np.sort(random.choice(FEATURES, 9, replace=False)).tolist() for _ in range(SAMPLES)]
    for sample in range(TWICE):
        own[sample + TWICE] = own[sample][sample % 2 :]
    lit = [[(2 if not k else 5, feature, 1.0 + k) for k, feature in enumerate(row)] for row in own]
    return made_batch(tokens, lit, np.arange(SAMPLES, dtype=np.int32))
