"""The pass of an analysis on a Ray cluster: workers read stretches of the plan, this process writes them as parts, in order.

Nothing but the place where batches are read is another: the plan, the parts and the finaliser are those of one machine, so
the content hash is the same. A worker that dies costs the stretch that it was at; a machine that is lost, what all workers
were at. The driver loads no model.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from transformers import AutoTokenizer

from core.activations.analysis_meta import analysis_meta
from core.activations.back_off import FILE, Replan
from core.activations.batch_plan import plan_batches
from core.activations.device import AUTO
from core.activations.identity import AnalysisIdentity
from core.activations.machine import usable_threads
from core.activations.pass_loop import READING, Progress, Stop
from core.activations.pool_analysis import analyse_members, analyse_pool
from core.activations.ray_stream import MachineLost, Room, about, read_all, room_in
from core.activations.ray_worker import About, Duty, versions
from core.activations.stretch import most_tokens, stretches
from core.activations.tokens import Tokens, tokenise
from core.cluster import Cluster, joined
from core.errors import GamutError
from core.store.analyses import PARTIAL
from core.store.contents import decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.groups import groups_of
from core.store.parts import PartWriter
from core.store.pools import members_of
from core.store.tables import DATABASE
from core.workspace import Workspace

LOST = "a machine of the cluster was lost; going on without it"


def analyse_on_cluster(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, name: str, progress: Progress, stop: Stop,
    cluster: Cluster, device: str = AUTO, trust: bool = False,
) -> Path:  # fmt: skip
    """Run the analysis, or what is left of it, on a Ray cluster, and return its finished folder.

    `progress`, `stop`, and what a resumed run finds are as in `core.activations.analyse.analyse`; either engine goes on
    from the parts of the other. `device`: "cpu", "cuda", or "auto", a GPU a worker where the cluster has any.
    """
    final, partial = workspace.analyses / identity.id, workspace.analyses / (identity.id + PARTIAL)
    if final.exists():
        return final
    where: dict[str, Any] = {"cluster": cluster, "device": device, "trust": trust}
    if not members_of(dataset):
        _Reading(workspace, dataset, identity, progress, stop, **where).finish(name)
        return final

    def run(member: Dataset, own: list[tuple[AnalysisIdentity, str]], told: Progress) -> None:
        for each, free in own:
            analyse_on_cluster(workspace, member, each, name=free, progress=told, stop=stop, **where)

    analyse_members(workspace, dataset, [identity], run=run, progress=progress)
    analyse_pool(workspace, dataset, identity, name=name, partial=partial, final=final, progress=progress)
    return final


class _Reading:
    """One data set on its way through the workers of a cluster."""

    def __init__(
        self, workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, progress: Progress, stop: Stop, *,
        cluster: Cluster, device: str, trust: bool,
    ) -> None:  # fmt: skip
        self._started = datetime.now(UTC)
        self._dataset, self._identity, self._progress, self._stop = dataset, identity, progress, stop
        self._cluster, self._device, self._trust = cluster, device, trust
        self._final = workspace.analyses / identity.id
        self._partial = workspace.analyses / (identity.id + PARTIAL)
        self._waiting: dict[str, pa.Table] = {}
        self._told: About | None = None

    def finish(self, name: str) -> None:
        """Read what is missing and write the store."""
        while not self._attempt():
            self._progress(0, 0, LOST)
        told, identity = self._told, self._identity
        assert told is not None
        self._progress(len(self._tokens.ids), len(self._tokens.ids), "writing the store")
        replanned = Replan(self._partial / FILE).replanned(self._batches, self._tokens.lengths)
        meta = analysis_meta(
            identity, self._dataset, name, told.meta, started=self._started, replanned=replanned
        )  # fmt: skip
        finalise(
            self._partial, self._final, batches=len(self._batches), samples=len(self._dataset), contents=self._contents,
            decoder=told.decoder, vocabulary=told.vocabulary, meta=meta,
        )  # fmt: skip
        (self._final / FILE).unlink(missing_ok=True)  # its meta says it from now on

    def _attempt(self) -> bool:
        """Read as far as the machines of now last; whether that is to the end."""
        self._progress(0, 0, "joining the Ray cluster")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray Data's actors make Ray warn of what is no fault
        with joined(self._cluster) as ray:
            try:
                threads = usable_threads()
                room = room_in(ray, self._cluster, device=self._device, threads=threads)
                duty = Duty(self._identity, room.device, threads, self._trust, versions())
                if self._told is None:
                    self._progress(0, 0, "loading the model")
                    self._told = about(ray, duty, room, stop=self._stop)
                    self._plan(self._told)
                if not (self._partial / DATABASE).exists():  # a finaliser may have been killed behind it
                    self._read(ray, duty, room)
            except MachineLost:
                return False
        return True

    def _plan(self, told: About) -> None:
        self._progress(0, 0, "tokenising")
        settings = self._identity.settings
        self._tokens = self._tokenise(told)
        self._batches = plan_batches(self._tokens.lengths, settings)
        self._groups = groups_of(self._dataset, settings.group_by)
        self._contents = decide(
            len(self._dataset), told.shape, settings.budgets, every_layer=settings.every_layer, groups=self._groups.names,
            grouped_by=self._groups.column,
        )  # fmt: skip

    def _tokenise(self, told: About) -> Tokens:
        tokenizer = AutoTokenizer.from_pretrained(
            self._identity.model.folder, local_files_only=True, trust_remote_code=self._trust
        )
        tokens = tokenise(
            (turns for _, turns in self._dataset.conversations()), tokenizer, max_length=told.max_length,
            template=self._identity.settings.template, bos=told.prepend_bos,
        )  # fmt: skip
        if len(tokens.lengths) != len(self._dataset):
            raise GamutError(
                f"{len(self._dataset)} samples were to be read, {len(tokens.lengths)} came: "
                "the data set is damaged, add it again."
            )
        return tokens

    def _read(self, ray: ModuleType, duty: Duty, room: Room) -> None:
        writer = PartWriter(self._partial / "parts", seconds=float("inf"), take=lambda: self._waiting)
        sizes = np.cumsum([0, *(int(self._tokens.lengths[batch].sum()) for batch in self._batches)])
        rows = np.cumsum([0, *(len(batch) for batch in self._batches)])

        def tell(done: int) -> None:
            self._progress(int(sizes[done]), int(sizes[-1]), READING, int(rows[done]))

        tell(writer.next_batch)
        most = most_tokens(int(sizes[-1] - sizes[writer.next_batch]), room.workers)
        given = stretches(self._tokens, self._batches, self._groups.of, begin=writer.next_batch, most=most)
        replan = Replan(self._partial / FILE)
        for read in read_all(ray, duty, self._contents, given, room, stop=self._stop):
            for batch, tokens in read.splits:
                replan.note(batch, tokens)
            self._waiting = read.tables
            for number in range(read.first, read.stop):
                writer.add(number)
            writer.flush()
            tell(writer.next_batch)
