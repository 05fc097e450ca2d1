"""Samples under a trainer's tokenizer and template, kept: the runs of every row, and the first rows' tokens to look at.

Of a selection to preview it, or of a whole data set, so that any selection of it is previewed at once and a budget can be
one of trained tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.activations.refs import BUNDLED
from core.activations.tokenizer_files import tokenizer_key
from core.activations.trainer_templates import LLAMA_FACTORY, OWN, trainer_of
from core.errors import GamutError
from core.files import json_hash, written_beside
from core.scores.treatment import RULES
from core.workspace import Workspace

SHOWN = 20  # rows whose tokens are kept to look at
SCHEMA = pa.schema([
    ("sample_id", pa.int32()), ("runs", pa.list_(pa.int32())), ("alternates", pa.bool_()), ("tokens", pa.list_(pa.string())),
])  # fmt: skip
WITH_TOOLS = "tools are told"  # else than by versions that kept such rows without
GROUP = 5_000  # rows written at once


@dataclass(frozen=True, slots=True)
class TrainerRow:
    """One row: the lengths of its runs (not trained on, trained on, …), and for the first rows its tokens as texts."""

    sample_id: int
    runs: list[int]
    alternates: bool
    tokens: list[str]

    @property
    def trained(self) -> list[bool]:
        """Which of its tokens are trained on."""
        return [bool(place % 2) for place, length in enumerate(self.runs) for _ in range(length)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How trained tokens are counted: as a trainer leaves them, by a tokenizer, a template and a cutoff in tokens.

    `tokenizer` is "bundled", a folder or `hf:owner/name`, as it was typed; `key` the hash of its files, which proves that it
    is the same one.
    """

    trainer: str
    tokenizer: str = BUNDLED
    template: str = OWN
    cutoff: int = 2048
    key: str = ""

    def __post_init__(self) -> None:
        if self.trainer not in RULES:
            raise GamutError(f"There is no trainer {self.trainer!r}; there are {', '.join(RULES)}.")
        of = trainer_of(self.template)[0]
        if of and of != self.trainer:
            raise GamutError(
                f"The template {self.template} is one of {of}; it says nothing of what {self.trainer} trains on."
            )
        if type(self.cutoff) is not int or self.cutoff < 1:
            raise GamutError(f"The cutoff is {self.cutoff} tokens; give a whole number from 1 upwards.")

    def keyed(self) -> Counted:
        """The same with the hash of the tokenizer's files as they are now."""
        return Counted(
            trainer=self.trainer, tokenizer=self.tokenizer, template=self.template, cutoff=self.cutoff,
            key=tokenizer_key(self.tokenizer),
        )  # fmt: skip

    def as_dict(self) -> dict[str, str | int]:
        """Plain values for JSON; `Counted(**…)` is the way back."""
        return {name: getattr(self, name) for name in ("trainer", "tokenizer", "template", "cutoff", "key")}

    def flags(self) -> list[str]:
        """The words of the command line that say the same."""
        return [
            "--for", self.trainer, "--tokenizer", self.tokenizer, "--template", self.template, "--cutoff", str(self.cutoff)
        ]  # fmt: skip


def rows_path(
    workspace: Workspace, dataset_hash: str, *, key: str, template: str, ids: tuple[int, ...] | None = None
) -> Path:
    """Where the rows of chosen samples, or of a whole data set (None), are kept under a tokenizer (`key`) and a template."""
    said = [key, template, dataset_hash, None if ids is None else list(ids)]
    said += [WITH_TOOLS] if trainer_of(template)[0] == LLAMA_FACTORY else []
    return workspace.root / "previews" / f"{json_hash(said)[:16]}.parquet"


def write_rows(path: Path, rows: Iterable[TrainerRow]) -> None:
    """Write the rows as they come, whole or not at all."""
    waiting = iter(rows)
    with written_beside(path) as out, pq.ParquetWriter(out, SCHEMA) as writer:
        while chunk := [row for _, row in zip(range(GROUP), waiting, strict=False)]:
            columns = {name: [getattr(row, name) for row in chunk] for name in SCHEMA.names}
            writer.write_table(pa.table(columns, schema=SCHEMA))


def read_rows(path: Path) -> list[TrainerRow] | None:
    """The kept rows in their order, or None where there are none yet."""
    if not path.is_file():
        return None
    table = pq.read_table(path, schema=SCHEMA)
    return [TrainerRow(*values) for values in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def trained_tokens(workspace: Workspace, dataset_hash: str, counted: Counted) -> np.ndarray:
    """The tokens of every sample that a trainer trains on: int32 (n). Raises `GamutError` where they were not counted yet."""
    path = rows_path(workspace, dataset_hash, key=counted.key, template=counted.template)
    if not path.is_file():
        words = f"--tokenizer {counted.tokenizer} --template {counted.template}"
        raise GamutError(
            f"What {counted.trainer} trains on was not counted for this data set under the tokenizer {counted.tokenizer} "
            f"(files {counted.key}); run `python -m core trained-tokens DATASET {words}`, or count the answers' tokens."
        )
    return _trained(str(path), path.stat().st_mtime_ns, counted.trainer, counted.cutoff)


@lru_cache(maxsize=16)
def _trained(path: str, stamp: int, trainer: str, cutoff: int) -> np.ndarray:
    rule, table = RULES[trainer], pq.read_table(path, columns=["sample_id", "runs", "alternates"])
    ids = table["sample_id"].to_numpy()
    pairs = zip(table["runs"].to_pylist(), table["alternates"].to_pylist(), strict=True)
    found = np.zeros(ids.max(initial=-1) + 1, np.int32)
    found[ids] = [rule(runs, alternates, cutoff).trained for runs, alternates in pairs]
    found.setflags(write=False)  # one array for all who ask
    return found


def with_tokens(rows: Iterable, texts) -> Iterator[TrainerRow]:
    """Rows with the texts of their tokens (`texts(ids)`) for the first of them."""
    for place, row in enumerate(rows):
        yield TrainerRow(row.sample_id, row.runs, row.alternates, texts(row.ids) if place < SHOWN else [])
