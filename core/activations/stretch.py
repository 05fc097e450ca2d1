"""A stretch of planned batches, small enough to hand to a worker that knows neither the data set nor the other stretches.

The plan decides the numbers, not who computes them: a worker runs the planned batches of its stretch and gives the rows
that a part of them holds. The rows say nothing of other stretches, so one that is lost is computed again, alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.activations.back_off import Replan, TooLong
from core.activations.collect.collection import Collection
from core.activations.machine import Pass
from core.activations.pass_loop import Strand, read_batches
from core.activations.tokens import Tokens
from core.store.contents import Contents

MOST_TOKENS = 1 << 17  # of a stretch: what a kill can cost, and what lies in the object store at once
ROUNDS = 4  # stretches a worker at least, where there is enough to read, so that all end at about the same time
NO_GROUPS = np.empty(0, np.int32)
TOKENS = ("ids", "roles", "indptr", "cut", "words")


@dataclass(frozen=True)
class Stretch:
    """The planned batches `first` up to (not including) `stop`, by the samples that they hold.

    `sizes` int64 (batches): the samples of each; `ids` int32 (n): theirs, in the order of the plan; `tokens`: of these
    samples, in that order; `groups` int32 (n): theirs as `core.store.groups.Groups.of`, empty where nothing is grouped.
    """

    first: int
    sizes: np.ndarray
    ids: np.ndarray
    tokens: Tokens
    groups: np.ndarray

    @property
    def stop(self) -> int:
        return self.first + len(self.sizes)

    def as_table(self) -> pa.Table:
        """One row of bytes, as a cluster carries it."""
        columns = {"sizes": self.sizes, "samples": self.ids, "groups": self.groups}
        columns |= {name: getattr(self.tokens, name) for name in TOKENS}
        made = {name: pa.array([values.tobytes()], pa.large_binary()) for name, values in columns.items()}
        return pa.table({"first": pa.array([self.first], pa.int64()), **made})

    @classmethod
    def from_table(cls, table: pa.Table) -> Stretch:
        """What `as_table` made."""
        (row,) = table.to_pylist()
        types = {"roles": np.uint8, "indptr": np.int64, "sizes": np.int64}
        read = {name: np.frombuffer(value, types.get(name, np.int32)) for name, value in row.items() if name != "first"}
        return cls(
            row["first"], read["sizes"], read["samples"], Tokens(*(read[name] for name in TOKENS)), read["groups"]
        )  # fmt: skip


def most_tokens(left: int, workers: int) -> int:
    """How long stretches are where so many tokens are left for so many workers."""
    return max(1, min(MOST_TOKENS, left // (ROUNDS * workers)))


def stretches(
    tokens: Tokens, batches: Sequence[np.ndarray], groups: np.ndarray | None, *, begin: int, most: int
) -> Iterator[Stretch]:
    """The batches from number `begin` on, in stretches of at most `most` tokens or of one batch."""
    first, held = begin, 0
    for number in range(begin, len(batches)):
        size = int(tokens.lengths[batches[number]].sum())
        if number > first and held + size > most:
            yield _stretch(tokens, batches[first:number], groups, first)
            first, held = number, 0
        held += size
    if first < len(batches):
        yield _stretch(tokens, batches[first:], groups, first)


def _stretch(tokens: Tokens, batches: Sequence[np.ndarray], groups: np.ndarray | None, first: int) -> Stretch:
    ids = np.concatenate(batches).astype(np.int32)
    lengths = tokens.lengths[ids]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    taken = np.repeat(tokens.indptr[ids] - indptr[:-1], lengths) + np.arange(indptr[-1])
    own = Tokens(tokens.ids[taken], tokens.roles[taken], indptr, tokens.cut[ids], tokens.words[ids])
    sizes = np.array([len(batch) for batch in batches], np.int64)
    return Stretch(first, sizes, ids, own, NO_GROUPS if groups is None else groups[ids].astype(np.int32))


@dataclass(frozen=True)
class Read:
    """What was read of the batches `first` to `stop`: the rows of a part that holds them, by table.

    `splits`: where memory ran out, by the number of the batch, as `core.activations.back_off.Replan` notes it.
    """

    first: int
    stop: int
    tables: dict[str, pa.Table]
    splits: tuple[tuple[int, int], ...] = ()


def read_stretch(machine: Pass, contents: Contents, stretch: Stretch) -> Read:
    """Run the batches of a stretch as one process runs those of the plan."""
    collection = Collection(contents, stretch.groups if len(stretch.groups) else None)
    every, ends = np.arange(len(stretch.ids), dtype=np.int32), np.cumsum(stretch.sizes)
    replan, batches = Replan(), np.split(every, ends[:-1])
    strand = Strand(machine, collection, _Counted(), replan)  # type: ignore[arg-type]
    try:
        read_batches([strand], stretch.tokens, batches, progress=lambda *_: None, stop=lambda: False)
    except TooLong as error:
        raise TooLong(int(stretch.ids[error.sample]), error.tokens) from None  # by its number in the data set
    tables = {name: _renumbered(table, stretch.ids) for name, table in collection.take().items()}
    splits = tuple((stretch.first + batch, tokens) for batch, tokens in replan.splits)
    return Read(stretch.first, stretch.stop, tables, splits)


class _Counted:
    """In the place of a `PartWriter`: nothing is written where a stretch is read."""

    next_batch = 0

    def add(self, batch: int) -> None:
        self.next_batch = batch + 1

    def flush(self) -> None: ...


def _renumbered(table: pa.Table, ids: np.ndarray) -> pa.Table:
    """Rows of the samples of a stretch, by their numbers in the data set."""
    if "sample_id" not in table.column_names:
        return table
    place = table.column_names.index("sample_id")
    return table.set_column(place, table.schema.field(place), pa.array(ids[table["sample_id"].to_numpy()], pa.int32()))
