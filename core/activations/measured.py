"""An analysis with its pilot before and the clock beside it: what the `analyse` command runs."""

from pathlib import Path

from core.activations.analyse import PART_SECONDS, Pass, Progress, Stop, analyse, usable_threads
from core.activations.identity import AnalysisIdentity
from core.activations.meter import Meter
from core.activations.pilot import pilot
from core.activations.pilot_report import PILOT, PilotReport, pilot_path, read_report, write_report
from core.store.analyses import PARTIAL
from core.store.datasets import Dataset
from core.workspace import Workspace


def analyse_measured(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, name: str, progress: Progress, stop: Stop,
    part_seconds: float = PART_SECONDS, with_pilot: bool = True, tell=lambda report: None,
    where: dict | None = None,
) -> Path:  # fmt: skip
    """Run the analysis as `analyse` does; its folder then holds the pilot's report and what it really took.

    A pilot that has been run is taken as it is; else one is run first where `with_pilot`. `tell` hears its report.
    `where`: device and trust for loading the model.
    """
    final = workspace.analyses / identity.id
    if final.exists():
        return final
    partial = workspace.analyses / (identity.id + PARTIAL)
    machine = None
    report = read_report(pilot_path(workspace, identity.id)) or read_report(partial / PILOT)
    if report is None and with_pilot:
        progress(0, 0, "loading the model")
        machine = Pass(identity, threads=usable_threads(), **(where or {}))
        report = _pilot(workspace, dataset, identity, machine, progress, stop)
    if report is not None:
        write_report(partial / PILOT, report)
        tell(report)
    meter = Meter(partial)

    def watched(done: int, total: int, note: str, *more: int) -> None:
        meter.tick(note.partition(" (")[0])  # what is done, whichever member of a pool it is done to
        progress(done, total, note, *more)

    folder = analyse(
        workspace, dataset, identity, name=name, progress=watched, stop=stop, part_seconds=part_seconds, machine=machine,
        where=where,
    )  # fmt: skip
    meter.finish(folder)
    return folder


def _pilot(workspace, dataset, identity, machine: Pass, progress: Progress, stop: Stop) -> PilotReport:
    def said(_done: int, _total: int, note: str, *_rows: int) -> None:
        progress(0, 0, f"pilot: {note}")

    return pilot(workspace, dataset, identity, progress=said, stop=stop, machine=machine)
