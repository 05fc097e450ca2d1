"""What an analysis read, token by token, and which samples labels are made of and which they are tested on.

Samples are halved by their duplicate group: what repeats a sample never tests a label that was made of it. Only the
first sample of a group is drawn from at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.datasets.sample import UNSCORED_ROLES
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.contrast import length_bins
from core.store.datasets import Dataset
from core.store.groups import groups_of

MAKE, TEST, NEITHER = 0, 1, 2  # the half that a sample belongs to


@dataclass(frozen=True, eq=False)
class Corpus:
    """Token ids int32 end to end, sample i at `pointer[i]:pointer[i + 1]` (int64, n + 1); whether each token is scored.

    half: uint8 (n), MAKE, TEST, or NEITHER for what repeats another sample. bucket: int32 (n), samples of one category
    and about one length have the same. texts: the text of every token id.
    """

    ids: np.ndarray
    pointer: np.ndarray
    scored: np.ndarray
    half: np.ndarray
    bucket: np.ndarray
    texts: list[str]

    @property
    def n_samples(self) -> int:
        return len(self.half)

    @cached_property
    def sample_of(self) -> np.ndarray:
        """The sample of every token: int32."""
        return np.repeat(np.arange(self.n_samples, dtype=np.int32), np.diff(self.pointer))

    def places(self, half: int) -> np.ndarray:
        """The scored tokens of the samples of one half, as places in `ids`: int64."""
        return np.flatnonzero(self.scored & (self.half == half)[self.sample_of])

    def frequencies(self, half: int) -> np.ndarray:
        """The share of each token id among the scored tokens of a half: float64 (vocabulary)."""
        counts = np.bincount(self.ids[self.places(half)], minlength=len(self.texts))
        return counts / max(1, counts.sum())


def read_corpus(analysis: Analysis, dataset: Dataset, *, seed: int) -> Corpus:
    """The corpus of an analysis; raises `GamutError` for one made before tokens were kept, or of another data set."""
    if dataset.content_hash != analysis.dataset_hash:
        raise GamutError(f"Analysis {analysis.name!r} was not made of data set {dataset.name!r}.")
    assert analysis.contents is not None  # an older analysis says so here
    table = analysis.cursor().sql("SELECT token_ids, roles FROM tokens ORDER BY sample_id").to_arrow_table()
    lists = table["token_ids"].combine_chunks()
    lengths = np.asarray(lists.value_lengths())
    pointer = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    ids = np.asarray(lists.flatten()).astype(np.int32)
    scored = np.asarray(table["roles"].combine_chunks().flatten()) < UNSCORED_ROLES
    scored[pointer[:-1][lengths > 0]] = False  # position 0 of a causal model carries one constant activation
    texts = [text for (text,) in analysis.cursor().execute("SELECT text FROM vocabulary ORDER BY token_id").fetchall()]
    return Corpus(ids, pointer, scored, _halves(dataset, seed), _buckets(analysis, dataset), texts)


def _halves(dataset: Dataset, seed: int) -> np.ndarray:
    rows = dataset.cursor().execute("SELECT sample_id FROM facts WHERE duplicate_of IS NOT NULL").fetchnumpy()
    half = (_mixed(np.arange(len(dataset), dtype=np.uint64), seed) & np.uint64(1)).astype(np.uint8)
    half[np.asarray(rows["sample_id"], np.int64)] = NEITHER
    return half


def _buckets(analysis: Analysis, dataset: Dataset) -> np.ndarray:
    lengths = length_bins(analysis.counts.scored_tokens)
    category = groups_of(dataset, None).of
    codes = lengths if category is None else lengths + (int(lengths.max(initial=0)) + 1) * category.astype(np.int64)
    return np.unique(codes, return_inverse=True)[1].astype(np.int32)


def _mixed(values: np.ndarray, seed: int) -> np.ndarray:
    """64 well-mixed bits of each number (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
