"""The distinct runs of four words of every sample: what a text says, told without any model. Exact, without hashing."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.ngrams import Vocabulary, distinct, words
from core.store.datasets import Dataset
from core.store.derived import read_derived, write_derived

WORDS = 4
VERSION = 1  # counts changes of what a word or a run is
MOST_WORDS = 60_000_000  # about 8 GB while they are numbered


def word_grams(dataset: Dataset) -> FeatureSets:
    """Which runs of four words every sample has, within one turn each; counted once, then kept beside the data set."""
    path = dataset.folder / "derived" / f"word-{WORDS}-grams-{VERSION}-{dataset.content_hash[:16]}.parquet"
    kept = read_derived(path)
    if kept is not None:
        runs = kept[1]["runs"].combine_chunks()
        ends = np.cumsum(runs.value_lengths().to_numpy(), dtype=np.int64)
        return FeatureSets(np.concatenate([[0], ends]), runs.flatten().to_numpy(), int(kept[0]["distinct"]))
    sets = count_grams(*_spoken(dataset), len(dataset))
    with suppress(OSError):  # keeping it saves time only
        runs = pa.LargeListArray.from_arrays(pa.array(sets.indptr), pa.array(sets.indices))
        write_derived(path, {"words": WORDS, "distinct": sets.n_features}, {"runs": runs})
    return sets


def _spoken(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The words of all turns as numbers from 1, with 0 after every turn, and the sample of each: int32 both."""
    vocabulary, numbers, places, said = Vocabulary(), [], [], 0
    for sample_id, turns in dataset.conversations():
        own: list[int] = []
        for turn in turns:
            own += vocabulary.learn(words(turn.text))
            own.append(0)
        said += len(own)
        if said > MOST_WORDS:
            raise GamutError(
                f"Data set {dataset.name!r} has more than {MOST_WORDS // 10**6} million words, too many to number their "
                "runs in memory; use another yardstick."
            )
        numbers.append(np.array(own, np.int32))
        places.append(np.full(len(own), sample_id, np.int32))
    return (np.concatenate(numbers), np.concatenate(places)) if numbers else (np.empty(0, np.int32),) * 2


def count_grams(numbers: np.ndarray, sample: np.ndarray, n_samples: int) -> FeatureSets:
    """The distinct runs of four numbers of every sample: 0 ends a text and stands in no run.

    numbers, sample: int (words), samples ascending. Runs are numbered through pairs of pairs, so nothing collides.
    """
    pairs = _numbered(numbers.astype(np.int64), 1)
    runs = _numbered(pairs, 2)
    there = np.flatnonzero(runs)
    row, gram = distinct(sample[there].astype(np.int64), runs[there] - 1)
    indptr = np.zeros(n_samples + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=n_samples), out=indptr[1:])
    return FeatureSets(indptr, gram.astype(np.int32), int(runs.max(initial=0)))


def _numbered(numbers: np.ndarray, apart: int) -> np.ndarray:
    """For every pair of numbers that stand `apart` its own number, from 1 by first appearance; 0 where one of them is 0."""
    first, second = numbers[: max(0, len(numbers) - apart)], numbers[apart:]
    whole = np.flatnonzero((first > 0) & (second > 0))
    keys = first[whole] * (int(numbers.max(initial=0)) + 1) + second[whole]
    found = np.zeros(len(first), np.int64)
    found[whole] = pa.array(keys).dictionary_encode().indices.to_numpy().astype(np.int64) + 1
    return found
