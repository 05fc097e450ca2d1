"""An analysis on its way: Parquet parts in `<id>.partial/parts/`, each complete once its JSON file stands beside it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import GamutError
from core.files import file_hash, write_json, written_beside
from core.store.tables import LAYERED, SCHEMAS

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Part:
    """A complete part: the batches `first` up to (not including) `stop` of the batch plan.

    By table: `rows`, and `size` in bytes and SHA-256 `sums` of its file.
    """

    number: int
    first: int
    stop: int
    rows: dict[str, int]
    sizes: dict[str, int]
    sums: dict[str, str]


class PartWriter:
    """Writes a part of consecutive batches every `seconds`; `next_batch` is where to go on.

    `take`, asked when a part is written, gives the rows of all batches since it was last asked. A part says nothing
    of other parts: so whatever is killed, the parts that count hold every batch once.
    """

    def __init__(self, folder: Path, *, seconds: float, take: Callable[[], Tables]) -> None:
        self.folder = folder
        self.seconds = seconds
        self._take = take
        folder.mkdir(parents=True, exist_ok=True)
        done = complete_parts(folder)
        self._number = len(done)
        self.next_batch = done[-1].stop if done else 0
        _drop_others(folder, done)
        self._first = self.next_batch
        self._since = time.monotonic()

    def add(self, batch: int) -> None:
        """Count batch number `batch`, which `take` gives the rows of; batches must come in the order of the plan."""
        assert batch == self.next_batch, f"batch {batch} came where {self.next_batch} was due"
        self.next_batch += 1
        if time.monotonic() - self._since >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one part; its JSON file, written last, makes it count."""
        if self.next_batch > self._first:
            tables = self._take()
            for name, table in tables.items():
                self._write(name, table.cast(SCHEMAS[name]))
            files = {name: _file(self.folder, self._number, name) for name in tables}
            mark = {
                "first": self._first, "stop": self.next_batch,
                "rows": {name: table.num_rows for name, table in tables.items()},
                "sizes": {name: file.stat().st_size for name, file in files.items()},
                "sums": {name: file_hash(file) for name, file in files.items()},
            }  # fmt: skip
            write_json(_mark(self.folder, self._number), mark)
            self._number += 1
        self._first, self._since = self.next_batch, time.monotonic()

    def _write(self, name: str, table: pa.Table) -> None:
        together = None
        if name in LAYERED and table.num_rows:  # layer by layer, each with as many rows: a row group a layer
            together = table.num_rows // (table["layer"][-1].as_py() + 1)
        with written_beside(_file(self.folder, self._number, name)) as out:
            pq.write_table(table, out, compression="zstd", row_group_size=together)


def complete_parts(folder: Path) -> list[Part]:
    """The complete parts in number order, up to the first gap: a file cut short is one, and is computed again."""
    parts: list[Part] = []
    while (mark := _mark(folder, len(parts))).is_file():
        try:
            part = Part(number=len(parts), **json.loads(mark.read_text()))
        except (ValueError, TypeError):
            break
        whole = all(_size(_file(folder, part.number, name)) == size for name, size in part.sizes.items())
        if not whole or part.first != (parts[-1].stop if parts else 0):
            break
        parts.append(part)
    return parts


def check_parts(folder: Path, parts: list[Part]) -> None:
    """Raise `GamutError` if a file of a part is not what was written; the part is then dropped, to be computed again."""
    for part in parts:
        for name, expected in part.sums.items():
            if file_hash(_file(folder, part.number, name)) != expected:
                _mark(folder, part.number).unlink()
                raise GamutError(
                    f"{_file(folder, part.number, name)} is not what was written (a fault of the disk?); it was dropped: "
                    "start the same analysis again, it goes on from before it."
                )


def part_files(folder: Path, parts: list[Part], table: str) -> list[str]:
    """The Parquet files of one table, in part order."""
    return [str(_file(folder, part.number, table)) for part in parts]


class PartRows:
    """The rows of all parts, table by table, in part order."""

    def __init__(self, folder: Path, parts: list[Part]) -> None:
        self.folder = folder
        self.parts = parts

    def count(self, name: str) -> int | None:
        """The rows that the parts promise of a table; None where they hold no such table."""
        held = [part.rows[name] for part in self.parts if name in part.rows]
        assert len(held) in (0, len(self.parts)), f"{len(held)} of {len(self.parts)} parts hold {name}"
        return sum(held) if held else None

    def files(self, name: str) -> list[str]:
        """The Parquet files of a table."""
        return part_files(self.folder, self.parts, name)

    def tables(self, name: str, *, layer: int | None = None) -> Iterator[pa.Table]:
        """A table of each part; of one layer only where `layer` is given."""
        for file in self.files(name):
            with pq.ParquetFile(file) as opened:
                yield opened.read() if layer is None else opened.read_row_group(layer)


def _file(folder: Path, number: int, table: str) -> Path:
    return folder / f"{number:05d}.{table}.parquet"


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _mark(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.json"


def _drop_others(folder: Path, done: list[Part]) -> None:
    """Remove what a killed run left of a part that it did not finish."""
    numbers = {f"{part.number:05d}" for part in done}
    for path in folder.iterdir():
        if path.name.split(".")[0] not in numbers:
            path.unlink()
