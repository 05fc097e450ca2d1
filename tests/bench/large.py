"""The whole analysis beside the bare forward pass of a larger model: a random Llama of over 100 million parameters.

On two numbers of rows: what does not grow with them (loading, the decoder's tables, the finished store) weighs on a bench
and not on a pool, so it is told apart from what each further row costs.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of the whole analysis and of the bare forward pass on so many rows, round by round."""

    read: str
    tokens: int
    whole: list[float]
    bare: list[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(self.whole, self.bare, strict=True))


def bench(*, samples: tuple[int, int] = (50, 150), rounds: int = 2) -> list[tuple[str, float, str]]:
    """Rows (what, median seconds or ratio, note): whole analysis of all layers, bare forward, their ratios, what is fixed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parameters = _make(folder)
        few, many = (_measure(folder, rows, rounds) for rows in samples)
    model = f"{parameters / 1e6:.0f} M parameters, {FEATURES} features"
    rows = []
    for took in (few, many):
        note = f"{model}, {took.read}, {took.tokens} tokens"
        rows += [
            ("whole analysis", statistics.median(took.whole), note),
            ("bare forward, same batches", statistics.median(took.bare), note),
            ("whole ÷ bare forward", took.ratio, "median of the rounds' ratios; aim ≤ 1.25"),
        ]
    whole_more, bare_more = (
        statistics.median(getattr(many, way)) - statistics.median(getattr(few, way)) for way in ("whole", "bare")
    )
    fixed = statistics.median(few.whole) - whole_more * few.tokens / (many.tokens - few.tokens)
    return [
        *rows,
        ("whole ÷ bare forward, of further rows", whole_more / bare_more, "what a pool sees; aim ≤ 1.25"),
        ("whole analysis, whatever the rows", fixed, "loading, the decoder's tables, the finished store"),
    ]


def _measure(folder: Path, samples: int, rounds: int) -> Took:
    file = folder / f"{samples}.jsonl"
    read = write_rows(file, samples)
    workspace = Workspace(folder / f"data{samples}")
    import_dataset(workspace, file, name="d")
    dataset = Dataset(workspace, "d")
    identity = identify(dataset, model=str(folder / "model"), sae=str(folder / "sae"), settings=AnalysisSettings())
    machine = Pass(identity, threads=usable_threads())
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    machine.warm_up(tokens, np.arange(4, dtype=np.int32))
    took = Took(read, len(tokens.ids), [], [])
    for number in range(rounds):
        began = time.perf_counter()
        whole(Workspace(folder / f"w{samples}-{number}"), dataset, identity)
        middle = time.perf_counter()
        bare(machine, tokens, identity)
        took.whole.append(middle - began)
        took.bare.append(time.perf_counter() - middle)
    return took


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
