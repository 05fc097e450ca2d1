"""Activations of a data set's scored tokens as an endless stream in a seeded order, read as they are needed or kept on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from core.activations.scored_states import ScoredStates, scored_counts
from core.activations.settings import AnalysisSettings
from core.activations.tokens import Tokens
from core.errors import GamutError

ROUND_BYTES, ROUND_TOKENS = 1 << 29, 1 << 17  # shuffled together at most, as float32: what the stream holds in memory
PARTS_A_ROUND = 8  # a round mixes so many parts, in every epoch others
LEFT_FREE = 1 << 30  # bytes that a cache leaves on the disk


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens that are read together (`part`), and tokens that are shuffled together (`round`); both decide the order."""

    part: int
    round: int

    @classmethod
    def for_width(cls, width: int) -> Sizes:
        together = max(PARTS_A_ROUND * 1024, min(ROUND_TOKENS, ROUND_BYTES // (4 * width)))
        return cls(together // PARTS_A_ROUND, together)


class Parts:
    """The samples that are trained on, in seeded parts of about as many scored tokens; a part is always read the same way.

    `wanted`: tokens that are trained on; where they are fewer than all, further samples are never read.
    """

    def __init__(
        self, reader: ScoredStates, tokens: Tokens, ids: np.ndarray, *, wanted: int, size: int, seed: int,
        settings: AnalysisSettings, check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        counts = scored_counts(tokens)[ids]
        order = np.random.default_rng(seed).permutation(len(ids))
        order = order[counts[order] > 0]
        order = order[: int(np.searchsorted(np.cumsum(counts[order]), wanted)) + 1]
        place = (np.cumsum(counts[order]) - 1) // size
        self._ids = [ids[order[place == number]] for number in np.unique(place)]
        self.counts = np.array([counts[order[place == number]].sum() for number in np.unique(place)], dtype=np.int64)
        self._reader, self._tokens, self._settings, self._check_stop = reader, tokens, settings, check_stop
        self.width = reader.width

    def read(self, number: int) -> np.ndarray:
        """Activations of one part, float32 (tokens, width), by a pass through the model."""
        return self._reader.read(self._tokens, self._ids[number], settings=self._settings, check_stop=self._check_stop)


class CachedParts:
    """The same, kept in `folder` once they were read, in the model's own numbers, so nothing is rounded."""

    def __init__(self, parts: Parts, folder: Path, *, dtype: str) -> None:
        self.counts, self.width = parts.counts, parts.width
        self._parts, self._folder, self._dtype = parts, folder, getattr(torch, dtype)
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, number: int) -> np.ndarray:
        """Activations of one part, from disk where they lie there."""
        path = self._folder / f"{number:06d}-{self.counts[number]}.safetensors"
        if not path.is_file():
            values = torch.from_numpy(self._parts.read(number)).to(self._dtype)
            beside = path.with_suffix(".tmp")
            save_file({"values": values}, beside)
            beside.replace(path)
        return load_file(path)["values"].float().numpy()


def cache_bytes(tokens: int, width: int, dtype: str) -> int:
    """What a cache of so many tokens takes on disk."""
    return tokens * width * (4 if dtype == "float32" else 2)


def check_cache(folder: Path, *, needed: int, budget: int) -> None:
    """Refuse a cache beyond what the user allows or the disk has, before anything is read."""
    there = sum(path.stat().st_size for path in folder.glob("*")) if folder.is_dir() else 0
    if needed > budget:
        raise GamutError(
            f"The activations take {needed / 1e9:.3g} GB and the cache may hold {budget / 1e9:.3g} GB; allow more by "
            "--cache-gb, or leave the cache out: activations are then read anew in each epoch."
        )
    at = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    free = shutil.disk_usage(at).free
    if needed - there > free - LEFT_FREE:
        raise GamutError(
            f"The activations take {needed / 1e9:.3g} GB and the disk has {free / 1e9:.3g} GB free; free some, or leave the "
            "cache out: activations are then read anew in each epoch."
        )


class Stream:
    """Activations without end: in each epoch every scored token once, parts in a new order and shuffled by rounds.

    What stands at a place is decided by data, model, sizes and seed alone. Read forward: going back costs a round.
    `tell(tokens)` hears of all tokens read.
    """

    def __init__(self, parts: Parts | CachedParts, *, round: int, seed: int, tell: Callable[[int], None]) -> None:
        self._parts, self._round, self._seed, self._tell = parts, round, seed, tell
        self.epoch_tokens = int(parts.counts.sum())
        self._epoch = -1
        self._at: tuple[int, int] = (-1, -1)  # epoch and round that are held
        self._values = np.empty((0, parts.width), np.float32)
        self._order = np.empty(0, np.int64)

    def take(self, first: int, count: int) -> torch.Tensor:
        """Activations at places `first : first + count`, float32 (count, width)."""
        return torch.from_numpy(np.concatenate(list(self._pieces(first, count))))

    def first_round(self) -> np.ndarray:
        """The activations that are shuffled first, float32 (n, width): a sample of all."""
        self._hold(0, 0)
        return self._values

    def _pieces(self, first: int, count: int) -> Iterator[np.ndarray]:
        while count > 0:
            epoch, at = divmod(first, self.epoch_tokens)
            self._begin(epoch)
            number = int(np.searchsorted(self._starts, at, side="right")) - 1
            self._hold(epoch, number)
            inside = at - int(self._starts[number])
            rows = self._order[inside : inside + count]
            yield self._values[rows]
            first, count = first + len(rows), count - len(rows)

    def _begin(self, epoch: int) -> None:
        """Deal the parts of an epoch to its rounds."""
        if epoch == self._epoch:
            return
        self._epoch = epoch
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._parts.counts))
        ends = np.cumsum(self._parts.counts[order])
        group = (ends - 1) // self._round
        self._rounds = [order[group == number] for number in np.unique(group)]
        sizes = [int(self._parts.counts[members].sum()) for members in self._rounds]
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def _hold(self, epoch: int, number: int) -> None:
        """Have the activations of one round in memory."""
        if self._at == (epoch, number):
            return
        self._begin(epoch)
        members = self._rounds[number]
        counts = self._parts.counts[members]
        self._at = (-1, -1)
        if counts.sum() != len(self._values):
            self._values = np.empty((int(counts.sum()), self._parts.width), np.float32)
        at = 0
        for part, size in zip(members.tolist(), counts.tolist(), strict=True):
            self._values[at : at + size] = self._parts.read(part)
            at += size
            self._tell(epoch * self.epoch_tokens + int(self._starts[number]) + at)
        self._order = np.random.default_rng([self._seed, epoch, number]).permutation(at)
        self._at = (epoch, number)
