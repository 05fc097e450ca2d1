"""Files to raw records: JSON arrays and JSON Lines, plain or gzipped, each record with its own bytes and line."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import GamutError

BOM = b"\xef\xbb\xbf"
WHITESPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as found: its own bytes, its first line (from 1), and its value or the `reason` why there is none."""

    raw: bytes
    line: int
    value: Any = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file's content once unpacked: `layout` is "jsonl" or "json" (one array of records)."""

    path: Path
    layout: str
    content: bytes


def open_source(path: Path) -> Source:
    """Read a .json or .jsonl file (also .gz) and tell its layout; raises `GamutError` for anything else."""
    content = unpack(path).removeprefix(BOM)
    start = content.lstrip()[:1]
    if start == b"[":
        return Source(path, "json", content)
    if start == b"{":
        first = next((line for line in content.splitlines() if line.strip()), b"")
        if not _is_json(first, dict) and _is_json(content, dict):
            raise GamutError(f"{path.name} holds one JSON object; a list of records or one record a line is needed.")
        return Source(path, "jsonl", content)
    raise GamutError(f"{path.name} begins with {content[:20]!r}; JSON (a list of records) or JSON Lines is needed.")


def unpack(path: Path) -> bytes:
    """Read a file, gunzipped where its name or first bytes say gzip."""
    if not path.is_file():
        raise GamutError(f"There is no file {path}; give the path of a .json or .jsonl file (.gz allowed).")
    packed = path.read_bytes()
    if not packed.startswith(b"\x1f\x8b"):
        return packed
    try:
        return gzip.decompress(packed)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise GamutError(f"{path.name} is a damaged gzip file ({error}); unpack or fetch it again.") from None


def records(source: Source) -> Iterator[RawRecord]:
    """Yield every record of a source in order, broken ones with their reason."""
    return _jsonl(source.content) if source.layout == "jsonl" else _json_array(source.content)


def _jsonl(content: bytes) -> Iterator[RawRecord]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        raw = line.removesuffix(b"\r")
        if not raw.strip():
            continue
        try:
            yield RawRecord(raw, number, json.loads(raw.decode("utf-8")))
        except UnicodeDecodeError as error:
            yield RawRecord(raw, number, reason=f"not UTF-8 at byte {error.start + 1} of the line")
        except (ValueError, RecursionError) as error:
            yield RawRecord(raw, number, reason=f"broken JSON: {_why(error)}")


def _json_array(content: bytes) -> Iterator[RawRecord]:
    """Walk one array element by element, so that each keeps its own bytes and line and a late break loses only the rest."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise GamutError(f"Line {line} of the file is not UTF-8; save it as UTF-8 and add it again.") from None
    decoder = json.JSONDecoder()
    at, line, counted = _skip(text, text.index("[") + 1), 1, 0
    while text[at : at + 1] not in ("]", ""):
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield RawRecord(
                text[at : at + 200].encode(),
                line,
                reason=f"broken JSON, and nothing after it could be read: {_why(error)}",
            )
            return
        yield RawRecord(text[at:end].encode(), line, value)
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            break
    rest = text[at + 1 :] if text[at : at + 1] == "]" else text[at:]
    if text[at : at + 1] != "]" or rest.strip():
        line += text.count("\n", counted, at)
        why = (
            "the list ends before this"
            if text[at : at + 1] == "]"
            else "the list breaks off here: ',' or ']' is missing"
        )
        yield RawRecord(rest[:200].encode(), line, reason=f"{why}; nothing after it was read")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in WHITESPACE:
        at += 1
    return at


def _is_json(raw: bytes, kind: type) -> bool:
    try:
        return isinstance(json.loads(raw), kind)
    except (ValueError, RecursionError):
        return False


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
