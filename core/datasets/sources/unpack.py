"""A file's content piece by piece, unpacked where its first bytes say gzip or Zstandard, whatever its name says."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

import zstandard

from core.errors import GamutError

CHUNK = 1 << 18
# A small piece of hostile Zstandard can unfold to a hundred megabytes; a larger piece could fill the memory.
ZSTD_PIECE = 1 << 12
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
REFUSED = {
    b"PK\x03\x04": "a zip archive or an Office file; unpack it, or save its sheet as CSV, and add that",
    b"PK\x05\x06": "an empty zip archive; pack its files as .gz or .zst, or give the folder",
    b"BZh": "a bzip2 file; unpack it, or pack it as .gz or .zst",
    b"\xfd7zXZ\x00": "an xz file; unpack it, or pack it as .gz or .zst",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it and add its files or their folder",
    b"%PDF-": "a PDF file; give its text as .txt or .jsonl",
    b"SQLite format 3\x00": "an SQLite database; export the table as CSV or JSON Lines",
}

Progress = Callable[[int], None]


def silent(done: int) -> None:
    """Tell nobody how far the reading is."""


def unpacked(path: Path, progress: Progress = silent) -> Iterator[bytes]:
    """Yield the unpacked content in pieces; `progress` hears the bytes of the file on disk that were read so far.

    Raises `GamutError` for a damaged or truncated packed file, and for archives that hold files of their own.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            file.seek(0)
            for magic, said in REFUSED.items():
                if head.startswith(magic):
                    raise GamutError(f"{path.name} is {said}.")
            if head.startswith(GZIP):
                yield from _gunzipped(_Counted(file, progress), path.name)
            elif head.startswith(ZSTD):
                yield from _unzstd(_Counted(file, progress), path.name)
            else:
                yield from _pieces(_Counted(file, progress), CHUNK)
    except OSError as error:
        raise GamutError(f"{path.name} could not be read ({error.strerror or error}).") from None


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress, self._done = file, progress, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._done += len(piece)
        self._progress(self._done)
        return piece


def _pieces(file, size: int) -> Iterator[bytes]:
    while piece := file.read(size):
        yield piece


def _gunzipped(file: _Counted, name: str) -> Iterator[bytes]:
    try:
        yield from _pieces(gzip.GzipFile(fileobj=file), CHUNK)  # type: ignore[call-overload]  # it only ever calls read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise GamutError(f"{name} is a damaged gzip file ({error}); unpack or fetch it again.") from None


def _unzstd(file: _Counted, name: str) -> Iterator[bytes]:
    """Frame by frame with the object that knows a frame's end: the reader of the library takes a cut file for a whole one."""
    frame = None
    try:
        for piece in _pieces(file, ZSTD_PIECE):
            while piece:
                frame = zstandard.ZstdDecompressor().decompressobj() if frame is None else frame
                if content := frame.decompress(piece):
                    yield content
                piece, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    except zstandard.ZstdError as error:
        raise GamutError(f"{name} is a damaged Zstandard file ({error}); unpack or fetch it again.") from None
    if frame is not None:
        raise GamutError(f"{name} is a damaged Zstandard file (it breaks off); unpack or fetch it again.")


def seekable(path: Path) -> IO[bytes]:
    """The file itself, or its unpacked content in a nameless temporary file, for readers that jump about in it."""
    with path.open("rb") as file:
        packed = file.read(4).startswith((GZIP, ZSTD))
    if not packed:
        return path.open("rb")
    spooled = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    try:
        for piece in unpacked(path):
            spooled.write(piece)
    except BaseException:
        spooled.close()
        raise
    spooled.seek(0)
    return spooled
