"""Reads the packed files that corpora and evaluation sets come in."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def whole(path: Path) -> Any:
    """A gzipped JSON file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return json.load(file)


def records(path: Path) -> Iterator[Any]:
    """Rows of a gzipped JSON array, JSONL or plain-text file (one string a line), in file order."""
    if path.name.endswith(".json.gz"):
        yield from whole(path)
        return
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for line in file:
            if line.strip():
                yield json.loads(line) if path.name.endswith(".jsonl.gz") else line.rstrip("\n")
