"""Open a packed analysis: nothing of the file is believed before its hashes are right and its place is known."""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import zstandard

from core.errors import GamutError
from core.files import CHUNK, sync_folder
from core.store.analyses import Analysis
from core.store.datasets import DATABASE as SAMPLES
from core.store.datasets import Dataset, dataset_with_hash
from core.store.pack import BESIDE, DATASET, MANIFEST, VERSION, PackedFile, PackManifest
from core.store.tables import DATABASE
from core.workspace import NAME, Workspace

PLAIN = "|".join(map(re.escape, (DATABASE, *BESIDE, f"{DATASET}/{SAMPLES}")))
ALLOWED = re.compile(rf"{PLAIN}|derived/[A-Za-z0-9][A-Za-z0-9._-]{{0,120}}")
ID, HASH = re.compile(r"[0-9a-f]{16}"), re.compile(r"[0-9a-f]{64}")
MANIFEST_BYTES = 16 << 20
COMPRESSED = 4096  # bytes decompressed at once: a foreign file may make each of them thirty thousand
WINDOW = 1 << 27  # bytes of memory that a foreign file may ask of the decompressor


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was opened: the analysis, and the data set it needs, None where that is not in this workspace."""

    analysis: Analysis
    dataset: Dataset | None


def open_pack(workspace: Workspace, file: Path) -> Unpacked:
    """Take a packed analysis into the workspace, its data set too where the pack holds one that is not here.

    Raises `GamutError` for a file that is foreign, damaged, cut short, of a newer Gamut, or here already.
    """
    beside = workspace.analyses / f".{os.getpid()}.opening"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _members(file) as members:
            manifest = _manifest(file, members)
            _check_place(workspace, manifest)
            _extract(file, members, manifest, beside)
        _check(file, manifest, beside)
        dataset = _take_dataset(workspace, file, manifest, beside)
        final = workspace.analyses / manifest.analysis
        with suppress(OSError):  # someone opened it meanwhile: said below
            beside.rename(final)
        if beside.exists():
            raise GamutError(_here(manifest))
        sync_folder(final.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Unpacked(Analysis(final), dataset)


@contextmanager
def _members(file: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """The regular files of a pack in order; every way in which a file can be broken is told as one sentence."""
    if not file.is_file():
        raise GamutError(f"There is no file {file}.")
    try:
        with file.open("rb") as source:
            stream = _Decompressed(source)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                yield _regular(tar)
            while stream.read(CHUNK):  # to the end, where the checksum of the whole stands
                pass
    except (zstandard.ZstdError, tarfile.TarError, EOFError, UnicodeError, OverflowError, ValueError) as error:
        raise GamutError(
            f"{file} is no whole analysis packed by Gamut ({_first(error)}); pack or copy it again."
        ) from None


class _Decompressed(io.RawIOBase):
    """What a compressed file holds; raises where it ends early, or goes on after its end."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._reader = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces, wanted = [], size if size >= 0 else 1 << 62
        while wanted:
            if not len(self._ready):
                self._ready = memoryview(self._more())
                if not len(self._ready):
                    break
            pieces.append(self._ready[:wanted])
            self._ready = self._ready[wanted:]
            wanted -= len(pieces[-1])
        return b"".join(pieces)

    def _more(self) -> bytes:
        while not self._reader.eof:
            taken = self._source.read(COMPRESSED)
            if not taken:
                raise EOFError("it is cut short")
            if found := self._reader.decompress(taken):
                return found
        if self._reader.unused_data or self._source.read(1):
            raise EOFError("something follows its end")
        return b""


def _regular(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise tarfile.ReadError(f"{member.name!r} is a link, folder or device")
        yield member, content


def _manifest(file: Path, members: Iterator[tuple[tarfile.TarInfo, IO[bytes]]]) -> PackManifest:
    member, content = next(members, (None, None))
    if member is None or content is None or member.name != MANIFEST or member.size > MANIFEST_BYTES:
        raise GamutError(f"{file} is not an analysis packed by Gamut: it does not begin with {MANIFEST}.")
    try:
        said = json.loads(content.read(MANIFEST_BYTES))
        version = int(said["gamut_pack"])
        if version > VERSION:
            raise GamutError(f"{file} was packed by a newer Gamut; update this one to open it.")
        manifest = PackManifest(**{**said, "files": tuple(PackedFile(**each) for each in said["files"])})
        sound = _sound(manifest)
    except (KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise GamutError(f"{file} is not an analysis packed by Gamut: its {MANIFEST} is not sound.")
    return manifest


def _sound(manifest: PackManifest) -> bool:
    """Whether every name is one that Gamut writes: nothing else may decide where a file goes."""
    paths = [file.path for file in manifest.files]
    return (
        bool(ID.fullmatch(manifest.analysis))
        and bool(HASH.fullmatch(manifest.content_hash))
        and bool(HASH.fullmatch(manifest.dataset_hash))
        and bool(NAME.fullmatch(manifest.dataset))
        and DATABASE in paths
        and len(set(paths)) == len(paths)
        and all(ALLOWED.fullmatch(path) for path in paths)
        and all(isinstance(file.size, int) and file.size >= 0 for file in manifest.files)
    )


def _check_place(workspace: Workspace, manifest: PackManifest) -> None:
    if (workspace.analyses / manifest.analysis).exists():
        raise GamutError(_here(manifest))
    workspace.analyses.mkdir(parents=True, exist_ok=True)
    needed, free = sum(file.size for file in manifest.files), shutil.disk_usage(workspace.analyses).free
    if needed > free:
        raise GamutError(f"{needed:,} bytes are needed and {free:,} are free; free some space and open it again.")


def _here(manifest: PackManifest) -> str:
    return f"Analysis {manifest.analysis} ({manifest.name}) is in this workspace already; nothing was changed."


def _extract(file: Path, members, manifest: PackManifest, to: Path) -> None:
    """Write the files that the manifest names, each as long and with the hash that it says, and no other."""
    awaited = {each.path: each for each in manifest.files}
    for member, content in members:
        said = awaited.pop(member.name, None)
        if said is None or said.size != member.size:
            raise GamutError(f"{file} holds {member.name[:80]!r} otherwise than its manifest says; pack it again.")
        path = to / said.path
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with path.open("xb") as out:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != said.sha256:
            raise GamutError(f"{said.path} in {file} is damaged: its SHA-256 differs; copy or pack it again.")
    if awaited:
        raise GamutError(f"{file} lacks {sorted(awaited)[0]!r}, which its manifest names; copy or pack it again.")


def _check(file: Path, manifest: PackManifest, folder: Path) -> None:
    """Whether the database is what the manifest says, by its own rows."""
    try:
        analysis = Analysis(folder)
        try:
            views = analysis.cursor().execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall()[0][0]
            said = (analysis.id, analysis.content_hash, analysis.dataset_hash)
            right = said == (manifest.analysis, manifest.content_hash, manifest.dataset_hash)
            right = right and not views and analysis.recompute_hash() == manifest.content_hash
        finally:
            analysis.close()
    except (duckdb.Error, KeyError, ValueError) as error:
        raise GamutError(f"The analysis in {file} cannot be read ({_first(error)}); pack it again.") from None
    if not right:
        raise GamutError(f"The analysis in {file} is not what its manifest says; pack it again.")


def _take_dataset(workspace: Workspace, file: Path, manifest: PackManifest, folder: Path) -> Dataset | None:
    """The data set of the analysis: the one that is here, else the one of the pack, else None."""
    packed = folder / DATASET
    here = dataset_with_hash(workspace, manifest.dataset_hash, name=manifest.dataset)
    if here is not None or not packed.exists():
        shutil.rmtree(packed, ignore_errors=True)
        return here
    name = manifest.dataset
    if (workspace.datasets / name).exists():
        name = f"{name[:57]}-{manifest.dataset_hash[:6]}"
    to = workspace.datasets / name
    beside = workspace.datasets / f".{name}.{os.getpid()}.opening"
    workspace.datasets.mkdir(parents=True, exist_ok=True)
    packed.rename(beside)
    try:
        _check_dataset(workspace, file, manifest, beside)
        with suppress(OSError):
            beside.rename(to)
        if beside.exists():
            raise GamutError(f"A data set {name!r} came in meanwhile; open the pack again.")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Dataset(workspace, name)


def _check_dataset(workspace: Workspace, file: Path, manifest: PackManifest, folder: Path) -> None:
    try:
        dataset = Dataset(workspace, folder.name)
        try:
            right = dataset.recompute_hash() == manifest.dataset_hash == dataset.content_hash
        finally:
            dataset.close()
    except (duckdb.Error, KeyError, ValueError) as error:
        raise GamutError(f"The data set in {file} cannot be read ({_first(error)}); pack it again.") from None
    if not right:
        raise GamutError(f"The data set in {file} is not what its manifest says; pack it again.")


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
