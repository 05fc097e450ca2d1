"""A pass over a whole data set of which only what is made of each batch is kept, not the states themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from core.activations.analyse import Pass, usable_threads
from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.ends import Read, Stop, stream_ends
from core.activations.identity import AnalysisIdentity
from core.store.datasets import Dataset

Progress = Callable[[int, int, str], None]


class PoolReader:
    """A loaded model and the tokens of a data set, in the batches of its analysis."""

    def __init__(self, identity: AnalysisIdentity, dataset: Dataset, *, progress: Progress) -> None:
        progress(0, 0, "loading the model")
        self._machine = Pass(identity, threads=usable_threads())
        self._settings = identity.settings
        self._progress = progress
        progress(0, 0, "tokenising")
        self._tokens = self._machine.tokenise(turns for _, turns in dataset.conversations())
        self.batches = len(plan_batches(self._tokens.lengths, self._settings))

    def states(self, *, begin: int, stop: Stop) -> Iterator[tuple[np.ndarray, Read]]:
        """Batch after batch from number `begin` on: sample ids and states as `core.activations.ends.stream_ends` gives."""
        lengths = self._tokens.lengths
        total = int(lengths.sum())
        done = sum(int(lengths[batch].sum()) for batch in plan_batches(lengths, self._settings)[:begin])
        split = InPieces()
        for ids, read, _ in stream_ends(
            self._machine, self._tokens, self._settings, stop=stop, begin=begin, split=split
        ):
            yield ids, read
            done += int(lengths[ids].sum())
            self._progress(done, total, f"reading samples{split.note}")
