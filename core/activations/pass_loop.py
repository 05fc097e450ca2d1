"""The loop of a forward pass: batch after batch through the model once, and to every SAE that still misses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from core.activations.back_off import Replan, read_in_pieces
from core.activations.batch import Batch
from core.activations.cancelled import Cancelled
from core.activations.collect.collection import Collection
from core.activations.machine import Padded, Pass, padded, run_together
from core.activations.tokens import Tokens
from core.errors import GamutError
from core.store.parts import PartWriter

Progress = Callable[..., None]  # (done, total, note), and the samples read where tokens are counted
Stop = Callable[[], bool]
READING = "reading samples"


@dataclass(frozen=True, slots=True)
class Strand:
    """What becomes of a pass for one SAE: who reads, who collects, where it is written, how its plan was split."""

    machine: Pass
    collection: Collection
    writer: PartWriter
    replan: Replan

    def take(self, number: int, pieces: Sequence[Batch]) -> None:
        """Collect a planned batch; its pieces count as one."""
        for piece in pieces:
            self.collection.add(piece)
        self.writer.add(number)


def read_batches(
    strands: Sequence[Strand], tokens: Tokens, batches: Sequence[np.ndarray], *, progress: Progress, stop: Stop,
    overlap: bool | None = None,
) -> None:  # fmt: skip
    """Run the batches that any strand still misses; a strand that has one already is left out of it.

    The model runs once for all strands, whose passes share it. Raises `Cancelled` when `stop()` turns true between
    batches; what was read until then is saved. `overlap`: make a batch ready and collect the one before while the device
    computes; by default where the device is not the processor itself.
    """
    sizes = np.array([tokens.lengths[batch].sum() for batch in batches])
    rows = np.cumsum([0, *(len(batch) for batch in batches)])
    begins = [strand.writer.next_batch for strand in strands]
    overlap = strands[0].machine.device != "cpu" if overlap is None else overlap
    with ExitStack() as ends:
        ready = _Ready(
            tokens, batches, ends, pinned=strands[0].machine.device.startswith(("cuda", "split")), on=overlap
        )
        behind = _Behind(ends, on=overlap)
        try:
            for number in range(min(begins), len(batches)):
                if stop():
                    raise Cancelled
                progress(int(sizes[:number].sum()), int(sizes.sum()), READING, int(rows[number]))
                due = [strand for strand, begin in zip(strands, begins, strict=True) if begin <= number]
                behind(due, number, _read(due, tokens, batches[number], number, ready))
        except (Cancelled, GamutError):
            behind.wait()
            _flush(strands)
            raise
        behind.wait()
        _flush(strands)


def _flush(strands: Sequence[Strand]) -> None:
    for strand in strands:
        strand.writer.flush()


def _read(due: Sequence[Strand], tokens: Tokens, batch: np.ndarray, number: int, ready: _Ready) -> list[list[Batch]]:
    """By strand the pieces of a planned batch: the whole of it where memory does not run out."""
    machines = [strand.machine for strand in due]

    def read(ids: np.ndarray) -> list[Batch]:
        return run_together(machines, tokens, ready(number, ids))

    found = read_in_pieces(number, batch, tokens.lengths, [strand.replan for strand in due], read)
    return [list(pieces) for pieces in zip(*found, strict=True)]


class _Ready:
    """Makes batches ready, each next one while the one before runs."""

    def __init__(
        self, tokens: Tokens, batches: Sequence[np.ndarray], ends: ExitStack, *, pinned: bool, on: bool
    ) -> None:
        self._tokens, self._batches, self._pinned = tokens, batches, pinned
        self._pool = ends.enter_context(ThreadPoolExecutor(1, "gamut-ready")) if on else None
        self._ahead: dict[int, Future[Padded]] = {}

    def __call__(self, number: int, ids: np.ndarray) -> Padded:
        """The samples `ids` of batch `number`, the whole of it or a piece."""
        made, following = self._ahead.pop(number, None), number + 1
        if self._pool is not None and following < len(self._batches) and following not in self._ahead:
            self._ahead[following] = self._pool.submit(self._make, self._batches[following])
        return made.result() if made is not None and len(ids) == len(self._batches[number]) else self._make(ids)

    def _make(self, ids: np.ndarray) -> Padded:
        return padded(self._tokens, ids, pinned=self._pinned)


class _Behind:
    """Collects batches in their order, one behind the batch that runs; at once where there is nothing to gain by it."""

    def __init__(self, ends: ExitStack, *, on: bool) -> None:
        self._pool = ends.enter_context(ThreadPoolExecutor(1, "gamut-collect")) if on else None
        self._last: Future | None = None

    def __call__(self, due: Sequence[Strand], number: int, found: list[list[Batch]]) -> None:
        def take() -> None:
            for strand, pieces in zip(due, found, strict=True):
                strand.take(number, pieces)

        self.wait()
        if self._pool is None:
            take()
        else:
            self._last = self._pool.submit(take)

    def wait(self) -> None:
        """Until all that was handed over is collected; raises what that raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
