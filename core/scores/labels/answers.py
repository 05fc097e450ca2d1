"""Answers kept at once, a line of JSON each: an interruption costs the question that was under way and no more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def read_answers(path: Path) -> Iterator[dict]:
    """The answers kept so far; a line cut off by an interruption is no answer."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


@contextmanager
def keeping(path: Path) -> Iterator[BinaryIO]:
    """The file of answers, to add to; what an interruption cut off must not swallow the next answer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    with path.open("ab") as kept:
        if torn:
            kept.write(b"\n")
        yield kept


def keep(kept: BinaryIO, answers: Iterable[dict]) -> None:
    """Add answers, on disk before anything else happens."""
    for answer in answers:
        kept.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    kept.flush()
    os.fsync(kept.fileno())
