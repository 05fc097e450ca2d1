"""The forward pass over a data set: every sample once, by a fixed plan, into parts and then into the store."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import core
from core.activations.batch import Batch
from core.activations.batch_plan import plan_batches
from core.activations.cancelled import Cancelled as Cancelled
from core.activations.collect.collection import Collection
from core.activations.decoder import decoder_rows
from core.activations.device import AUTO, choose_device
from core.activations.identity import AnalysisIdentity
from core.activations.model import LanguageModel, load_model
from core.activations.neurons import mlp_projections, neurons_of
from core.activations.pool_analysis import analyse_pool
from core.activations.sae import SparseAutoencoder, check_pair, encode, fitted, load_any
from core.activations.states import StateReader
from core.activations.template import by_chat_template, template_words
from core.activations.tokens import UNSCORED, Tokens, begins, token_texts, tokenise
from core.errors import GamutError
from core.store.analyses import PARTIAL
from core.store.contents import Budgets, Shape, decide
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.groups import groups_of
from core.store.parts import PartWriter
from core.store.pools import members_of
from core.workspace import Workspace

PART_SECONDS = 30.0  # what a kill can cost

Progress = Callable[..., None]  # (done, total, note), and the samples read where tokens are counted
Stop = Callable[[], bool]


class Pass:
    """A model and an SAE, ready to run batches of tokens.

    `device` as `core.activations.device.choose_device` takes it. `trust`: run the model's own code.
    """

    def __init__(self, identity: AnalysisIdentity, *, threads: int, device: str = AUTO, trust: bool = False) -> None:
        torch.set_num_threads(threads)
        settings = identity.settings
        self.device = choose_device(device)
        self.model: LanguageModel = load_model(
            identity.model.folder, dtype=settings.dtype, device=self.device, trust=trust
        )
        sae = load_any(identity.sae.ref, identity.sae.folder, dtype="float32", device=str(self.model.home))
        check_pair(self.model, sae)
        self.sae: SparseAutoencoder = fitted(self.model, sae)
        self.template = settings.template
        by_chat_template(self.model.tokenizer, self.template)  # a template that is not there is said before any work
        limits = [limit for limit in (settings.max_length, self.model.context, sae.context) if limit]
        if not limits:
            raise GamutError("Neither the model nor the SAE tells how many tokens it reads; say it with --max-length.")
        self.max_length = min(limits)
        self.projections = mlp_projections(self.model.blocks)
        self.reader = StateReader(
            self.model, self.projections, block=self.sae.block, every_layer=identity.settings.every_layer,
            mask_massive=identity.settings.mask_massive, site=self.sae.module(self.model),
        )  # fmt: skip

    def tokenise(self, conversations) -> Tokens:
        """Tokens of conversations, cut at the context."""
        return tokenise(
            conversations,
            self.model.tokenizer,
            max_length=self.max_length,
            template=self.template,
            bos=self.sae.prepend_bos,
        )

    def vocabulary(self) -> list[str]:
        """The text of every token id, for readers without a tokenizer; bytes that are no text show as �."""
        return token_texts(self.model.tokenizer, range(len(self.model.tokenizer)))

    def shape(self) -> Shape:
        """Of model and SAE what decides the size of an analysis."""
        neurons = neurons_of(self.projections[0]) if self.projections else 0
        return Shape(self.sae.n_features, len(self.model.blocks), neurons, self.model.width, self.sae.block)

    def warm_up(self, tokens: Tokens, ids: np.ndarray) -> None:
        """Run a batch and forget it: compiling and loading kernels is then done."""
        collection = Collection(decide(1, self.shape(), Budgets()), None)
        collection.add(self.run(tokens, ids))
        collection.take()

    def run(self, tokens: Tokens, ids: np.ndarray) -> Batch:
        """Run the samples `ids` of one batch through model and SAE."""
        lengths = tokens.lengths[ids]
        padded = np.zeros((len(ids), lengths.max()), dtype=np.int64)
        scored = np.zeros(padded.shape, dtype=bool)
        for row, (first, length) in enumerate(zip(tokens.indptr[ids], lengths, strict=True)):
            padded[row, :length] = tokens.ids[first : first + length]
            scored[row, :length] = tokens.sides[first : first + length] != UNSCORED
        states = self.reader.read(torch.from_numpy(padded), torch.from_numpy(scored))
        real = torch.from_numpy(np.arange(padded.shape[1]) < lengths[:, None]).to(states.hook.device)
        return Batch(tokens, ids, states, *encode(self.sae, states.hook[real]), self.sae.n_features)


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
    final = workspace.analyses / identity.id
    if final.exists():
        return final
    partial = workspace.analyses / (identity.id + PARTIAL)
    if members_of(dataset):

        def run(member: Dataset, own: AnalysisIdentity, free: str, told: Progress) -> Path:
            nonlocal machine  # one model for all members
            machine = machine or Pass(identity, threads=usable_threads(), **(where or {}))
            return analyse(
                workspace,
                member,
                own,
                name=free,
                progress=told,
                stop=stop,
                part_seconds=part_seconds,
                machine=machine,
            )

        return analyse_pool(
            workspace, dataset, identity, name=name, partial=partial, final=final, run=run, progress=progress
        )
    started = datetime.now(UTC)
    threads = usable_threads()
    progress(0, 0, "loading the model")
    machine = machine or Pass(identity, threads=threads, **(where or {}))
    progress(0, 0, "tokenising")
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    if len(tokens.lengths) != len(dataset):
        raise GamutError(
            f"{len(dataset)} samples were to be read, {len(tokens.lengths)} came: the data set is damaged, add it again."
        )
    batches = plan_batches(tokens.lengths, identity.settings)
    settings = identity.settings
    groups = groups_of(dataset, settings.group_by)
    contents = decide(
        as_of or len(dataset),
        machine.shape(),
        settings.budgets,
        every_layer=settings.every_layer,
        groups=groups.names,
        grouped_by=groups.column,
    )
    collection = Collection(contents, groups.of)
    writer = PartWriter(partial / "parts", seconds=part_seconds, take=collection.take)
    _run(machine, tokens, batches, writer, collection, progress, stop)
    progress(len(tokens.ids), len(tokens.ids), "writing the store")
    meta = _meta(identity, dataset, name, started, threads, machine)
    finalise(
        partial, final, batches=len(batches), samples=len(dataset), contents=contents,
        decoder=decoder_rows(machine.model, machine.sae), vocabulary=machine.vocabulary(), meta=meta,
    )  # fmt: skip
    return final


def _run(
    machine: Pass, tokens: Tokens, batches: list[np.ndarray], writer: PartWriter, collection: Collection,
    progress: Progress, stop: Stop,
) -> None:  # fmt: skip
    sizes = np.array([tokens.lengths[batch].sum() for batch in batches])
    rows = np.cumsum([0, *(len(batch) for batch in batches)])
    for number in range(writer.next_batch, len(batches)):
        if stop():
            writer.flush()
            raise Cancelled
        progress(int(sizes[:number].sum()), int(sizes.sum()), "reading samples", int(rows[number]))
        collection.add(machine.run(tokens, batches[number]))
        writer.add(number)
    writer.flush()


def usable_threads() -> int:
    """Threads for torch: the processors this process may use; more of them than that makes it many times slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bos_words(machine: Pass) -> str:
    """How texts began, and why."""
    asked, first = machine.sae.prepend_bos, begins(machine.model.tokenizer)
    if asked is None:
        return "as the tokenizer has it"
    if asked and first is None:
        return "none: the SAE was trained with one, but the tokenizer has none"
    return "with one, as the SAE was trained" if asked else "none, as the SAE was trained"


def _meta(
    identity: AnalysisIdentity, dataset: Dataset, name: str, started: datetime, threads: int, machine: Pass
) -> dict[str, str]:
    finished = datetime.now(UTC)
    return {
        "id": identity.id,
        "name": name,
        "dataset": dataset.name,
        "dataset_hash": identity.dataset_hash,
        "model": identity.model.as_json(),
        "sae": identity.sae.as_json(),
        "settings": json.dumps(identity.settings.as_dict(), sort_keys=True),
        "max_length": str(machine.max_length),
        "hook": machine.sae.hook,
        "template": template_words(machine.model.tokenizer, machine.template),
        "bos": _bos_words(machine),
        "device": machine.device,
        "threads": str(threads),
        "versions": json.dumps({"gamut": core.__version__, "torch": torch.__version__}),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": f"{(finished - started).total_seconds():.1f}",
    }
