"""An analysis with planted meanings: what each feature is active at is known, so its label is known too."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from core.activations.tokens import Tokens
from core.datasets.sample import SPECIAL
from core.scores.labels.corpus import Corpus, read_corpus
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import WORDS, made_analysis, made_batch, made_records, write_jsonl

SAMPLES = 260
AT_WORD, AFTER_WORD, ANYWHERE, NEAR_WORD = 0, 1, 2, 3  # features: at word 3, after word 5, at random, soon after word 7


def planted_workspace(folder: Path) -> Workspace:
    """A workspace with analysis `made`, in which four features have planted meanings and the rest have none."""
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "made.jsonl", made_records(SAMPLES)), name="made")
    rng = np.random.default_rng(5)
    lengths = rng.integers(20, 40, SAMPLES)
    pointer = np.concatenate([[0], np.cumsum(lengths)])
    ids = rng.integers(0, WORDS, pointer[-1]).astype(np.int32)
    roles = np.ones(pointer[-1], np.uint8)
    roles[pointer[:-1]] = SPECIAL
    tokens = Tokens(ids, roles, pointer, np.zeros(SAMPLES, np.int32), (lengths - 1).astype(np.int32))
    lit = [planted(rng, ids[a:b].tolist()) for a, b in itertools.pairwise(pointer)]
    batches = [made_batch(tokens, lit, part) for part in np.array_split(np.arange(SAMPLES, dtype=np.int32), 4)]
    made_analysis(workspace, Dataset(workspace, "made"), batches=batches)
    return workspace


def planted(rng: np.random.Generator, words: list[int]) -> list[tuple[int, int, float]]:
    """What a sample lights: (position, feature, strength)."""
    found = []
    for at in range(1, len(words)):
        strength = float(np.float32(rng.exponential()) + 0.01)
        if words[at] == 3:
            found.append((at, AT_WORD, strength))
        if words[at - 1] == 5 and at > 1:
            found.append((at, AFTER_WORD, strength))
        if rng.random() < 0.03:
            found.append((at, ANYWHERE, strength))
        if 7 in words[max(1, at - 9) : at - 1] and rng.random() < 0.2:
            found.append((at, NEAR_WORD, strength))
        if rng.random() < 0.3:
            found.append((at, 4 + int(rng.integers(0, 30)), strength))
    return found


@pytest.fixture(scope="session")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The planted workspace, made once; what is derived from it may be there already."""
    return planted_workspace(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def analysis(planted_once: Workspace) -> Analysis:
    return open_analysis(planted_once, "made")


@pytest.fixture
def dataset(planted_once: Workspace) -> Dataset:
    return Dataset(planted_once, "made")


@pytest.fixture
def corpus(analysis: Analysis, dataset: Dataset) -> Corpus:
    return read_corpus(analysis, dataset, seed=0)
