"""A pool and an evaluation file, analysed alike without a model: the file activates features that the pool hardly has."""

from pathlib import Path

import numpy as np

from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import FEATURES, made_analysis, made_batches, made_records, write_jsonl

HALF = (
    FEATURES // 2
)  # from here on features are active in the file, and in a quarter of the pool; the others in the pool
NEVER = FEATURES - 1  # this one only in the file
SAMPLES = {"pool": 120, "eval": 60}


def made_pool_and_evaluation(workspace: Workspace, folder: Path) -> Workspace:
    """The workspace with the data sets and analyses `pool` and `eval`."""
    for seed, (name, samples) in enumerate(SAMPLES.items()):
        import_dataset(workspace, write_jsonl(folder / f"{name}.jsonl", made_records(samples)), name=name)
        batches = made_batches(np.random.default_rng(seed), samples)
        for batch in batches if name == "eval" else batches[:-1]:
            batch.features[:] = batch.features % HALF + (HALF if name == "eval" else 0)
        if name == "pool":
            batches[-1].features[batches[-1].features == NEVER] = 0
        made_analysis(workspace, Dataset(workspace, name), id=f"{name:0<16}", batches=batches)
    return workspace
