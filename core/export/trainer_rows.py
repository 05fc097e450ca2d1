"""A selection under a trainer's tokenizer, kept: the runs of every row, and the first rows' tokens to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.activations.identity import BUNDLED
from core.errors import GamutError
from core.files import file_hash, json_hash, written_beside
from core.selection.saved import Selection
from core.workspace import BUNDLED_MODEL, Workspace

SHOWN = 20  # rows whose tokens are kept to look at
FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
SCHEMA = pa.schema([
    ("sample_id", pa.int32()), ("runs", pa.list_(pa.int32())), ("alternates", pa.bool_()), ("tokens", pa.list_(pa.string())),
])  # fmt: skip


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


def rows_path(workspace: Workspace, selection: Selection, tokenizer: str) -> Path:
    """Where the rows of a selection under a tokenizer are kept; another tokenizer, template or choice is another file."""
    folder = BUNDLED_MODEL if tokenizer == BUNDLED else Path(tokenizer).expanduser()
    if not (folder / FILES[0]).is_file():
        raise GamutError(
            f"{folder} holds no tokenizer.json; give the folder of a model or of its tokenizer, or 'bundled'."
        )
    said = [file_hash(folder / name) for name in FILES if (folder / name).is_file()]
    return (
        workspace.root / "previews" / f"{json_hash([said, selection.dataset_hash, list(selection.ids)])[:16]}.parquet"
    )


def write_rows(path: Path, rows: Iterable[TrainerRow]) -> None:
    """Write the rows, whole or not at all."""
    columns: dict[str, list] = {name: [] for name in SCHEMA.names}
    for row in rows:
        for name in SCHEMA.names:
            columns[name].append(getattr(row, name))
    with written_beside(path) as out:
        pq.write_table(pa.table(columns, schema=SCHEMA), out)


def read_rows(path: Path) -> list[TrainerRow] | None:
    """The kept rows in their order, or None where there are none yet."""
    if not path.is_file():
        return None
    table = pq.read_table(path, schema=SCHEMA)
    return [TrainerRow(*values) for values in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def with_tokens(rows: Iterable, texts) -> Iterator[TrainerRow]:
    """Rows with the texts of their tokens (`texts(ids)`) for the first of them."""
    for place, row in enumerate(rows):
        yield TrainerRow(row.sample_id, row.runs, row.alternates, texts(row.ids) if place < SHOWN else [])
