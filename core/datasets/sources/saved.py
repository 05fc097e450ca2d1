"""Data sets of the `datasets` library: folders it saved, and ids of the Hugging Face hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.datasets.sources.columnar import ROWS, rows_of
from core.datasets.sources.record import RawRecord
from core.datasets.sources.unpack import Progress
from core.errors import GamutError
from core.files import file_hash

HUB = "hf:"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w.-]+)?")


def is_saved(folder: Path) -> bool:
    """Whether `save_to_disk` of the `datasets` library wrote this folder."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    )


def load_saved(folder: Path) -> dict[str, Any]:
    """The tables of a saved folder by split; one without splits is called ""."""
    from datasets import DatasetDict, load_from_disk

    try:
        found = load_from_disk(str(folder))
    except Exception as error:  # the library raises whatever its parts raise; all of it means the same here
        raise GamutError(f"{folder.name} looks like a saved data set but cannot be loaded: {_first(error)}.") from None
    return dict(found) if isinstance(found, DatasetDict) else {"": found}


def load_hub(ref: str) -> dict[str, Any]:
    """The tables of a hub data set by split, downloaded into the library's cache where they are not there yet."""
    name = ref.removeprefix(HUB)
    if not HUB_ID.fullmatch(name):
        raise GamutError(
            f"{ref!r} is no hub id; write hf:owner/name, or hf:owner/name@config for one of its configurations."
        )
    from datasets import load_dataset

    path, _, config = name.partition("@")
    try:  # this form of path never means a folder of this machine
        return dict(load_dataset(f"hf://datasets/{path}", config or None))
    except ConnectionError:
        raise GamutError(
            f"{ref} could not be fetched: the Hugging Face hub cannot be reached from here, or HF_HUB_OFFLINE forbids it. "
            "Fetch it where there is a network, save it with save_to_disk, and give that folder."
        ) from None
    except Exception as error:  # as above
        raise GamutError(f"{ref} could not be loaded: {_first(error)}.") from None


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def chosen(tables: dict[str, Any], split: str | None, *, name: str) -> dict[str, Any]:
    """All splits, or the one named."""
    if split is None:
        return tables
    if split not in tables:
        there = ", ".join(tables) if any(tables) else "none"
        raise GamutError(f"{name} has no split {split!r}; its splits are: {there}.")
    return {split: tables[split]}


def table_size(table: Any) -> int:
    """Bytes of the files a table is read from, or of its memory where it has none."""
    files = [Path(each["filename"]) for each in table.cache_files]
    return sum(file.stat().st_size for file in files) if files else int(table.data.nbytes)


def table_hash(table: Any) -> str:
    """SHA-256 (hex) over the files of a table in order and the rows chosen of them."""
    digest = hashlib.sha256()
    for each in table.cache_files:
        digest.update(file_hash(Path(each["filename"])).encode())
    if table._indices is not None:
        digest.update(table._indices.column(0).to_numpy().tobytes())
    return digest.hexdigest()


def saved_rows(table: Any, *, file: str, size: int, added: dict[str, str], progress: Progress) -> Iterator[RawRecord]:
    """Every row of a table, undecoded: sound and pictures stay paths and bytes, and torch is never imported."""
    total = max(1, len(table))

    def batches() -> Iterator[tuple[Any, float]]:
        done = 0
        for part in table.with_format("arrow").iter(batch_size=ROWS):
            done += part.num_rows
            for batch in part.to_batches():
                yield batch, done / total

    yield from rows_of(batches(), file=file, added=added, progress=lambda share: progress(int(size * share)))
    progress(size)
