"""Make the offline labels of an analysis and measure them: one pass over its features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.scores.labels.corpus import read_corpus
from core.scores.labels.fidelity import measure
from core.scores.labels.kept import (
    contexts_path,
    fidelity_path,
    nature_of,
    offline_path,
    write_fidelity,
    write_offline,
)  # fmt: skip
from core.scores.labels.measure_texts import measure_files, unmeasured
from core.scores.labels.offline import EvidenceScorer, OfflineSettings, make_offline
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.workspace import Workspace

Progress = Callable[[int, int, str], None]


def everything_there(workspace: Workspace, analysis: Analysis) -> bool:
    """Whether the offline labels are there, and every other label is measured."""
    return offline_there(analysis) and not unmeasured(workspace, analysis)


def label_and_measure(workspace: Workspace, analysis: Analysis, dataset: Dataset, *, progress: Progress) -> None:
    """Make what labels are not there, and measure what is not measured."""
    if not offline_there(analysis):
        make_labels(analysis, dataset, progress=progress)
    measure_files(workspace, analysis, dataset, progress=progress)


def offline_there(analysis: Analysis, settings: OfflineSettings | None = None) -> bool:
    """Whether the offline labels of an analysis have been made and measured."""
    path = offline_path(analysis, settings)
    return path.is_file() and contexts_path(analysis).is_file() and fidelity_path(analysis, path).is_file()


def make_labels(
    analysis: Analysis, dataset: Dataset, settings: OfflineSettings | None = None, *, progress: Progress
) -> Path:
    """Write offline labels and their fidelity beside the analysis; `progress` may raise to stop, then nothing is written."""
    settings = settings or OfflineSettings()  # a feature counts half when labelled, half when measured
    progress(0, 0, "reading the tokens")
    corpus = read_corpus(analysis, dataset, seed=settings.draw.seed)
    labels, contexts = make_offline(
        analysis, corpus, settings, progress=lambda done, total: progress(done // 2, total, "making labels")
    )
    n = len(labels.features)
    found = measure(
        contexts, EvidenceScorer(corpus, labels.evidence), nature_of(analysis), labelled=labels.features,
        progress=lambda done, total: progress((n + done) // 2, n, "measuring them on held-out samples"),
    )  # fmt: skip
    path = write_offline(analysis, labels, contexts, settings)
    write_fidelity(analysis, path, found)
    progress(n, n, "done")
    return path
