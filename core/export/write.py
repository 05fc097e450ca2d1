"""Write an export and its manifest, read back and compared before it says done."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source, records
from core.errors import GamutError
from core.export.formats import VERBATIM, export_format
from core.export.manifest import build_manifest, manifest_path, read_manifest
from core.export.render import joined_inputs, layout_of, render_export
from core.files import file_hash, write_json, written_beside
from core.scores.decontamination import kept_checks, standing
from core.selection.leans import leans_of
from core.selection.saved import Selection
from core.store.analyses import Analysis
from core.store.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Export:
    """A written export: rows, bytes and SHA-256 of the file, and where its manifest lies."""

    path: Path
    manifest: Path
    rows: int
    bytes: int
    sha256: str
    joined_inputs: int


def write_export(
    selection: Selection, *, analysis: Analysis, dataset: Dataset, format: str, to: Path, replace: bool = False
) -> Export:
    """Write the selected samples to `to` and PATH.manifest.json beside it.

    A file that is there already is left alone unless an export wrote it or `replace` is set.
    The file is read back by the importer and every conversation compared before the manifest is written.
    """
    layout = layout_of(to)
    if (dataset.content_hash, analysis.content_hash) != (selection.dataset_hash, selection.analysis_hash):
        raise GamutError(
            f"Selection {selection.name!r} was made on other data than {dataset.name!r} holds now; select again."
        )
    _refuse_later_bans(selection, dataset)
    _refuse_other_leans(selection, dataset)
    if to.is_dir():
        raise GamutError(f"{to} is a folder; name a file that ends in .json or .jsonl.")
    if to.exists() and not replace and not was_exported(to):
        raise GamutError(f"{to} is there already and no manifest calls it an export; name another file, or replace it.")
    ids, digest = list(selection.ids), hashlib.sha256()
    with written_beside(to) as out:
        for piece in render_export(dataset, ids, format=format, layout=layout):
            digest.update(piece)
            out.write(piece)
    sha256 = file_hash(to)
    assert sha256 == digest.hexdigest(), f"{to} holds other bytes than were written"
    read_back(to, dataset, ids, format=format)
    joined = joined_inputs(dataset, ids, format)
    manifest = build_manifest(
        export=to, format=format, layout=layout, sha256=sha256, size=to.stat().st_size, selection=selection,
        analysis=analysis, dataset=dataset, joined_inputs=joined,
    )  # fmt: skip
    write_json(manifest_path(to), manifest)
    return Export(to, manifest_path(to), len(ids), to.stat().st_size, sha256, joined)


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
    """Whether a file is, byte for byte, what the manifest beside it says an export wrote: nobody's own work."""
    try:
        said = read_manifest(manifest_path(path))["file"]
        return path.is_file() and (said["name"], said["sha256"]) == (path.name, file_hash(path))
    except (GamutError, KeyError, TypeError):
        return False


def read_back(path: Path, dataset: Dataset, ids: list[int], *, format: str) -> None:
    """Import the written file and compare it sample by sample with the data set; rows in = rows out.

    Verbatim records are compared byte for byte; of a conversion the conversations are.
    """
    if not ids:
        return
    if format == VERBATIM:
        _same_records(path, dataset, ids)
        return
    carried, options = export_format(format).carried, ImportOptions(format=format)
    read = list(samples(open_source(path, options), options))
    assert len(read) == len(ids), f"{len(ids)} samples were written, {len(read)} read back"
    for sample, (sample_id, turns) in zip(read, dataset.conversations(ids), strict=True):
        assert not isinstance(sample, Problem), f"sample {sample_id} does not read back: {sample.reason}"
        assert sample.turns == carried(turns), f"sample {sample_id} reads back as another conversation"


def _same_records(path: Path, dataset: Dataset, ids: list[int]) -> None:
    read = records(open_source(path))
    for number, (written, kept) in enumerate(zip(read, dataset.records(ids), strict=True)):
        assert written.raw == kept, f"sample {ids[number]} reads back as another record"
