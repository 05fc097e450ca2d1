"""When memory runs out on a planned batch: it is read in halves, and that is written down, so that a resumed run splits alike."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from core.errors import GamutError
from core.files import write_json
from core.store.replanned import Replanned

FILE = "replan.json"  # in the folder of an unfinished analysis
# What PyTorch says where it has no class of error for it: MPS, the processor, a CUDA library without room to work in.
SAID = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")

Read = TypeVar("Read")


class TooLong(GamutError):
    """A sample that does not fit into memory by itself."""

    def __init__(self, sample: int, tokens: int) -> None:
        super().__init__(
            f"Sample {sample} ({tokens} tokens) does not fit into memory by itself; nothing that was read is lost: free some "
            "memory or choose a device with more, and start the same analysis again, it goes on from there; or begin another "
            f"with --max-length below {tokens}."
        )
        self.sample, self.tokens = sample, tokens


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: CUDA's, MPS's or the processor's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in SAID)


@contextmanager
def told_when_out_of_memory(while_: str, instead: str) -> Iterator[None]:
    """Where memory runs out in the body, which cannot be split: `GamutError` that says while what, and what else to do."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        raise GamutError(
            f"Memory ran out while {while_}: free some memory, choose a device with more, or {instead}."
        ) from None


def give_back() -> None:
    """Return what the failed batch held to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


class Replan:
    """From which batch of the plan on how many padded tokens are read at once, kept in `file`; the fewer the later.

    Half as many as did not fit: a little fewer would likely not fit either, and every try costs a pass.
    """

    def __init__(self, file: Path | None = None, splits: Sequence[tuple[int, int]] = ()) -> None:
        self._file = file
        self.splits = list(splits)
        if file is not None and file.is_file():
            self.splits = [(int(batch), int(tokens)) for batch, tokens in json.loads(file.read_text())]

    def limit(self, batch: int) -> int | None:
        """Padded tokens read at once at batch number `batch`; None where memory never ran out before."""
        return min((tokens for first, tokens in self.splits if first <= batch), default=None)

    def note(self, batch: int, tokens: int) -> None:
        """Write down that from this batch on no more padded tokens are read at once, unless they are fewer already."""
        known = self.limit(batch)
        if known is None or tokens < known:
            self.splits.append((batch, tokens))
            if self._file is not None:
                write_json(self._file, self.splits)

    def replanned(self, batches: Sequence[np.ndarray], lengths: np.ndarray) -> Replanned | None:
        """What an analysis that was read so says of itself; None where no batch was split."""
        if not self.splits:
            return None
        limits = (self.limit(number) for number in range(len(batches)))
        split = sum(
            len(pieces(batch, lengths, limit)) > 1 for batch, limit in zip(batches, limits, strict=True) if limit
        )
        return Replanned(split, len(batches), tuple(self.splits)) if split else None


def pieces(batch: np.ndarray, lengths: np.ndarray, limit: int | None) -> list[np.ndarray]:
    """A batch in halves, and halves of these, until each has at most `limit` padded tokens or is one sample.

    `lengths` int64 (all samples). The order of the samples stays.
    """
    if limit is None or len(batch) == 1 or padded_tokens(batch, lengths) <= limit:
        return [batch]
    middle = (len(batch) + 1) // 2
    return pieces(batch[:middle], lengths, limit) + pieces(batch[middle:], lengths, limit)


def padded_tokens(batch: np.ndarray, lengths: np.ndarray) -> int:
    """Tokens of a batch with its padding."""
    return len(batch) * int(lengths[batch].max())


def read_in_pieces(
    number: int, batch: np.ndarray, lengths: np.ndarray, plans: Sequence[Replan], read: Callable[[np.ndarray], Read]
) -> list[Read]:
    """`read` a planned batch whole, or where memory runs out in as few pieces as fit; each of `plans` is told.

    Raises `TooLong` for a sample that does not fit by itself.
    """
    while True:
        limit = min((known for plan in plans if (known := plan.limit(number)) is not None), default=None)
        parts = pieces(batch, lengths, limit)
        if limit is not None and len(parts) > 1:
            for plan in plans:  # one that was read without the others so far has not met their limit itself
                plan.note(number, limit)
        found: list[Read] = []
        failed = None
        for part in parts:
            try:
                found.append(read(part))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                failed = part
                break
        if failed is None:
            return found
        found.clear()
        give_back()  # outside the handler, whose error holds on to all that was computed
        if len(failed) == 1:
            raise TooLong(int(failed[0]), int(lengths[failed[0]]))
        for plan in plans:
            plan.note(number, padded_tokens(failed, lengths) // 2)


class InPieces:
    """Reads the batches of a pass that is no analysis: whole, or in pieces from when memory ran out first.

    Such a pass has no content hash to keep; what it gives differs in the last digits of a float at most. `file`: where it
    is written down, for a pass that goes on after a stop.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._replan = Replan(file)

    @property
    def limit(self) -> int | None:
        """Padded tokens read at once at most; None where memory never ran out."""
        return self._replan.limit(0)

    @property
    def note(self) -> str:
        """What the progress adds while batches are read in pieces; else nothing."""
        return "" if self.limit is None else ", in pieces as memory ran out"

    def __call__(
        self, batch: np.ndarray, lengths: np.ndarray, read: Callable[[np.ndarray], Read]
    ) -> list[tuple[np.ndarray, Read]]:
        """The samples of each piece of a batch, in its order, and what `read` makes of them; `lengths` int64 (all samples).

        Raises `GamutError` for a sample that does not fit by itself.
        """
        try:
            found = read_in_pieces(0, batch, lengths, [self._replan], read)
        except TooLong as error:
            raise GamutError(
                f"A sample of {error.tokens} tokens does not fit into memory by itself: free some memory, or choose a device "
                "with more (GAMUT_DEVICE), and start the same again."
            ) from None
        return list(zip(pieces(batch, lengths, self.limit), found, strict=True))
