"""How well capabilities find the rows of their kind: `python -m tests.bench capability --workspace W --analysis A`.

As Markdown: for each capability a table of AUROC and precision, each with its interval by tasks, as things are and with
lengths matched, and the verdict in words. Capabilities that the workspace lacks are learned from the files named in
`--target NAME=FILE`; pool rows that share a run of 13 words with a file count nowhere.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.datasets.options import ImportOptions
from core.scores.alignment import AlignmentSettings
from core.scores.capability import Capability, capability_names, load_capability, save_capability
from core.scores.capability_quality import quality_words
from core.scores.capability_source import CapabilitySource
from core.scores.contamination import OVERLAP, find_contamination
from core.scores.evaluation import evaluation_rows
from core.scores.find_by_capability import find_by_capability
from core.scores.finding import DRAWS, Figure, Finding, Found
from core.scores.finding_words import verdict
from core.scores.learn_capability import learn_capability
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset, dataset_with_hash
from core.workspace import Workspace
from tests.bench.capability_kinds import KINDS, rows_of_kind, tasks_of

HEAD = ("method", "AUROC", "precision at 10 %", "precision at all", "AUROC, length matched", "at 10 %, length matched")


def main(wanted: Sequence[str]) -> None:
    """Print the tables and verdicts of every target."""
    reader = argparse.ArgumentParser(prog="python -m tests.bench capability")
    reader.add_argument("--workspace", type=Path, required=True)
    reader.add_argument("--analysis", required=True)
    reader.add_argument("--target", action="append", default=[], metavar="NAME=FILE", help=f"NAME: {', '.join(KINDS)}")
    reader.add_argument("--samples", type=int, default=300, help="that a capability is learned from")
    reader.add_argument("--random-sets", type=int, default=3)
    reader.add_argument("--draws", type=int, default=DRAWS)
    said = reader.parse_args(list(wanted))
    workspace = Workspace(said.workspace)
    opened = open_analysis(workspace, said.analysis)
    dataset = dataset_with_hash(workspace, opened.dataset_hash, name=opened.dataset)
    assert dataset is not None, f"the data set of {opened.name} is not there"
    print(f"Pool {dataset.name}: {len(dataset)} rows. Intervals: 95 %, {said.draws} bootstrap draws of tasks.\n")
    tasks = tasks_of(dataset)
    targets = {name: Path(file) for name, _, file in (each.partition("=") for each in said.target)}
    leaks = leaking(workspace, dataset, list(targets.values()))
    print(f"{int(leaks.sum())} rows share a run of 13 words with a file of any target and count nowhere.\n", flush=True)
    for name, file in targets.items():
        began = time.perf_counter()
        for line in report(workspace, opened, dataset, tasks, leaks, name, file, said):
            print(line, flush=True)
        print(f"({time.perf_counter() - began:.0f} s)\n", flush=True)


def report(
    workspace: Workspace, analysis: Analysis, dataset: Dataset, tasks: np.ndarray, leaks: np.ndarray, name: str, file: Path,
    said: argparse.Namespace,
) -> Iterator[str]:  # fmt: skip
    """The lines of one capability."""
    kind = rows_of_kind(dataset, KINDS[name])
    capability = learned(workspace, analysis, name, file, said)
    yield f"## {name}: {int(kind.sum())} rows of its kind\n"
    yield f"{KINDS[name].why}. Learned from {capability.learned.samples} samples of {file.name}."
    yield f"{quality_words(capability.quality['mlp'])}\n"
    found = find_by_capability(analysis, dataset, capability, kind, tasks=tasks, leave_out=leaks, draws=said.draws)
    yield from table(found)
    yield ""
    yield " ".join(verdict(found))
    settings = AlignmentSettings(layer_z=True, length_z=True)
    scaled = find_by_capability(
        analysis, dataset, capability, kind, tasks=tasks, leave_out=leaks, draws=0, nait=settings
    )  # fmt: skip
    own = next(one for one in scaled.plain if one.method == "nait")
    yield f"\nNAIT with layers and lengths on one scale: AUROC {own.auroc.value:.3f}, at 10 % {own.precision.value:.3f}."


def leaking(workspace: Workspace, dataset: Dataset, files: Sequence[Path]) -> np.ndarray:
    """Pool rows that share a run of 13 words with a row of any file: bool (n)."""
    rows = tuple(row for file in files for row in evaluation_rows(workspace, str(file), ImportOptions()).rows)
    found = find_contamination(dataset.conversations(), rows)
    out = np.zeros(len(dataset), bool)
    out[[hit.sample_id for hit in found.hits if OVERLAP in hit.rules]] = True
    return out


def learned(workspace: Workspace, analysis: Analysis, name: str, file: Path, said: argparse.Namespace) -> Capability:
    """The capability of that name, learned from the file where there is none."""
    if name not in capability_names(workspace):
        source = CapabilitySource(files=(file,), at_most=said.samples)
        made = learn_capability(
            workspace, name, analysis=analysis, source=source, random_sets=said.random_sets, progress=lambda *_: None,
            stop=lambda: False,
        )  # fmt: skip
        save_capability(workspace, made)
    return load_capability(workspace, name)


def table(finding: Finding) -> Iterator[str]:
    """The methods as a Markdown table."""
    yield f"| {' | '.join(HEAD)} |"
    yield "|" + "---|" * len(HEAD)
    for plain, matched in zip(finding.plain, finding.matched, strict=True):
        yield _row(plain, matched)
    yield f"| share of the kind | | {finding.base:.3f} | | | |"
    for method, why in finding.missing.items():
        yield f"| {method} | {why} | | | | |"


def _row(plain: Found, matched: Found) -> str:
    figures = (plain.auroc, plain.precision, plain.precision_at_all, matched.auroc, matched.precision)
    return f"| {plain.method} | {' | '.join(map(_cell, figures))} |"


def _cell(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"
