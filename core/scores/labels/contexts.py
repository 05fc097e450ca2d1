"""Contexts by which labels are made and tested: active ones from all strength bands, and three kinds of silent ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa

from core.scores.labels.corpus import MAKE, TEST, Corpus
from core.scores.labels.draw import draw_active, draw_alike, draw_same_token, mixed, silent_at
from core.store.analyses import Analysis
from core.store.bins import strength_bands

ROWS = 4_000_000  # activations looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSettings:
    """How many contexts are drawn of a feature [our choice]; `random` ones are the same places for all features."""

    make: int = 96
    test: int = 64
    random: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Drawn:
    """The contexts of one feature in one half, as places in the corpus: int64, −1 where there is none.

    active (m), with band int (m); alike (m): the same category, length and position; same_token (m).
    silent: bool (random), which of the half's random places lie in samples where the feature is silent.
    """

    active: np.ndarray
    band: np.ndarray
    alike: np.ndarray
    same_token: np.ndarray
    silent: np.ndarray


class Drawer:
    """Draws contexts of one feature after the other."""

    def __init__(self, analysis: Analysis, corpus: Corpus, settings: DrawSettings) -> None:
        self.analysis, self.corpus, self.settings = analysis, corpus, settings
        self._alike = {half: _members(corpus, half) for half in (MAKE, TEST)}
        self._occurrences = {half: _by_token(corpus, half) for half in (MAKE, TEST)}
        self.random = {half: _random_places(corpus, half, settings) for half in (MAKE, TEST)}

    def features(self, stop: Callable[[], None] = lambda: None) -> Iterator[tuple[int, dict[int, Drawn]]]:
        """Every live feature with its contexts in both halves, by feature id."""
        for features, pointer, sample, strength, position in _ranges(self.analysis):
            for at, feature in enumerate(features.tolist()):
                stop()
                own = slice(pointer[at], pointer[at + 1])
                yield feature, self._draw(feature, sample[own], strength[own], position[own])

    def _draw(self, feature: int, sample, strength, position) -> dict[int, Drawn]:
        return {
            half: self._half(feature, sample, strength, position, half, most)
            for half, most in ((MAKE, self.settings.make), (TEST, self.settings.test))
        }

    def _half(self, feature: int, sample, strength, position, half: int, most: int) -> Drawn:
        corpus, seed = self.corpus, self.settings.seed
        band = strength_bands(strength)
        rows = draw_active(sample, band, corpus.half, half, most, feature, seed)
        places = corpus.pointer[sample[rows]] + position[rows]
        members, starts = self._alike[half]
        bucket = corpus.bucket[sample[rows]]
        alike = draw_alike(
            places, sample, members, starts[bucket], starts[bucket + 1], corpus.sample_of, corpus.pointer, corpus.scored,
            feature, seed,
        )  # fmt: skip
        occurrences, first = self._occurrences[half]
        same = draw_same_token(places, sample, occurrences, first, corpus.ids, corpus.sample_of, feature, seed)
        return Drawn(places, band[rows], alike, same, silent_at(self.random[half], sample, corpus.sample_of))


def _members(corpus: Corpus, half: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples of a half by bucket: int32, and where each bucket starts."""
    own = np.flatnonzero(corpus.half == half)
    members = own[np.argsort(corpus.bucket[own], kind="stable")].astype(np.int32)
    buckets = int(corpus.bucket.max(initial=-1)) + 1
    return members, np.searchsorted(corpus.bucket[members], np.arange(buckets + 1))


def _by_token(corpus: Corpus, half: int) -> tuple[np.ndarray, np.ndarray]:
    """The scored places of a half by token id: int64, and where each token starts."""
    places = corpus.places(half)
    places = places[np.argsort(corpus.ids[places], kind="stable")]
    return places, np.searchsorted(corpus.ids[places], np.arange(len(corpus.texts) + 1))


def _random_places(corpus: Corpus, half: int, settings: DrawSettings) -> np.ndarray:
    """Scored places of a half drawn evenly over its tokens, without replacement, ascending: int64."""
    places = corpus.places(half)
    keys = _keys(len(places), settings.seed)
    return np.sort(places[np.argsort(keys, kind="stable")[: settings.random]])


@numba.njit(cache=True, nogil=True)
def _keys(n, seed):
    keys = np.empty(n, np.uint64)
    for row in range(n):
        keys[row] = mixed(row & 0xFFFFF, row >> 20, seed)
    return keys


def _ranges(analysis: Analysis):
    """Features with their active samples, ascending; the stronger side of a conversation stands for the sample."""
    rows = analysis.cursor().execute("SELECT samples FROM features ORDER BY feature_id").fetchnumpy()
    ends = np.cumsum(np.asarray(rows["samples"]), dtype=np.int64)
    first, width = 0, len(ends)
    query = (
        "SELECT feature_id, sample_id, max, position FROM activations_by_feature WHERE feature_id >= ? AND feature_id < ? "
        "ORDER BY feature_id, sample_id, side"
    )
    while first < width:
        before = int(ends[first - 1]) if first else 0
        stop = min(width, max(first + 1, int(np.searchsorted(ends, before + ROWS, side="right"))))
        found = analysis.cursor().execute(query, [first, stop]).fetchnumpy()
        yield _grouped(*(np.ascontiguousarray(np.ma.getdata(column)) for column in found.values()))
        first = stop


def _grouped(feature, sample, strength, position):
    kept = np.ones(len(feature), bool)
    again = np.flatnonzero((feature[1:] == feature[:-1]) & (sample[1:] == sample[:-1])) + 1
    weaker = strength[again] <= strength[again - 1]  # ties to the earlier side
    kept[np.where(weaker, again, again - 1)] = False
    feature, sample, strength, position = feature[kept], sample[kept], strength[kept], position[kept]
    features, pointer = np.unique(feature, return_index=True)
    return features, np.append(pointer, len(feature)), sample, strength, position


@dataclass(frozen=True, eq=False)
class Contexts:
    """The contexts that labels are tested on: of every live feature its `Drawn` of the test half.

    features: int32, ascending. random: int64, the places of the test half that all features share.
    """

    features: np.ndarray
    drawn: tuple[Drawn, ...]
    random: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, drawn: list[Drawn], random: np.ndarray) -> Contexts:
        """The contexts of features in their order."""
        return cls(features, tuple(drawn), random)

    def columns(self) -> dict[str, pa.Array]:
        """The columns of the table in which they are kept."""
        lists = {
            name: pa.array([getattr(own, name) for own in self.drawn], pa.list_(pa.int64()))
            for name in ("active", "band", "alike", "same_token")
        }
        silent = pa.array([np.packbits(own.silent).tobytes() for own in self.drawn], pa.binary())
        return {"feature_id": pa.array(self.features, pa.int32()), **lists, "silent": silent}

    @classmethod
    def read(cls, table: pa.Table, random: np.ndarray) -> Contexts:
        """The contexts that `columns` wrote."""
        lists = [_lists(table[name]) for name in ("active", "band", "alike", "same_token")]
        silent = [
            np.unpackbits(np.frombuffer(bits, np.uint8), count=len(random)).astype(bool)
            for bits in table["silent"].to_pylist()
        ]
        drawn = tuple(Drawn(*own) for own in zip(*lists, silent, strict=True))
        return cls(table["feature_id"].to_numpy(), drawn, random)


def _lists(column: pa.ChunkedArray) -> list[np.ndarray]:
    joined = column.combine_chunks()
    pointer = np.concatenate([[0], np.cumsum(np.asarray(joined.value_lengths()))]).astype(np.int64)
    flat = np.asarray(joined.flatten())
    return [flat[a:b] for a, b in itertools.pairwise(pointer)]
