"""The whole analysis beside the bare forward pass of a larger model: a random Llama of over 100 million parameters."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sae_lens import TopKSAE, TopKSAEConfig
from sae_lens.saes.sae import SAEMetadata
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from core.activations.analyse import Pass, usable_threads
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import BUNDLED_MODEL, Workspace
from tests.bench.analysis import bare, whole
from tests.bench.rows import write_rows

WIDTH, BLOCKS, FEATURES, K = 1024, 8, 16_384, 32


def bench(*, samples: int = 200, rounds: int = 2) -> list[tuple[str, float, str]]:
    """Rows (what, median seconds or ratio, note): whole analysis of all layers, bare forward, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "d.jsonl"
        read = write_rows(file, samples)
        import_dataset(Workspace(folder / "data"), file, name="d")
        dataset = Dataset(Workspace(folder / "data"), "d")
        parameters = _make(folder)
        identity = identify(
            dataset, model=str(folder / "model"), sae=str(folder / "sae"), settings=AnalysisSettings()
        )  # fmt: skip
        machine = Pass(identity, threads=usable_threads())
        tokens = machine.tokenise(turns for _, turns in dataset.conversations())
        machine.warm_up(tokens, np.arange(4, dtype=np.int32))
        took: dict[str, list[float]] = {"whole analysis": [], "bare forward, same batches": []}
        for number in range(rounds):
            began = time.perf_counter()
            whole(Workspace(folder / f"w{number}"), dataset, identity)
            middle = time.perf_counter()
            bare(machine, tokens, identity)
            took["whole analysis"].append(middle - began)
            took["bare forward, same batches"].append(time.perf_counter() - middle)
    note = f"{parameters / 1e6:.0f} M parameters, {FEATURES} features, {read}, {len(tokens.ids)} tokens"
    ratio = statistics.median(a / b for a, b in zip(*took.values(), strict=True))
    rows = [(what, statistics.median(times), note) for what, times in took.items()]
    return [*rows, ("whole ÷ bare forward", ratio, "median of the rounds' ratios; aim ≤ 1.25")]


def _make(folder: Path) -> int:
    """A random model and SAE in `folder`; returns the model's parameters."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=2816, num_hidden_layers=BLOCKS,
        num_attention_heads=16, max_position_embeddings=1024, tie_word_embeddings=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    about = SAEMetadata(
        model_name="random", hook_name=f"blocks.{BLOCKS // 2}.hook_resid_post", context_size=1024, prepend_bos=True
    )  # fmt: skip
    TopKSAE(TopKSAEConfig(d_in=WIDTH, d_sae=FEATURES, k=K, metadata=about)).save_model(folder / "sae")
    return sum(weights.numel() for weights in model.parameters())
