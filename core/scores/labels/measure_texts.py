"""The fidelity of free texts: imported ones, a language model's, the user's own, judged by the words they use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import GamutError
from core.scores.labels.corpus import Corpus, read_corpus
from core.scores.labels.fidelity import Fidelity, measure
from core.scores.labels.kept import (
    fidelity_path,
    imported_paths,
    llm_paths,
    nature_of,
    offline_path,
    read_contexts,
    sae_hash,
    write_fidelity,
)  # fmt: skip
from core.scores.labels.keywords import KeywordScorer
from core.scores.labels.offline import OfflineSettings
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.derived import read_derived
from core.workspace import Workspace

RANDOM = 64  # of the shared silent places: reading words takes longer than looking tokens up


def free_texts(workspace: Workspace, analysis: Analysis) -> list[Path]:
    """The files of free-text labels; raises `GamutError` where there are none."""
    paths = [*llm_paths(analysis), *imported_paths(workspace, sae_hash(analysis))]
    if not paths:
        raise GamutError(
            f"Analysis {analysis.name!r} has no imported or written labels; labels from data need no judge."
        )
    return paths


def unmeasured(workspace: Workspace, analysis: Analysis) -> list[Path]:
    """The files of free-text labels whose fidelity on an analysis is not known."""
    paths = [*llm_paths(analysis), *imported_paths(workspace, sae_hash(analysis))]
    return [path for path in paths if not fidelity_path(analysis, path).is_file()]


def measure_files(
    workspace: Workspace, analysis: Analysis, dataset: Dataset, *, progress: Callable[[int, int, str], None]
) -> int:
    """Measure every file of free-text labels that is not measured yet; returns how many files."""
    paths = unmeasured(workspace, analysis)
    if not paths:
        return 0
    contexts = _contexts(analysis)
    corpus, nature = corpus_of(analysis, dataset), nature_of(analysis)
    for path in paths:
        texts = texts_of(path)
        scorer = KeywordScorer(corpus, texts, random=contexts.random)
        found = measure(
            contexts, scorer, nature, labelled=np.array(list(texts), np.int32), random=RANDOM,
            by_words=True, progress=lambda done, total: progress(done, total, "measuring texts on held-out samples"),
        )  # fmt: skip
        write_fidelity(analysis, path, found)
    return len(paths)


def measure_text(analysis: Analysis, corpus: Corpus, feature_id: int, text: str) -> Fidelity | None:
    """The fidelity of one's own words for one feature, the null from the offline labels of others; None if never active."""
    contexts = _contexts(analysis)
    others = texts_of(offline_path(analysis))
    scorer = KeywordScorer(corpus, others | {feature_id: text}, random=contexts.random)
    among = np.array(sorted(others), np.int32)
    wanted = np.array([feature_id], np.int32)
    found = measure(contexts, scorer, nature_of(analysis), labelled=wanted, others=among, random=RANDOM, by_words=True)
    return found.get(feature_id)


def corpus_of(analysis: Analysis, dataset: Dataset) -> Corpus:
    """The corpus that the kept contexts are places of."""
    return read_corpus(analysis, dataset, seed=OfflineSettings().draw.seed)


def texts_of(path: Path) -> dict[int, str]:
    """The texts of a file of labels by feature."""
    kept = read_derived(path)
    assert kept is not None, f"{path} was there a moment ago"
    return dict(zip(kept[1]["feature_id"].to_pylist(), kept[1]["text"].to_pylist(), strict=True))


def _contexts(analysis: Analysis):
    contexts = read_contexts(analysis)
    if contexts is None:
        raise GamutError(
            f"Analysis {analysis.name!r} has no held-out contexts yet; make its labels first: label {analysis.name}."
        )
    return contexts
