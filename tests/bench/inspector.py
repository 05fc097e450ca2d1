"""The inspector on the bundled pair: the first answer, for which the model is loaded, and then p50 and p95 by length."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from core.activations.analyse import analyse
from core.activations.identity import identify
from core.activations.reading import Reading
from core.activations.settings import AnalysisSettings
from core.jobs.start import command_line
from core.jobs.worker import Worker
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import DEMO_FILE, Workspace

LENGTHS, ASKED, SAMPLES = (20, 100, 500), 100, 40


def bench() -> list[tuple[str, float, str]]:
    """Rows (question, milliseconds, note): from the question to the arrays, as a screen waits for them."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = _analysed(Path(folder))
        worker = Worker(command_line(workspace, ["inspector"]), what="The worker")
        try:
            return _ask(worker, " ".join(turn.text for turn in _turns(workspace)))
        finally:
            worker.stop()


def _ask(worker: Worker, source: str) -> list[tuple[str, float, str]]:
    first, taken = _read(worker, source[:20_000])
    rows = [("first answer, the model to be loaded: s", taken / 1000, "a new process: imports, hashes, weights")]
    pieces = first.tokens[1:]  # as far as the context goes
    for length in LENGTHS:
        rng, times, seen = np.random.default_rng(0), [], []
        for _ in range(ASKED):
            start = int(rng.integers(max(1, len(pieces) - length)))
            reading, taken = _read(worker, "".join(pieces[start : start + length - 1]))
            times.append(taken)
            seen.append(len(reading.tokens))
        note = f"{ASKED} texts, {np.median(seen):.0f} tokens in the median"
        rows += [(f"{length} tokens: p{p}, ms", float(np.percentile(times, p)), note) for p in (50, 95)]
    if (status := Path(f"/proc/{worker.pid}/status")).exists():
        kilobytes = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        rows.append(("memory of the worker: MB", kilobytes / 1000, "resident, Python and torch included"))
    return rows


def _read(worker: Worker, text: str) -> tuple[Reading, float]:
    began = time.perf_counter()
    reading = Reading.from_message(worker.ask({"analysis": "bench", "text": text}))
    return reading, 1000 * (time.perf_counter() - began)


def _turns(workspace: Workspace):
    return [turn for _, turns in Dataset(workspace, "bench").conversations() for turn in turns]


def _analysed(folder: Path) -> Workspace:
    """A small data set of the demo's first samples, analysed by the bundled pair."""
    workspace, file = Workspace(folder / "workspace"), folder / "bench.jsonl"
    with DEMO_FILE.open(encoding="utf-8") as lines:
        file.write_text("".join(line for line, _ in zip(lines, range(SAMPLES), strict=False)), encoding="utf-8")
    import_dataset(workspace, file, name="bench")
    dataset = Dataset(workspace, "bench")
    identity = identify(dataset, model="bundled", sae="bundled", settings=AnalysisSettings())
    analyse(workspace, dataset, identity, name="bench", progress=lambda *_: None, stop=lambda: False)
    return workspace
