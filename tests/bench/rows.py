"""The rows that a bench reads: a seeded sample of Dolly where the machine has it, else the first of the demo."""

import gzip
import os
import random
from pathlib import Path

from core.workspace import DEMO_FILE

DOLLY = "dolly_15k.jsonl.gz"


def write_rows(path: Path, rows: int) -> str:
    """Write so many records to `path`, in their file's order; returns what they are, in words."""
    folder = os.environ.get("GAMUT_TEST_DATA")
    if not folder or not (Path(folder) / DOLLY).is_file():
        lines = DEMO_FILE.read_text(encoding="utf-8").splitlines(keepends=True)[:rows]
        path.write_text("".join(lines), encoding="utf-8")
        return f"the first {len(lines)} rows of the demo"
    with gzip.open(Path(folder) / DOLLY, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    kept = sorted(random.Random(0).sample(range(len(lines)), min(rows, len(lines))))
    path.write_text("".join(lines[number] for number in kept), encoding="utf-8")
    return f"{len(kept)} of {len(lines)} rows of Dolly, drawn with seed 0"
