"""Files written beside their place and renamed into it, so that no reader ever sees half of one."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20


@contextmanager
def written_beside(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path` for writing; on success flush it to disk and rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def made_beside(path: Path) -> Iterator[Path]:
    """A place of the same name in a temporary folder beside `path`; on success what was made there is moved to `path`.

    A file or folder that is at `path` stays whole until then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    made = beside / path.name
    try:
        yield made
        for file in [made, *made.rglob("*")] if made.is_dir() else [made]:
            _flush(file)
        if path.is_dir() and not path.is_symlink():
            path.rename(beside / f"{path.name}.before")
        made.replace(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _flush(path: Path) -> None:
    if path.is_dir():
        sync_folder(path)
        return
    with path.open("rb+") as out:
        os.fsync(out.fileno())


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, atomically."""
    with written_beside(path) as out:
        out.write(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n")


def sync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` durable, where the system lets a folder be flushed."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def tree_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, or for a folder over the hash and the path of each file in it, sorted by path."""
    if not path.is_dir():
        return file_hash(path)
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        digest.update(f"{file_hash(file)}  {file.relative_to(path).as_posix()}\n".encode())
    return digest.hexdigest()


def tree_size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def json_hash(value: object) -> str:
    """SHA-256 (hex) of a value's canonical JSON (sorted keys, no spaces)."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
