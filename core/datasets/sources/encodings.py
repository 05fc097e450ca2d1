"""Bytes to text: UTF-8 with or without mark, UTF-16 and UTF-32, and single bytes from Windows-1252 among UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

NUL_REMOVED = "NUL bytes were removed"
MARK_INSIDE = "a byte-order mark inside the file was removed"
WINDOWS = "bytes that are not UTF-8 were read as Windows-1252"
MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
PATTERNS = (  # of the first two characters, which are ASCII in every format of ours
    (re.compile(rb"[\x01-\x7f]\0\0\0[\x01-\x7f]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[\x01-\x7f]\0\0\0[\x01-\x7f]"), "utf-32-be"),
    (re.compile(rb"[\x01-\x7f]\0[\x01-\x7f]\0"), "utf-16-le"),
    (re.compile(rb"\0[\x01-\x7f]\0[\x01-\x7f]"), "utf-16-be"),
)
# What Python leaves of a byte that is not UTF-8 ("surrogateescape"), to what Windows-1252 says it is.
UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
FROM_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252") for byte in range(0x80, 0x100) if byte not in UNDEFINED}
NO_CHARACTER = re.compile("[" + "".join(chr(0xDC00 + byte) for byte in UNDEFINED) + "]")
# Accents and quotes stand alone or in pairs; longer runs are another script's encoding, and would become gibberish.
RUN = re.compile("[\udc80-\udcff]{4}")


class NotText(Exception):
    """Why some bytes are no text."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes say text: the codec, the length of the byte-order mark, and what was repaired of the file."""

    codec: str
    mark: int
    notes: tuple[str, ...]


def encoding_of(head: bytes) -> Encoding:
    """Tell the encoding from a file's first bytes: by its mark, else by where the NUL bytes of ASCII characters stand."""
    for mark, codec in MARKS:
        if head.startswith(mark):
            what = "a byte-order mark at the start of the file was removed"
            return Encoding(
                codec, len(mark), (what if codec == "utf-8" else _read_as(codec, "by its byte-order mark"),)
            )
    for pattern, codec in PATTERNS:
        if pattern.match(head):
            return Encoding(codec, 0, (_read_as(codec, "by its NUL bytes; it has no byte-order mark"),))
    return Encoding("utf-8", 0, ())


def _read_as(codec: str, how: str) -> str:
    return f"the file is {codec.upper()}, told {how}: it was read as UTF-8"


def in_utf8(pieces: Iterator[bytes], encoding: Encoding) -> Iterator[bytes]:
    """The pieces of a file as UTF-8 without its mark; halves of characters stay, so that only their line is lost."""
    skip = encoding.mark
    decoder = None if encoding.codec == "utf-8" else codecs.getincrementaldecoder(encoding.codec)("surrogatepass")
    for piece in pieces:
        skipped, skip = piece[skip:], max(0, skip - len(piece))
        yield skipped if decoder is None else _utf8(decoder, skipped)
    if decoder is not None and decoder.getstate()[0]:
        yield b"\xff"  # the file ends inside a character: no UTF-8 either


def _utf8(decoder: codecs.IncrementalDecoder, piece: bytes) -> bytes:
    try:
        return decoder.decode(piece).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # beyond Unicode, possible in UTF-32 only: nothing here can be told from anything else
        return b"\xff" * 4


def text_of(raw: bytes, *, codec: str) -> tuple[str, tuple[str, ...]]:
    """The text of a line or record that came from a file of that encoding, and the repairs; raises `NotText`."""
    repairs: tuple[str, ...] = ()
    if b"\0" in raw:
        raw, repairs = raw.replace(b"\0", b""), (NUL_REMOVED,)
    if raw.startswith(codecs.BOM_UTF8):  # files that begin with one were joined
        raw, repairs = raw.removeprefix(codecs.BOM_UTF8), (*repairs, MARK_INSIDE)
    try:
        return raw.decode(), repairs
    except UnicodeDecodeError as error:
        at = error.start + 1
    if codec != "utf-8":
        raise NotText(f"not {codec.upper()}: it holds half of a character")
    text = raw.decode("utf-8", "surrogateescape")
    if NO_CHARACTER.search(text):
        raise NotText(f"not UTF-8 at byte {at} of the line, and not Windows-1252 either")
    if RUN.search(text):
        raise NotText(f"not UTF-8 at byte {at} of the line, and too many such bytes in a row for Windows-1252")
    return text.translate(FROM_WINDOWS), (*repairs, WINDOWS)
