"""A source to raw records: a file, a folder, a saved data set or a hub id, streamed record by record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.datasets.options import ImportOptions
from core.datasets.sources import kinds
from core.datasets.sources.columnar import table_rows
from core.datasets.sources.delimited import delimited, dialect_of
from core.datasets.sources.folder import listing
from core.datasets.sources.json_array import json_list, json_sequence
from core.datasets.sources.json_lines import json_lines
from core.datasets.sources.kinds import TextFile, json_layout, kind_of, open_text
from core.datasets.sources.record import RawRecord, noted
from core.datasets.sources.saved import (
    HUB,
    HUB_ID,
    chosen,
    is_saved,
    load_hub,
    load_saved,
    saved_rows,
    table_hash,
    table_size,
)
from core.datasets.sources.text import text_lines
from core.datasets.sources.unpack import Progress, silent
from core.errors import GamutError
from core.files import file_hash, json_hash

__all__ = ["RawRecord", "Source", "SourceFile", "open_source", "records"]

DEFAULT = ImportOptions()
SPLIT, OTHER_SPLIT = "split", "source_split"  # the second where the data has a column of the first name


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source: `name` is shown, `reason` says why it is not read; a `table` is one split of a data set."""

    path: Path
    name: str
    kind: str
    size: int
    reason: str | None = None
    split: str | None = None
    table: Any = field(default=None, compare=False, repr=False)

    def sha256(self) -> str:
        """SHA-256 (hex) of what it holds."""
        if self.table is not None:
            return table_hash(self.table)
        try:
            return file_hash(self.path) if self.path.is_file() else ""
        except OSError:  # it is listed as one that cannot be read
            return ""


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read: `layout` is "json" for one file with one JSON list, else "jsonl"; `single` is one file by its path."""

    ref: str
    name: str
    files: tuple[SourceFile, ...]
    layout: str
    single: bool

    @property
    def size(self) -> int:
        """Bytes to be read from the disk."""
        return sum(file.size for file in self.files)

    def sha256(self) -> str:
        """SHA-256 (hex): of a file its bytes', of several that of their names and hashes in order."""
        if self.single:
            return self.files[0].sha256()
        return json_hash([[file.name, file.sha256()] for file in self.files])


def open_source(ref: str | Path, options: ImportOptions = DEFAULT) -> Source:
    """Find what a path or `hf:owner/name[@config]` names, without reading its records.

    Raises `GamutError` where there is nothing, or nothing that can be read.
    """
    said = str(ref)
    if said.startswith(HUB):
        return _tables(said, said.removeprefix(HUB), load_hub(said), options.split)
    path = Path(ref)
    if path.is_dir() and is_saved(path):
        return _tables(said, path.resolve().name, load_saved(path), options.split)
    if options.split is not None and path.exists():
        raise GamutError(f"{path.name} has no splits; leave the split out, or give a saved or a hub data set.")
    if path.is_dir():
        return _folder(said, path)
    if not path.is_file():
        hint = f" For a data set of the Hugging Face hub write hf:{said}." if HUB_ID.fullmatch(said) else ""
        raise GamutError(f"There is no file or folder {said}; give the path of a data file or a folder of them.{hint}")
    file = SourceFile(path, path.name, kind_of(path), path.stat().st_size)
    layout = _layout(open_text(path), file, options) if file.kind == "json" else kinds.LINES
    return Source(said, path.name, (file,), "json" if layout == kinds.LIST else "jsonl", True)


def _layout(text: TextFile, file: SourceFile, options: ImportOptions) -> str:
    return json_layout(text, name=file.path.name, nested=options.records is not None)


def _tables(ref: str, name: str, tables: dict[str, Any], split: str | None) -> Source:
    several = len(tables) > 1 and split is None
    files = tuple(
        SourceFile(Path(ref), f"{name}/{each}" if each else name, "table", table_size(table),
                   split=each if several else None, table=table)
        for each, table in chosen(tables, split, name=name).items()
    )  # fmt: skip
    return Source(ref, name, files, "jsonl", False)


def _folder(ref: str, folder: Path) -> Source:
    files: list[SourceFile] = []
    for path, reason in listing(folder):
        name = path.relative_to(folder).as_posix()
        files += [SourceFile(path, name, "", 0, reason)] if reason else _read_of_folder(path, name)
    if all(file.reason for file in files):
        left = ", ".join(file.name for file in files[:5]) + (", …" if len(files) > 5 else "")
        what = f"no data file; of its {len(files)} files none can be read ({left})" if files else "no files"
        raise GamutError(f"The folder {folder.resolve().name} holds {what}; {kinds.KNOWN} is needed.")
    return Source(ref, folder.resolve().name, tuple(files), "jsonl", False)


def _read_of_folder(path: Path, name: str) -> list[SourceFile]:
    try:
        if path.is_dir():
            return list(_tables(str(path), name, load_saved(path), None).files)
        return [SourceFile(path, name, kind_of(path), path.stat().st_size)]
    except (GamutError, OSError) as error:
        return [SourceFile(path, name, "", 0, str(error))]


def records(source: Source, options: ImportOptions = DEFAULT, progress: Progress = silent) -> Iterator[RawRecord]:
    """Yield every record of a source in order, broken ones with their reason; a file that cannot be read is one record.

    `progress` hears the bytes on disk that were read so far, out of `source.size`. Memory: a few megabytes and the longest
    record. Raises `GamutError` where the source is a single file that cannot be read.
    """
    before = 0
    for file in source.files:
        if file.reason is not None:
            yield RawRecord(b"", file.name, 0, reason=file.reason)
            continue
        seen = False
        try:
            for record in _records(file, options, _behind(before, progress)):
                seen = True
                yield record
            if not seen and not source.single:
                yield RawRecord(b"", file.name, 0, reason="it holds no records")
        except GamutError as error:
            if source.single:
                raise
            yield RawRecord(b"", file.name, 0, reason=str(error))
        before += file.size
        progress(before)


def _behind(before: int, progress: Progress) -> Progress:
    return lambda done: progress(before + done)


def _records(file: SourceFile, options: ImportOptions, progress: Progress) -> Iterator[RawRecord]:
    if file.table is not None:
        column = OTHER_SPLIT if SPLIT in file.table.column_names else SPLIT
        added = {column: file.split} if file.split is not None else {}
        return saved_rows(file.table, file=file.name, size=file.size, added=added, progress=progress)
    if file.kind in ("parquet", "arrow"):
        return table_rows(file.path, file=file.name, kind=file.kind, progress=progress)
    text = open_text(file.path, progress)
    return noted(_text_records(text, file, options), text.encoding.notes)


def _text_records(text: TextFile, file: SourceFile, options: ImportOptions) -> Iterator[RawRecord]:
    pieces, name, codec = text.pieces, file.name, text.encoding.codec
    if file.kind == "txt":
        return text_lines(pieces, file=name, codec=codec, line_end=text.line_end)
    if file.kind in ("csv", "tsv"):
        head = text.head.replace(text.line_end, b"\n").decode("utf-8", "replace")
        dialect = dialect_of(head, file.kind)
        return delimited(pieces, file=name, codec=codec, line_end=text.line_end, dialect=dialect, header=options.header)
    layout = _layout(text, file, options)
    if layout == kinds.LINES:
        return json_lines(pieces, file=name, codec=codec)
    if layout == kinds.SEQUENCE:
        return json_sequence(pieces, file=name, codec=codec)
    return json_list(pieces, file=name, codec=codec, wrapped=layout == kinds.WRAPPED_LIST)
