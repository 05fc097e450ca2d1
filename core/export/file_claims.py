"""What a manifest says of its file and its samples, compared with the file and the data set at hand."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.export.changes import Changes
from core.export.layouts import FOLDER
from core.export.manifest import SEAL, seal
from core.export.options import ExportOptions
from core.export.read_back import read_back
from core.export.render import DATA, render_files
from core.export.rows import Rows
from core.files import json_hash, tree_hash, tree_size
from core.store.datasets import Dataset


class Difference(Exception):
    """Something that is otherwise than the manifest says."""


class Missing(Exception):
    """Something without which it cannot be checked."""


def same(now: object, then: object, what: str) -> None:
    """Raise `Difference` unless both are equal."""
    if now != then:
        raise Difference(f"{what[0].upper()}{what[1:]} is {now} now, the manifest says {then}.")


def same_claims(now: dict[str, Any], then: dict[str, Any], what: str, *, free: set[str]) -> None:
    """Raise `Difference` at the first claim that differs, those in `free` apart."""
    for key, value in now.items():
        if isinstance(value, dict) and key in ("model", "sae"):
            same_claims(value, then[key], f"{what}'s {key}", free=free)
        elif key not in free:
            same(value, then[key], f"the {what}'s {key}")


def check_file(manifest: Path, said: dict[str, Any]) -> Path:
    """The exported file or folder beside a manifest; its hash and size are checked, and that no word of the manifest changed."""
    if SEAL in said:
        same(seal(said), said[SEAL], f"the hash of all that {manifest.name} says")
    file = manifest.parent / said["file"]["name"]
    if not file.exists():
        raise Missing(f"The exported file {file} is missing; put it beside its manifest.")
    same(tree_hash(file), said["file"]["sha256"], f"the SHA-256 of {file.name}")
    same(tree_size(file), said["file"]["bytes"], f"the size of {file.name}")
    return file


def check_ids(dataset: Dataset, said: dict[str, Any]) -> None:
    """The ordered ids and the content of each of those samples are what the manifest says."""
    ids = said["selection"]["ids"]
    same(json_hash(ids), said["ids_sha256"], "the hash of the ids")
    hashes = dataset.content_hashes()
    same(len(ids), len(said["content_hashes"]), "the number of content hashes")
    for sample_id, then in zip(ids, said["content_hashes"], strict=True):
        if not 0 <= sample_id < len(hashes):
            raise Difference(f"Sample {sample_id} is chosen, the data set ends at sample {len(hashes) - 1}.")
        same(hashes[sample_id], then, f"the content hash of sample {sample_id}")


def render_again(file: Path, dataset: Dataset, said: dict[str, Any]) -> str:
    """Write the file anew and compare its bytes; what was checked, in words.

    Where another version of the Parquet writer lays the same rows in other bytes, the rows are compared instead.
    """
    claimed = said["file"]
    options = ExportOptions.from_dict(claimed["format"], claimed.get("options", {}))
    rows, changes = Rows(dataset, tuple(said["selection"]["ids"]), options), Changes()
    same(len(rows.ids), claimed["rows"], f"the rows of {file.name}")
    if "calling" in claimed:
        same(rows.calling(), claimed["calling"], "the number of samples that call tools")
    files = render_files(rows, name=file.name, layout=claimed["layout"], changes=changes, claims=lambda: said)
    words, known = "the file written anew", set()
    for path, pieces in files:
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        at = file.parent / path
        known.add(at)
        if digest.hexdigest() == tree_hash(at):
            continue
        if claimed.get("pyarrow") in (None, version("pyarrow")) or path.suffix == ".md":
            raise Difference(f"The bytes of {path} written anew are others than those of the file.")
        words = f"the rows of the file (another pyarrow, {claimed['pyarrow']}, laid them in other bytes)"
    _check_changes(file, rows, changes, said)
    if claimed["layout"] == FOLDER and (stray := {at for at in file.rglob("*") if at.is_file()} - known):
        raise Difference(f"{sorted(stray)[0].relative_to(file.parent)} is in the folder, and no export wrote it.")
    return words


def _check_changes(file: Path, rows: Rows, changes: Changes, said: dict[str, Any]) -> None:
    """What the file changes of its samples, counted again by reading it."""
    layout = said["file"]["layout"]
    try:
        columns = read_back(file / DATA if layout == FOLDER else file, rows, layout=layout, changes=changes)
    except AssertionError as wrong:
        raise Difference(f"{file.name}: {wrong}.") from None
    same(list(columns), said["file"].get("columns", list(columns)), f"the columns of {file.name}")
    same([change.as_dict() for change in changes.found()], said["file"].get("changes", []), "what the file changes")
