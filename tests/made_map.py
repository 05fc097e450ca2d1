"""A made workspace with a map: three clumps of samples, one far off."""

from pathlib import Path

import numpy as np

from core.scores.layout import Layout, LayoutSettings, write_layout
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl

HOSTILE = "<b>two</b> & $x$"


def made_map(folder: Path, *, samples: int = 150) -> Workspace:
    """A data set `made` of three kinds, one of a hostile name, its analysis and a map in which the kinds lie apart."""
    workspace = Workspace(folder / "workspace")
    records = [{**record, "kind": ("one", HOSTILE, "far")[i % 3]} for i, record in enumerate(made_records(samples))]
    import_dataset(workspace, write_jsonl(folder / "made.jsonl", records), name="made")
    write_map(made_analysis(workspace, Dataset(workspace, "made"), seed=5))
    return workspace


def write_map(analysis: Analysis) -> Layout:
    """A map of the analysis, kept beside it."""
    rng = np.random.default_rng(0)
    kind = np.arange(analysis.n_samples) % 3
    x, y = rng.normal(size=(2, analysis.n_samples)) + np.array([[0, 6, 3], [0, 0, 7]])[:, kind]
    layout = Layout(LayoutSettings(), x.astype(np.float32), y.astype(np.float32))
    write_layout(analysis, layout)
    return layout


def analysis_of(workspace: Workspace) -> Analysis:
    """The analysis of `made_map`."""
    return open_analysis(workspace, "made")
