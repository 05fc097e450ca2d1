"""An analysis as one file, to be made on one machine and read on another: a tar of its files, compressed, with hashes."""

import io
import json
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

import zstandard

from core.errors import GamutError
from core.files import file_hash, written_beside
from core.store.analyses import Analysis
from core.store.datasets import DATABASE as SAMPLES
from core.store.datasets import Dataset
from core.store.tables import DATABASE

MANIFEST = "gamut-pack.json"
VERSION = 1
BESIDE = ("pilot.json", "actual.json")  # not in the content hash, of use on any machine
DATASET = "dataset"
LEVEL = 3  # the tables are compressed already: a higher level costs minutes for a few percent


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of a pack: where it lies in the analysis' folder (or under `dataset/`), its bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackManifest:
    """What a pack says of itself, first in the file."""

    gamut_pack: int
    analysis: str
    name: str
    content_hash: str
    dataset: str
    dataset_hash: str
    files: tuple[PackedFile, ...]

    @property
    def with_data(self) -> bool:
        return any(file.path.startswith(f"{DATASET}/") for file in self.files)


def pack(analysis: Analysis, to: Path, *, dataset: Dataset | None = None, replace: bool = False) -> PackManifest:
    """Write `analysis`, and `dataset` where given, into the file `to`; the same input gives the same bytes.

    Raises `GamutError` if `to` is there and not to be replaced, or if the analysis is damaged.
    """
    if to.exists() and not replace:
        raise GamutError(f"{to} is there already; choose another name or say --replace.")
    if analysis.recompute_hash() != analysis.content_hash:
        raise GamutError(f"Analysis {analysis.id} is damaged and was not packed; analyse again.")
    sources = _sources(analysis.folder)
    if dataset is not None:
        if dataset.recompute_hash() != analysis.dataset_hash:
            raise GamutError(f"Data set {dataset.name!r} is damaged or another; analysis {analysis.id} was not packed.")
        sources[f"{DATASET}/{SAMPLES}"] = dataset.folder / SAMPLES
    files = tuple(PackedFile(name, path.stat().st_size, file_hash(path)) for name, path in sorted(sources.items()))
    manifest = PackManifest(
        VERSION, analysis.id, analysis.name, analysis.content_hash, analysis.dataset, analysis.dataset_hash, files
    )
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with (
        written_beside(to) as out,
        compressor.stream_writer(out, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        said = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        tar.addfile(_member(MANIFEST, len(said)), io.BytesIO(said))
        for file in files:
            with sources[file.path].open("rb") as source:
                tar.addfile(_member(file.path, file.size), source)
    return manifest


def _sources(folder: Path) -> dict[str, Path]:
    """What of an analysis' folder belongs to it, by its name in the pack."""
    wanted = [folder / DATABASE, *(folder / name for name in BESIDE), *sorted((folder / "derived").glob("[!.]*"))]
    return {path.relative_to(folder).as_posix(): path for path in wanted if path.is_file() and not path.is_symlink()}


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A tar entry without owner and time, so that the same analysis packs to the same bytes."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member
