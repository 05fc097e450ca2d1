"""The forward pass over a data set: every sample once, by a fixed plan, into parts and then into the store."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

import core
from core.activations.batch_plan import plan_batches
from core.activations.identity import AnalysisIdentity
from core.activations.model import LanguageModel, load_model, residual
from core.activations.pool import pool
from core.activations.pool_analysis import analyse_pool
from core.activations.sae import SparseAutoencoder, check_pair, encode, load_sae
from core.activations.tokens import PROMPT, RESPONSE, Tokens, tokenise
from core.errors import GamutError
from core.store.analyses import PARTIAL
from core.store.datasets import Dataset
from core.store.finalise import finalise
from core.store.parts import SCHEMAS, PartWriter
from core.store.pools import members_of
from core.workspace import Workspace

PART_SECONDS = 30.0  # what a kill can cost

Progress = Callable[..., None]  # (done, total, note), and the samples read where tokens are counted
Stop = Callable[[], bool]


class Cancelled(Exception):
    """The user asked to stop; what was done is kept and the same command goes on from there."""


class Pass:
    """A model and an SAE, ready to turn batches of tokens into rows of the store."""

    def __init__(self, identity: AnalysisIdentity, *, threads: int) -> None:
        torch.set_num_threads(threads)
        dtype = identity.settings.dtype
        self.model: LanguageModel = load_model(identity.model.folder, dtype=dtype)
        self.sae: SparseAutoencoder = load_sae(identity.sae.folder, dtype="float32")
        check_pair(self.model, self.sae)
        limits = [identity.settings.max_length, self.model.context, self.sae.context]
        self.max_length = min(limit for limit in limits if limit)

    def tokenise(self, conversations) -> Tokens:
        """Tokens of conversations, cut at the context."""
        return tokenise(conversations, self.model.tokenizer, max_length=self.max_length)

    def vocabulary(self) -> list[str]:
        """The text of every token id, for readers without a tokenizer; bytes that are no text show as �."""
        size = len(self.model.tokenizer)
        return self.model.tokenizer.batch_decode([[token] for token in range(size)], clean_up_tokenization_spaces=False)

    def run(self, tokens: Tokens, batch: np.ndarray) -> dict[str, pa.Table]:
        """Rows of all tables for the samples of one batch: model, SAE and pooling."""
        pieces = [tokens.ids[tokens.indptr[i] : tokens.indptr[i + 1]] for i in batch]
        lengths = np.array([len(piece) for piece in pieces])
        padded = np.zeros((len(batch), lengths.max()), dtype=np.int64)
        for row, piece in enumerate(pieces):
            padded[row, : len(piece)] = piece
        hidden = residual(self.model, torch.from_numpy(padded), block=self.sae.block)
        real = torch.from_numpy(np.arange(padded.shape[1]) < lengths[:, None])
        return self._pool(tokens, batch, encode(self.sae, hidden[real]), lengths)

    def _pool(self, tokens: Tokens, batch: np.ndarray, encoded: tuple, lengths: np.ndarray) -> dict[str, pa.Table]:
        taken = np.concatenate([np.arange(tokens.indptr[i], tokens.indptr[i + 1]) for i in batch])
        sides = tokens.sides[taken]
        pointer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        local, feature, side, peak, total, count, position = pool(*encoded, pointer, sides, self.sae.n_features)  # type: ignore[call-arg]
        new = np.r_[True, (local[1:] != local[:-1]) | (feature[1:] != feature[:-1])][: len(local)]
        per_side = [np.add.reduceat(sides == which, pointer[:-1]) for which in (PROMPT, RESPONSE)]
        columns = {
            "samples": (
                batch, lengths, per_side[PROMPT] + per_side[RESPONSE], per_side[PROMPT], per_side[RESPONSE],
                tokens.words[batch], tokens.cut[batch], np.bincount(local[new], minlength=len(batch)),
            ),
            "activations": (batch[local], feature, side, peak, total, count, position),
            "tokens": (batch, _lists(pointer, tokens.ids[taken]), _lists(pointer, tokens.roles[taken])),
        }  # fmt: skip
        return {
            name: pa.table(
                [pa.array(values, field.type) for values, field in zip(columns[name], schema, strict=True)],
                schema=schema,
            )
            for name, schema in SCHEMAS.items()
        }


def analyse(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, name: str, progress: Progress, stop: Stop,
    part_seconds: float = PART_SECONDS, machine: Pass | None = None,
) -> Path:  # fmt: skip
    """Run the analysis, or what is left of it, and return its finished folder.

    `progress(done, total, note)` counts tokens. Raises `Cancelled` when `stop()` turns true between batches; the
    parts stay and the same call goes on from them. `machine`: model and SAE where they are loaded already.
    Rows in = rows out is asserted when it is finished.
    """
    final = workspace.analyses / identity.id
    if final.exists():
        return final
    partial = workspace.analyses / (identity.id + PARTIAL)
    if members_of(dataset):

        def run(member: Dataset, own: AnalysisIdentity, free: str) -> Path:
            return analyse(workspace, member, own, name=free, progress=progress, stop=stop, part_seconds=part_seconds)

        return analyse_pool(workspace, dataset, identity, name=name, partial=partial, final=final, run=run)
    started = datetime.now(UTC)
    threads = usable_threads()
    progress(0, 0, "loading the model")
    machine = machine or Pass(identity, threads=threads)
    progress(0, 0, "tokenising")
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    if len(tokens.lengths) != len(dataset):
        raise GamutError(
            f"{len(dataset)} samples were to be read, {len(tokens.lengths)} came: the data set is damaged, add it again."
        )
    batches = plan_batches(tokens.lengths, identity.settings)
    writer = PartWriter(partial / "parts", seconds=part_seconds)
    _run(machine, tokens, batches, writer, progress, stop)
    progress(len(tokens.ids), len(tokens.ids), "writing the store")
    meta = _meta(identity, dataset, name, started, threads, machine)
    finalise(
        partial, final, batches=len(batches), samples=len(dataset), n_features=machine.sae.n_features,
        vocabulary=machine.vocabulary(), meta=meta,
    )  # fmt: skip
    return final


def _lists(pointer: np.ndarray, values: np.ndarray) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(pointer, pa.int32()), pa.array(values))


def _run(
    machine: Pass, tokens: Tokens, batches: list[np.ndarray], writer: PartWriter, progress: Progress, stop: Stop
) -> None:
    sizes = np.array([tokens.lengths[batch].sum() for batch in batches])
    rows = np.cumsum([0, *(len(batch) for batch in batches)])
    for number in range(writer.next_batch, len(batches)):
        if stop():
            writer.flush()
            raise Cancelled
        progress(int(sizes[:number].sum()), int(sizes.sum()), "reading samples", int(rows[number]))
        writer.add(number, machine.run(tokens, batches[number]))
    writer.flush()


def usable_threads() -> int:
    """Threads for torch: the processors this process may use; more of them than that makes it many times slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        "hook": f"blocks.{machine.sae.block}.hook_resid_post",
        "template": "chat template of the tokenizer" if machine.model.tokenizer.chat_template else "plain",
        "threads": str(threads),
        "versions": json.dumps({"gamut": core.__version__, "torch": torch.__version__}),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": f"{(finished - started).total_seconds():.1f}",
    }
