"""What a file is: told by its first bytes where they say it, else by its name, and for JSON by its content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from core.datasets.sources.encodings import Encoding, encoding_of, in_utf8
from core.datasets.sources.json_array import WRAPPED
from core.datasets.sources.json_text import BrokenJson, JsonReader
from core.datasets.sources.unpack import Progress, silent, unpacked
from core.datasets.sources.window import CLOSED, Window
from core.errors import GamutError

HEAD = 1 << 18  # bytes looked at
PACKINGS = (".gz", ".zst", ".zstd")
ENDINGS = {
    ".json": "json", ".jsonl": "json", ".ndjson": "json", ".csv": "csv", ".tsv": "tsv", ".txt": "txt",
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow",
}  # fmt: skip
KNOWN = "JSON, JSON Lines, CSV, TSV, Parquet, Arrow or plain text (.json .jsonl .ndjson .csv .tsv .parquet .arrow .feather .txt)"
NEEDED = "JSON (a list of records) or JSON Lines is needed"
LIST, WRAPPED_LIST, LINES, SEQUENCE = "list", "list inside an object", "lines", "sequence"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file opened: its first bytes in UTF-8 and whether they are all of it, and the pieces it is read by."""

    head: bytes
    whole: bool
    encoding: Encoding
    pieces: Iterator[bytes]

    @property
    def line_end(self) -> bytes:
        """What ends a line of a table or text: a carriage return where there is no line feed at all."""
        return b"\r" if b"\r" in self.head and b"\n" not in self.head else b"\n"


def open_text(path: Path, progress: Progress = silent) -> TextFile:
    """Open a file as text; `pieces` begin at its beginning."""
    packed = unpacked(path, progress)
    first = _at_least(packed, 64)
    encoding = encoding_of(first)
    pieces = in_utf8(chain([first], packed), encoding)
    head = _at_least(pieces, HEAD)
    return TextFile(head, len(head) < HEAD, encoding, chain([head], pieces))


def _at_least(pieces: Iterator[bytes], size: int) -> bytes:
    taken = b""
    for piece in pieces:
        taken += piece
        if len(taken) >= size:
            break
    return taken


def ending(name: str) -> str:
    """A file's ending without what says that it is packed, in lower case."""
    stem = name.lower()
    for packing in PACKINGS:
        stem = stem.removesuffix(packing)
    return Path(stem).suffix


def kind_of(path: Path) -> str:
    """One of "json", "csv", "tsv", "txt", "parquet", "arrow"; raises `GamutError` for a file that is none or empty."""
    head = _at_least(unpacked(path), 64)
    if not head:
        raise GamutError(f"{path.name} is empty; {KNOWN} is needed.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"FEA1"):
        raise GamutError(f"{path.name} is of the first Feather version; save it as Feather 2 or Parquet.")
    kind = ENDINGS.get(ending(path.name))
    if kind in ("parquet", "arrow"):
        raise GamutError(f"{path.name} is called {kind} but does not begin like it; fetch it again or mend its name.")
    if kind is None and open_text(path).head.lstrip()[:1] not in (b"{", b"["):
        raise GamutError(f"{path.name} is no data file Gamut knows; {KNOWN} is needed.")
    return kind or "json"


def json_layout(text: TextFile, *, name: str, nested: bool) -> str:
    """How a JSON file holds its records; `nested` where the user says where they lie inside, so that objects stay whole.

    A list of records; JSON Lines; values over several lines; or one object that holds one list of objects under a name of
    `LIST_NAMES` and otherwise plain values: then its elements are the records.
    """
    content = text.head.lstrip()
    if not content:
        raise GamutError(f"{name} holds nothing but white space; {NEEDED}.")
    if content[:1] not in (b"[", b"{"):
        raise GamutError(f"{name} begins with {content[:20]!r}; {NEEDED}.")
    line, _, rest = content.partition(b"\n")
    ended = text.whole or b"\n" in content
    single = ended and _reads(line)
    if content[:1] == b"[":
        return LINES if single and rest.lstrip()[:1] == b"[" else LIST
    if single and rest.strip():
        return LINES
    if not nested and WRAPPED.match(content):
        return WRAPPED_LIST
    return LINES if single or not ended or not _goes_on(line, content, text.whole) else SEQUENCE


def _reads(line: bytes) -> bool:
    try:
        JsonReader().read(line.decode("utf-8", "replace"))
    except BrokenJson:
        return False
    return True


def _goes_on(line: bytes, content: bytes, whole: bool) -> bool:
    """Whether a first line that is no record alone begins one that goes on in the next lines."""
    window = Window(iter([content]))
    window.more()
    end, how = window.value_end()
    if how == CLOSED:
        several = content[end:].lstrip(b" \t")[:1] == b"{"
        return (several or b"\n" in content[:end]) and _reads(content[:end])
    return not whole and re.search(rb"[\[{,]\s*$", line) is not None
