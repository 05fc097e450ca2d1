"""A gigabyte of JSON Lines in, a selection of all of it, and out in every layout and format: seconds and peak memory of each.

`python -m tests.bench gigabyte [--bytes 1e9] [--spoken 1000] [--beside 9000] [--folder DIR]`. Every step is a command of its
own process, so that its peak is its own; the peak of a command that does nothing is taken off. All that is made is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.export.formats import EXPORT_FORMATS, VERBATIM
from core.export.layouts import LAYOUTS
from core.store.datasets import Dataset
from core.workspace import Workspace
from tests.bench.generated import write_analysis
from tests.bench.zipf import generate

SPOKEN, BESIDE = 1_000, 9_000  # characters of a row's answer, and of a column beside it, which takes the rest
FEATURES, PER_ROW = 4_096, 20


def main(words: Sequence[str]) -> None:
    """Print each step as it is done."""
    said = argparse.ArgumentParser(prog="python -m tests.bench gigabyte")
    said.add_argument("--bytes", type=float, default=1e9)
    said.add_argument(
        "--spoken", type=int, default=SPOKEN, help="characters of an answer: an import tells its language"
    )
    said.add_argument("--beside", type=int, default=BESIDE, help="characters of a column beside it: longer, fewer rows")
    said.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    given = said.parse_args(words)
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        for what, seconds, memory, note in steps(Path(place), int(given.bytes), given.spoken, given.beside):
            print(f"  {what:<44} {seconds:8.1f} s   peak {memory / 1e6:7.0f} MB above nothing   {note}", flush=True)


def steps(folder: Path, size: int, spoken: int, beside: int) -> Iterator[tuple[str, float, int, str]]:
    """What was done, its seconds, its peak bytes above those of a command that does nothing, and what was made."""
    source, workspace = folder / "source.jsonl", Workspace(folder / "workspace")
    rows = _write(source, size, spoken, beside)
    _, base, _ = _command(workspace, ["datasets", "list"])
    yield _told(
        "import", _command(workspace, ["datasets", "add", str(source), "--name", "large"]), base, f"{rows} rows"
    )
    source.unlink()
    dataset = Dataset(workspace, "large")
    features = generate(rows, n_features=FEATURES, per_row=PER_ROW)
    write_analysis(workspace, dataset, features, np.random.default_rng(0))
    dataset.close()
    words = ["select", "large", "--method", "random", "--percent", "100", "--name", "all"]
    yield _told("select all, in random order", _command(workspace, words), base, "")
    ways = [(VERBATIM, layout) for layout in LAYOUTS] + [(form, "jsonl") for form in EXPORT_FORMATS]
    for form, layout in ways:
        to = folder / f"out{LAYOUTS[layout].ending}"
        words = ["export", "all", "--format", form, "--to", str(to), "--lossy"]
        made = _command(workspace, words)
        written = sum(file.stat().st_size for file in [to, *to.rglob("*")] if file.is_file())
        yield _told(f"export {form} as {layout}", made, base, f"{written / 1e9:.2f} GB, read back and compared")
        shutil.rmtree(to) if to.is_dir() else to.unlink()


def _write(file: Path, size: int, spoken: int, beside: int) -> int:
    """Rows of random words until the file has that size; how many."""
    rng, rows = np.random.default_rng(0), 0
    words = [f"{a}{b}{c} ".encode() for a in "bdfgklmnprstvz" for b in "aeiou" for c in "lmnrst"]
    letters = np.frombuffer(b"".join(words), np.uint8).reshape(len(words), -1)
    with file.open("w", encoding="utf-8") as out:
        while out.tell() < size:
            text = letters[rng.integers(0, len(words), (spoken + beside) // letters.shape[1])].tobytes().decode()
            record = {
                "prompt": f"Tell {rows}: {text[:80]}",
                "completion": text[:spoken],
                "origin": rows % 7,
                "context": text[spoken:],
            }
            out.write(json.dumps(record) + "\n")
            rows += 1
    return rows


def _command(workspace: Workspace, words: list[str]) -> tuple[float, int, int]:
    """Seconds, peak bytes and exit code of a command in a process of its own."""
    began = time.perf_counter()
    line = [sys.executable, "-m", "core", "--workspace", str(workspace.root), *words]
    child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    told = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, told.decode()[-2_000:]
    return time.perf_counter() - began, used.ru_maxrss * 1024, child.returncode


def _told(what: str, made: tuple[float, int, int], base: int, note: str) -> tuple[str, float, int, str]:
    return what, made[0], made[1] - base, note
