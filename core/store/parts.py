"""An analysis on its way: Parquet parts in `<id>.partial/parts/`, each complete once its JSON file stands beside it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.files import write_json, written_beside

SCHEMAS = {
    "samples": pa.schema(
        [("sample_id", pa.int32()), ("tokens", pa.int32()), ("scored_tokens", pa.int32()), ("prompt_tokens", pa.int32()),
         ("response_tokens", pa.int32()), ("conversation_tokens", pa.int32()), ("truncated_tokens", pa.int32()),
         ("richness", pa.int32())]
    ),
    "activations": pa.schema(
        [("sample_id", pa.int32()), ("feature_id", pa.int32()), ("side", pa.uint8()), ("max", pa.float32()),
         ("sum", pa.float32()), ("count", pa.int32()), ("position", pa.int32())]
    ),
    "tokens": pa.schema(
        [("sample_id", pa.int32()), ("token_ids", pa.list_(pa.int32())), ("roles", pa.list_(pa.uint8()))]
    ),
}  # fmt: skip

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Part:
    """A complete part: the batches `first` up to (not including) `stop` of the batch plan."""

    number: int
    first: int
    stop: int
    rows: dict[str, int]


class PartWriter:
    """Collects the rows of consecutive batches and writes a part every `seconds`; `next_batch` is where to go on."""

    def __init__(self, folder: Path, *, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        folder.mkdir(parents=True, exist_ok=True)
        done = complete_parts(folder)
        self._number = len(done)
        self.next_batch = done[-1].stop if done else 0
        _drop_others(folder, done)
        self._first = self.next_batch
        self._waiting: list[Tables] = []
        self._since = time.monotonic()

    def add(self, batch: int, tables: Tables) -> None:
        """Take the rows of batch number `batch`; batches must come in the order of the plan."""
        assert batch == self.next_batch, f"batch {batch} came where {self.next_batch} was due"
        self._waiting.append(tables)
        self.next_batch += 1
        if time.monotonic() - self._since >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one part; its JSON file, written last, makes it count."""
        if self._waiting:
            rows = {}
            for name, schema in SCHEMAS.items():
                table = pa.concat_tables([tables[name] for tables in self._waiting]).cast(schema)
                rows[name] = table.num_rows
                with written_beside(self.folder / f"{self._number:05d}.{name}.parquet") as out:
                    pq.write_table(table, out, compression="zstd")
            write_json(_mark(self.folder, self._number), {"first": self._first, "stop": self.next_batch, "rows": rows})
            self._number += 1
        self._waiting, self._first, self._since = [], self.next_batch, time.monotonic()


def complete_parts(folder: Path) -> list[Part]:
    """The complete parts in number order, up to the first gap."""
    parts: list[Part] = []
    while (mark := _mark(folder, len(parts))).is_file():
        said = json.loads(mark.read_text())
        if said["first"] != (parts[-1].stop if parts else 0):
            break
        parts.append(Part(len(parts), said["first"], said["stop"], said["rows"]))
    return parts


def part_files(folder: Path, parts: list[Part], table: str) -> list[str]:
    """The Parquet files of one table, in part order."""
    return [str(folder / f"{part.number:05d}.{table}.parquet") for part in parts]


def _mark(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.json"


def _drop_others(folder: Path, done: list[Part]) -> None:
    """Remove what a killed run left of a part that it did not finish."""
    numbers = {f"{part.number:05d}" for part in done}
    for path in folder.iterdir():
        if path.name.split(".")[0] not in numbers:
            path.unlink()
