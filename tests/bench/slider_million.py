"""The slider of a million rows in a real browser: `python -m tests.bench slider-million --folder DIR [--rows N]`.

The workspace is generated into DIR by a process of its own, so that its memory can be told, and left there: a second
run goes straight to the browser. A million rows of 200 features take a few GB of disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from core.workspace import Workspace
from tests.bench.contenders import forget_peak, peak
from tests.bench.generated import generated_workspace
from tests.bench.slider import MILLION, in_browser, told
from tests.bench.zipf import generate

FEATURES, PER_ROW = 131_072, 200
PATIENCE = 3_600  # seconds until the first picture
MADE = "made.json"


def main(words: Sequence[str]) -> None:
    """Make the workspace where it is not there, then move the slider on two tabs."""
    said = argparse.ArgumentParser(prog="python -m tests.bench slider-million")
    said.add_argument("--folder", type=Path, required=True)
    said.add_argument("--rows", type=int, default=MILLION)
    said.add_argument("--make", action="store_true", help="only make the workspace, in this process")
    given = said.parse_args(words)
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.make:
        make(given.folder, given.rows)
        return
    if not (given.folder / MADE).is_file():
        again = [sys.executable, "-m", "tests.bench", "slider-million", *words, "--make"]
        subprocess.run(again, check=True)
    print(f"  made: {(given.folder / MADE).read_text().strip()}", flush=True)
    for tab in ("reproduce", "queue"):
        took, about = in_browser(Workspace(given.folder / "workspace"), tab, patience=PATIENCE)
        note = f"first picture after {about['first picture']:.0f} s, server {about['memory']:.1f} GB; aim p95 ≤ 1 s"
        for what, value, more in told(f"slider to sentence and curve, browser, tab {tab}", took, note):
            print(f"  {what:<76} {value:10.3f}   {more}", flush=True)


def make(folder: Path, rows: int) -> None:
    """Generate the workspace and note what it took."""
    forget_peak()
    began = time.perf_counter()
    features = generate(rows, n_features=FEATURES, per_row=PER_ROW)
    workspace = generated_workspace(folder, features)
    disk = sum(file.stat().st_size for file in workspace.root.rglob("*") if file.is_file())
    made = {
        "rows": rows, "entries": len(features.indices), "seconds": round(time.perf_counter() - began),
        "disk_gb": round(disk / 1e9, 2), "memory_gb": round(peak() / 1e9, 2),
    }  # fmt: skip
    (folder / MADE).write_text(json.dumps(made) + "\n")
