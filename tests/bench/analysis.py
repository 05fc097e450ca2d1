"""The whole analysis beside the bare forward pass and beside the obvious way, on the same samples in one run."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from core.activations.analyse import Pass, analyse, usable_threads
from core.activations.batch_plan import plan_batches
from core.activations.identity import BUNDLED, AnalysisIdentity, identify
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED, Tokens
from core.store.datasets import Dataset
from core.store.duck import bytes_of_tables
from core.store.import_dataset import import_dataset
from core.store.tables import DATABASE
from core.workspace import Workspace
from tests.bench.rows import write_rows
from tests.bench.sae_lens_route import SaeLensRoute

OBVIOUS_BATCH = 16


def bench(*, samples: int = 1_000, rounds: int = 3) -> list[tuple[str, float, str]]:
    """Rows (what, median seconds or ratio, note): whole analysis, bare forward, sae-lens' own route, the obvious way, and ratios.

    The ways take turns, round by round.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "d.jsonl"
        read = write_rows(file, samples)
        workspace = Workspace(Path(folder) / "workspace")
        import_dataset(workspace, file, name="d")
        dataset = Dataset(workspace, "d")
        identity = identify(dataset, model=BUNDLED, sae=BUNDLED, settings=AnalysisSettings())
        machine = Pass(identity, threads=usable_threads())
        tokens = machine.tokenise(turns for _, turns in dataset.conversations())
        full = AutoModelForCausalLM.from_pretrained(identity.model.folder, dtype=torch.float32).eval()
        route = SaeLensRoute(identity)
        off = route.difference(machine, tokens, plan_batches(tokens.lengths, identity.settings)[0])
        machine.warm_up(tokens, np.arange(4, dtype=np.int32))  # compile the kernels outside the clock
        ways: dict[str, Callable[[int], None]] = {
            "whole analysis": lambda number: whole(Workspace(Path(folder) / f"w{number}"), dataset, identity),
            "bare forward, same batches": lambda _: bare(machine, tokens, identity),
            "sae-lens' own route, same batches": lambda _: route.run(tokens, identity),
            "obvious way": lambda _: _obvious(machine, full, tokens),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                if number and name == "obvious way":  # five times as slow as the rest together: once is enough
                    continue
                began = time.perf_counter()
                way(number)
                seconds[name].append(time.perf_counter() - began)
        database = Workspace(Path(folder) / "w0").analyses / identity.id / DATABASE
        sizes = [
            (f"bytes per sample: {table}", size / len(dataset), "on its own, packed as DuckDB likes")
            for table, size in bytes_of_tables(database, Path(folder) / "alone.duckdb").items()
        ]
        sizes += [("bytes per sample: all", database.stat().st_size / len(dataset), "the file as it is")]
    found = "of the largest activation, in the first batch: the same numbers, two ways"
    return [*_rows(seconds, tokens, read), ("sae-lens' route, largest difference", off, found), *sizes]


def _rows(seconds: dict[str, list[float]], tokens: Tokens, read: str) -> list[tuple[str, float, str]]:
    whole, bare, route, obvious = seconds.values()
    note = f"{read}, {len(tokens.ids)} tokens"
    rows = [(name, statistics.median(times), note) for name, times in seconds.items()]
    against_bare = statistics.median(a / b for a, b in zip(whole, bare, strict=True))
    against_route = statistics.median(a / b for a, b in zip(route, whole, strict=True))
    against_obvious = obvious[0] / whole[0]
    return [
        *rows,
        ("whole ÷ bare forward", against_bare, "median of the rounds' ratios; aim ≤ 1.6"),
        ("sae-lens' own route ÷ whole", against_route, "it stops at the SAE, keeps maxima only and writes nothing"),
        ("obvious way ÷ whole", against_obvious, "of the first round; aim ≥ 3.5"),
    ]


def whole(workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity) -> None:
    """Everything that a user waits for: loading, tokenising, the pass, pooling, parts and the finished store."""
    analyse(workspace, dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False)


@torch.inference_mode()
def bare(machine: Pass, tokens: Tokens, identity: AnalysisIdentity) -> None:
    """The model's trunk alone, all blocks, on the batches of the plan; nothing is read from it."""
    for batch in plan_batches(tokens.lengths, identity.settings):
        machine.model.trunk(input_ids=torch.from_numpy(tokens.padded(batch)[0]), use_cache=False)


@torch.inference_mode()
def _obvious(machine: Pass, full: torch.nn.Module, tokens: Tokens) -> None:
    """Random order, 16 at a time, padded with a mask, logits and all hidden states, dense encode, maximum per sample."""
    order = np.random.default_rng(0).permutation(len(tokens.lengths))
    sparse, machine.sae.sae.activation_fn.use_sparse_activations = True, False
    try:
        for start in range(0, len(order), OBVIOUS_BATCH):
            batch = order[start : start + OBVIOUS_BATCH]
            padded = torch.from_numpy(tokens.padded(batch)[0])
            real = torch.from_numpy(np.arange(padded.shape[1]) < tokens.lengths[batch][:, None])
            out = full(input_ids=padded, attention_mask=real.long(), output_hidden_states=True, use_cache=False)
            active = machine.sae.sae.encode(out.hidden_states[machine.sae.block + 1])
            for row, sample in enumerate(batch):
                sides = tokens.sides[tokens.indptr[sample] : tokens.indptr[sample + 1]]
                active[row, : len(sides)][torch.from_numpy(sides != UNSCORED)].amax(dim=0)
    finally:
        machine.sae.sae.activation_fn.use_sparse_activations = sparse
