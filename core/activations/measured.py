"""Analyses with their pilots before and the clock beside them: what the `analyse` command runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from core.activations.analyse import PART_SECONDS, Progress, Stop, Wanted, analyse_together
from core.activations.identity import AnalysisIdentity
from core.activations.machines import Machines, passes_sentence
from core.activations.meter import Meter
from core.activations.pilot import pilot
from core.activations.pilot_report import PILOT, PilotReport, pilot_path, read_report, write_report
from core.cluster import Cluster
from core.store.analyses import PARTIAL
from core.store.datasets import Dataset
from core.workspace import Workspace

Tell = Callable[[PilotReport], None]
Say = Callable[[str], None]


def analyse_measured(
    workspace: Workspace, dataset: Dataset, wanted: Sequence[Wanted], *, progress: Progress, stop: Stop,
    part_seconds: float = PART_SECONDS, with_pilot: bool = True, tell: Tell = lambda report: None,
    say: Say = lambda sentence: None, where: dict | None = None, cluster: Cluster | None = None,
) -> list[Path]:  # fmt: skip
    """Run the analyses as `analyse_together` does; each folder then holds its pilot's report and what it really took.

    A pilot that has been run is taken as it is; else one is run first where `with_pilot`. `tell` hears each report, `say`
    how many passes several SAEs take; both before anything long starts. `where`: device and trust for loading the model.
    `cluster`: where they are run, one after the other, if not here; no pilot is run there.
    Time and memory of several analyses are those of the run that made them all.
    """
    due = [each for each in wanted if not (workspace.analyses / each.identity.id).exists()]
    machines = Machines(where)
    for each in due:
        report = _report(
            workspace, dataset, each.identity, machines, progress, stop, with_pilot=with_pilot and not cluster
        )
        if report is not None:
            write_report(_partial(workspace, each.identity) / PILOT, report)
            tell(report)
    if cluster:
        if len(due) > 1:
            names = ", ".join(each.name for each in due)
            say(f"{len(due)} SAEs take a pass each on a Ray cluster, one after the other: {names}.")
        return [_on_cluster(workspace, dataset, each, progress, stop, cluster, where or {}) for each in wanted]
    if len(due) > 1:
        progress(0, 0, "loading the model")
        say(passes_sentence([each.name for each in due], [machines.of(each.identity) for each in due]))
    meters = {each.identity.id: Meter(_partial(workspace, each.identity)) for each in due}
    return analyse_together(
        workspace, dataset, wanted, progress=_timed(progress, meters), stop=stop, part_seconds=part_seconds,
        machines=machines, finished=lambda identity, folder: meters.pop(identity.id).finish(folder),
    )  # fmt: skip


def _on_cluster(
    workspace: Workspace, dataset: Dataset, wanted: Wanted, progress: Progress, stop: Stop, cluster: Cluster, where: dict
) -> Path:  # fmt: skip
    from core.activations.ray_engine import analyse_on_cluster  # only here needed

    final = workspace.analyses / wanted.identity.id
    if not final.exists():
        meter = Meter(_partial(workspace, wanted.identity))
        analyse_on_cluster(
            workspace, dataset, wanted.identity, name=wanted.name, progress=_timed(progress, {"": meter}), stop=stop,
            cluster=cluster, **where,
        )  # fmt: skip
        meter.finish(final)
    return final


def _timed(progress: Progress, meters: dict[str, Meter]) -> Progress:
    def watched(done: int, total: int, note: str, *more: int) -> None:
        for meter in meters.values():
            meter.tick(note.partition(" (")[0])  # what is done, whichever member of a pool it is done to
        progress(done, total, note, *more)

    return watched


def _partial(workspace: Workspace, identity: AnalysisIdentity) -> Path:
    return workspace.analyses / (identity.id + PARTIAL)


def _report(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, machines: Machines, progress: Progress,
    stop: Stop, *, with_pilot: bool,
) -> PilotReport | None:  # fmt: skip
    """The pilot of an analysis: the one that has been run, else a new one where it is wanted."""
    known = read_report(pilot_path(workspace, identity.id)) or read_report(_partial(workspace, identity) / PILOT)
    if known is not None or not with_pilot:
        return known

    def said(_done: int, _total: int, note: str, *_rows: int) -> None:
        progress(0, 0, f"pilot: {note}")

    return pilot(workspace, dataset, identity, progress=said, stop=stop, machines=machines)
