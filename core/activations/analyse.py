"""The forward pass over a data set: every sample once, by a fixed plan, into parts and then into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.activations.analysis_meta import analysis_meta, machine_meta
from core.activations.back_off import FILE, Replan
from core.activations.batch_plan import plan_batches
from core.activations.cancelled import Cancelled as Cancelled
from core.activations.collect.collection import Collection
from core.activations.decoder import decoder_rows
from core.activations.identity import AnalysisIdentity
from core.activations.machine import Pass as Pass
from core.activations.machine import usable_threads as usable_threads
from core.activations.machines import Machines, passes_of
from core.activations.pass_loop import Progress, Stop, Strand, read_batches
from core.activations.pool_analysis import analyse_members, analyse_pool
from core.activations.tokens import Tokens
from core.errors import GamutError
from core.store.analyses import PARTIAL
from core.store.contents import Contents, decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.groups import Groups, groups_of
from core.store.parts import PartWriter
from core.store.pools import members_of
from core.store.tables import DATABASE
from core.workspace import Workspace

PART_SECONDS = 30.0  # what a kill can cost

Finished = Callable[[AnalysisIdentity, Path], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An analysis that is to be made, and what it will be called."""

    identity: AnalysisIdentity
    name: str


def analyse(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, name: str, progress: Progress, stop: Stop,
    part_seconds: float = PART_SECONDS, machine: Pass | None = None, as_of: int | None = None,
    where: dict | None = None,
) -> Path:  # fmt: skip
    """Run the analysis, or what is left of it, and return its finished folder.

    `progress(done, total, note)` counts tokens. Raises `Cancelled` when `stop()` turns true between batches; the
    parts stay and the same call goes on from them. `machine`: model and SAE where they are loaded already;
    `where`: device and trust for loading them.
    `as_of`: hold what an analysis of so many samples would, for a rehearsal on a few of them.
    Rows in = rows out is asserted when it is finished.
    """
    machines = Machines(where, loaded={identity.sae.sha256: machine} if machine else None)
    return analyse_together(
        workspace, dataset, [Wanted(identity, name)], progress=progress, stop=stop, part_seconds=part_seconds,
        machines=machines, as_of=as_of,
    )[0]  # fmt: skip


def analyse_together(
    workspace: Workspace, dataset: Dataset, wanted: Sequence[Wanted], *, progress: Progress, stop: Stop,
    machines: Machines, part_seconds: float = PART_SECONDS, as_of: int | None = None,
    finished: Finished = lambda identity, folder: None,
) -> list[Path]:  # fmt: skip
    """Run analyses of one data set by one model and several SAEs in one pass; each is what it would be by itself.

    SAEs that read unlike tokens (BOS, length) take a pass each. What is finished is left alone, and of the others each
    goes on from its own parts. `finished` hears of each that this call finishes. The rest is as in `analyse`.
    """
    folders = [workspace.analyses / each.identity.id for each in wanted]
    due = [each for each, folder in zip(wanted, folders, strict=True) if not folder.exists()]
    if due and members_of(dataset):
        _analyse_pool(workspace, dataset, due, machines, progress, stop, part_seconds, finished)
    elif due:
        _Reading(workspace, dataset, due, machines, progress, as_of).finish(stop, part_seconds, finished)
    return folders


def _analyse_pool(
    workspace: Workspace, dataset: Dataset, due: Sequence[Wanted], machines: Machines, progress: Progress, stop: Stop,
    part_seconds: float, finished: Finished,
) -> None:  # fmt: skip
    def run(member: Dataset, own: list[tuple[AnalysisIdentity, str]], told: Progress) -> None:
        analyse_together(
            workspace, member, [Wanted(*each) for each in own], progress=told, stop=stop, machines=machines,
            part_seconds=part_seconds,
        )  # fmt: skip

    analyse_members(workspace, dataset, [each.identity for each in due], run=run, progress=progress)
    for each in due:
        folder = workspace.analyses / each.identity.id
        analyse_pool(
            workspace, dataset, each.identity, name=each.name, partial=_partial(workspace, each), final=folder,
            progress=progress,
        )  # fmt: skip
        finished(each.identity, folder)


def _partial(workspace: Workspace, wanted: Wanted) -> Path:
    return workspace.analyses / (wanted.identity.id + PARTIAL)


class _Reading:
    """One data set on its way through the model, to the SAEs of all analyses that are due."""

    def __init__(
        self, workspace: Workspace, dataset: Dataset, due: Sequence[Wanted], machines: Machines, progress: Progress,
        as_of: int | None,
    ) -> None:  # fmt: skip
        self._started = datetime.now(UTC)
        self._workspace, self._dataset, self._due, self._progress = workspace, dataset, due, progress
        self._settings = due[0].identity.settings
        progress(0, 0, "loading the model")
        self._machines = [machines.of(each.identity) for each in due]
        progress(0, 0, "tokenising")
        self._passes = [(group, self._tokens(group)) for group in passes_of(self._machines)]
        self._total = sum(len(tokens.ids) for _, tokens in self._passes)
        self._groups: Groups = groups_of(dataset, self._settings.group_by)
        self._contents = [self._decide(machine, as_of or len(dataset)) for machine in self._machines]

    def _tokens(self, group: list[int]) -> Tokens:
        tokens = self._machines[group[0]].tokenise(turns for _, turns in self._dataset.conversations())
        if len(tokens.lengths) != len(self._dataset):
            raise GamutError(
                f"{len(self._dataset)} samples were to be read, {len(tokens.lengths)} came: "
                "the data set is damaged, add it again."
            )
        return tokens

    def _decide(self, machine: Pass, samples: int) -> Contents:
        settings, groups = self._settings, self._groups
        return decide(
            samples, machine.shape(), settings.budgets, every_layer=settings.every_layer, groups=groups.names,
            grouped_by=groups.column,
        )  # fmt: skip

    def finish(self, stop: Stop, part_seconds: float, finished: Finished) -> None:
        """Read what is missing, pass by pass, and write every store."""
        before = 0
        for number, (group, tokens) in enumerate(self._passes, 1):
            batches = plan_batches(tokens.lengths, self._settings)
            plans = {place: Replan(_partial(self._workspace, self._due[place]) / FILE) for place in group}
            strands = [self._strand(place, plans[place], part_seconds) for place in group if not self._written(place)]
            place_words = f" (pass {number} of {len(self._passes)})" if len(self._passes) > 1 else ""
            if strands:
                read_batches(strands, tokens, batches, progress=self._counted(before, place_words), stop=stop)
            before += len(tokens.ids)
            for place in group:
                self._write(place, tokens, batches, plans[place], before)
                finished(self._due[place].identity, self._workspace.analyses / self._due[place].identity.id)

    def _written(self, place: int) -> bool:
        """Whether a run before was stopped between the database and its final name."""
        return (_partial(self._workspace, self._due[place]) / DATABASE).exists()

    def _strand(self, place: int, replan: Replan, part_seconds: float) -> Strand:
        collection = Collection(self._contents[place], self._groups.of)
        folder = _partial(self._workspace, self._due[place]) / "parts"
        return Strand(
            self._machines[place], collection, PartWriter(folder, seconds=part_seconds, take=collection.take), replan
        )

    def _counted(self, before: int, words: str) -> Progress:
        """One progress over all passes."""

        def said(done: int, _total: int, note: str, rows: int) -> None:
            self._progress(before + done, self._total, note + words, rows)

        return said

    def _write(self, place: int, tokens: Tokens, batches: list[np.ndarray], replan: Replan, done: int) -> None:
        wanted, machine = self._due[place], self._machines[place]
        partial, final = _partial(self._workspace, wanted), self._workspace.analyses / wanted.identity.id
        several = f" ({place + 1} of {len(self._due)})" if len(self._due) > 1 else ""
        self._progress(done, self._total, f"writing the store{several}")
        beside = [each.identity.sae.ref for other, each in enumerate(self._due) if other != place]
        meta = analysis_meta(
            wanted.identity, self._dataset, wanted.name, machine_meta(machine, self._settings.dtype),
            started=self._started, read_with=beside, replanned=replan.replanned(batches, tokens.lengths),
        )  # fmt: skip
        finalise(
            partial, final, batches=len(batches), samples=len(self._dataset), contents=self._contents[place],
            decoder=decoder_rows(machine.model, machine.sae), vocabulary=machine.vocabulary(), meta=meta,
        )  # fmt: skip
        (final / FILE).unlink(missing_ok=True)  # its meta says it from now on
