"""A workspace of two kinds of samples, each kind with a feature of its own: what can be told apart for certain."""

from pathlib import Path

import numpy as np

from core.activations.batch import Batch
from core.activations.tokens import Tokens
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_analysis, made_batch, made_records, write_jsonl

KINDS = ("even <b>ones</b>", "odd ones")
LEFT, RIGHT, COMMON = 30, 31, 5  # features that are planted in one kind each, and one in every sample


def grouped_workspace(folder: Path) -> Workspace:
    """100 samples of two kinds by turns, in the column `kind`."""
    workspace = Workspace(folder / "workspace")
    records = [record | {"kind": KINDS[i % 2]} for i, record in enumerate(made_records(100))]
    import_dataset(workspace, write_jsonl(folder / "made.jsonl", records), name="made")
    made_analysis(workspace, Dataset(workspace, "made"), batches=[planted()])
    return workspace


def planted() -> Batch:
    """Eight tokens a sample; the planted feature at the third, stronger from sample to sample, the common one at the fifth."""
    tokens = Tokens(
        np.tile(np.arange(8, dtype=np.int32), 100), np.tile(np.array([255, 1, 1, 1, 3, 3, 3, 3], np.uint8), 100),
        np.arange(0, 801, 8), np.zeros(100, np.int32), np.full(100, 7, np.int32),
    )  # fmt: skip
    lit = [[(2, (LEFT, RIGHT)[i % 2], 1 + i / 100), (4, COMMON, 2.0)] for i in range(100)]
    return made_batch(tokens, lit, np.arange(100, dtype=np.int32))
