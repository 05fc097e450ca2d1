"""Write an export and its manifest, read back and compared before it takes its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError
from core.export.changes import Change, Changes, refuse_losses
from core.export.layouts import LAYOUTS, layout_of
from core.export.manifest import build_manifest, manifest_path, read_manifest, sealed
from core.export.options import ExportOptions
from core.export.read_back import read_back
from core.export.render import render_files
from core.export.rows import Rows
from core.files import file_hash, made_beside, tree_hash, tree_size, write_json
from core.scores.decontamination import kept_checks, standing
from core.selection.leans import leans_of
from core.selection.saved import Selection
from core.store.analyses import Analysis
from core.store.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Export:
    """A written export: rows, bytes and SHA-256 of the file or folder, what it changed, and where its manifest lies."""

    path: Path
    manifest: Path
    rows: int
    bytes: int
    sha256: str
    changes: tuple[Change, ...]


def write_export(
    selection: Selection,
    *,
    analysis: Analysis,
    dataset: Dataset,
    options: ExportOptions,
    to: Path,
    replace: bool = False,
) -> Export:
    """Write the selected samples to `to` and PATH.manifest.json beside it.

    A file or folder that is there already is left alone unless an export wrote it or `replace` is set. What is written is
    read back by the importer and compared row by row before it takes its name; a loss that `options` do not allow raises
    `GamutError`, and nothing is left behind.
    """
    layout = layout_of(to)
    _refuse_other_data(selection, analysis, dataset)
    _refuse_taken(to, layout, replace)
    rows, changes = Rows(dataset, tuple(selection.ids), options), Changes()
    with made_beside(to) as made:
        manifest = build_manifest(export=to, layout=layout, rows=rows, selection=selection, analysis=analysis)

        def claims() -> dict:
            manifest["file"]["changes"] = [change.as_dict() for change in changes.found()]
            return manifest

        for path, pieces in render_files(rows, name=to.name, layout=layout, changes=changes, claims=claims):
            digest = _written(made.parent / path, pieces)
            assert file_hash(made.parent / path) == digest, f"{path} holds other bytes than were written"
            if path.suffix == ".md":
                continue
            columns = read_back(made.parent / path, rows, layout=layout, changes=changes)
            manifest["file"]["columns"] = list(columns)
            if not options.lossy:
                refuse_losses(changes.found(), title=f"{options.title} as {LAYOUTS[layout].title}")
        sha256, size = tree_hash(made), tree_size(made)
    claims()["file"] |= {"sha256": sha256, "bytes": size}
    write_json(manifest_path(to), sealed(manifest))
    return Export(to, manifest_path(to), len(rows.ids), size, sha256, changes.found())


def _written(path: Path, pieces: Iterator[bytes]) -> str:
    """Write pieces to a new file; the SHA-256 (hex) of what was handed over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as out:
        for piece in pieces:
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _refuse_other_data(selection: Selection, analysis: Analysis, dataset: Dataset) -> None:
    if (dataset.content_hash, analysis.content_hash) != (selection.dataset_hash, selection.analysis_hash):
        raise GamutError(
            f"Selection {selection.name!r} was made on other data than {dataset.name!r} holds now; select again."
        )
    _refuse_later_bans(selection, dataset)
    _refuse_other_leans(selection, dataset)


def _refuse_taken(to: Path, layout: str, replace: bool) -> None:
    """Leave alone what nobody's export wrote."""
    if to.is_dir() and layout != "folder":
        raise GamutError(f"{to} is a folder; name a file in it, or a folder without an ending.")
    if to.is_file() and layout == "folder":
        raise GamutError(f"{to} is a file; a folder cannot take its name.")
    if to.exists() and not replace and not was_exported(to):
        raise GamutError(f"{to} is there already and no manifest calls it an export; name another one, or replace it.")
    if to.is_dir() and replace and not was_exported(to):
        raise GamutError(f"{to} is a folder that no export wrote; name another one: a whole folder is not replaced.")


def _refuse_later_bans(selection: Selection, dataset: Dataset) -> None:
    """A check made after the selection may have banned what it holds: that must not leave unsaid."""
    for check in kept_checks(dataset):
        now = set(standing(dataset.workspace, check).banned) - set(selection.spec.bans)
        if held := sorted(now & set(selection.ids)):
            raise GamutError(
                f"Selection {selection.name!r} holds {len(held)} of the samples that are banned as hits against "
                f"{check.against} (#{held[0]} first); select again, or take their bans back."
            )


def _refuse_other_leans(selection: Selection, dataset: Dataset) -> None:
    """What a selection called by name may be something else by now: its manifest would then tell of another choice."""
    now = leans_of(dataset.workspace, selection.spec)
    for name, then in selection.leans_on.items():
        if now.get(name) != then:
            raise GamutError(
                f"Selection {selection.name!r} was made when {name} was another one than now; select again, or bring the "
                "earlier one back."
            )


def was_exported(path: Path) -> bool:
    """Whether a file or folder is, byte for byte, what the manifest beside it says an export wrote: nobody's own work."""
    try:
        said = read_manifest(manifest_path(path))["file"]
        return path.exists() and (said["name"], said["sha256"]) == (path.name, tree_hash(path))
    except (GamutError, KeyError, TypeError):
        return False
