"""On a CUDA machine: the whole analysis beside the bare forward pass of random Llamas of 1 and 8 billion parameters.

Models and SAEs are made on the device, in bfloat16 and float32; nothing is fetched, and no weights go to the disk. What does
not grow with the rows (the decoder's tables, the finished store) is told apart by reading few rows and many.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from sae_lens import TopKSAE, TopKSAEConfig
from sae_lens.saes.sae import SAEMetadata
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from core.activations.analyse import analyse
from core.activations.anatomy import blocks_of, decoder_of
from core.activations.batch_plan import plan_batches
from core.activations.identity import AnalysisIdentity, Artifact
from core.activations.machine import Pass, padded
from core.activations.model import LanguageModel
from core.activations.sae import from_sae_lens
from core.activations.settings import AnalysisSettings
from core.activations.tokens import Tokens
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import BUNDLED_MODEL, Workspace
from tests.bench.rows import write_rows

CONTEXT, K = 1024, 64
NOT_HERE = "not measured: no GPU here"


@dataclass(frozen=True, slots=True)
class Size:
    """A Llama's shape."""

    name: str
    width: int
    inner: int
    blocks: int
    heads: int
    groups: int
    vocabulary: int


SIZES = (Size("1 B", 2048, 8192, 16, 32, 8, 128_256), Size("8 B", 4096, 14_336, 32, 32, 8, 128_256))
FEATURES = (65_536, 131_072)
BATCHES = (AnalysisSettings().batch_tokens, 16_384)  # the default, and what a large GPU asks for


def main(words: Sequence[str] = ()) -> None:
    """Print the rows, or that there is nothing to measure them on; it takes no words."""
    if words:
        sys.exit(f"The bench gpu takes no further words, but was given {words[0]}.")
    if not torch.cuda.is_available():
        print(NOT_HERE)
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    for what, value, note in bench():
        print(f"  {what:<76} {value:12.3f}   {note}", flush=True)


def bench(
    *, sizes: Sequence[Size] = SIZES, features: Sequence[int] = FEATURES, batches: Sequence[int] = BATCHES,
    rows: tuple[int, int] = (500, 3_000), rounds: int = 3, device: str = "cuda",
) -> list[tuple[str, float, str]]:  # fmt: skip
    """Rows (what, value, note): tokens a second of bare forward and whole analysis, and their ratio."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        datasets = [_dataset(Path(name) / str(count), count) for count in rows]
        for size in sizes:
            model = _model(size, device)
            for count in features:
                for batch_tokens in batches:
                    settings = AnalysisSettings(dtype="bfloat16", batch_tokens=batch_tokens, template="plain")
                    machine = Pass.of(model, _sae(model, count, device), settings, device=device)
                    note = f"{size.name}, {count} features, batches of {batch_tokens}"
                    found += _measured(machine, datasets, settings, Path(name), rounds, note)
            del machine, model
            if device == "cuda":
                torch.cuda.empty_cache()
    return found


def _measured(
    machine: Pass, datasets: list[Dataset], settings: AnalysisSettings, folder: Path, rounds: int, note: str
) -> list[tuple[str, float, str]]:
    wholes: list[list[float]] = [[], []]
    bares: list[list[float]] = [[], []]
    tokens = [machine.tokenise(turns for _, turns in dataset.conversations()) for dataset in datasets]
    machine.warm_up(tokens[0], plan_batches(tokens[0].lengths, settings)[0])
    _bare(machine, tokens[0], settings)
    for number in range(rounds):
        for which, dataset in enumerate(datasets):
            place = Workspace(folder / f"{note}-{which}-{number}".replace(" ", ""))
            wholes[which].append(_seconds(machine, lambda d=dataset, p=place: _whole(machine, d, settings, p)))
            bares[which].append(_seconds(machine, lambda t=tokens[which]: _bare(machine, t, settings)))
    few, many = (len(each.ids) for each in tokens)
    ratio = statistics.median(b / w for w, b in zip(wholes[1], bares[1], strict=True))
    whole, bare = ([statistics.median(times) for times in ways] for ways in (wholes, bares))
    more = (bare[1] - bare[0]) / (whole[1] - whole[0])
    return [
        ("bare forward: tokens a second", many / bare[1], f"{note}, {many} tokens, median of {rounds}"),
        ("whole analysis: tokens a second", many / whole[1], "tokenising, all layers, parts and the finished store"),
        ("whole analysis ÷ bare forward, tokens a second", ratio, "median of the rounds' ratios"),
        ("the same, of further rows", more, f"{many - few} tokens more: what a pool sees; aim ≥ 0.85"),
    ]


def _seconds(machine: Pass, run) -> float:
    began = time.perf_counter()
    run()
    if machine.model.home.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _whole(machine: Pass, dataset: Dataset, settings: AnalysisSettings, place: Workspace) -> None:
    made = Artifact("random", Path("."), "random")
    identity = AnalysisIdentity(dataset.name, dataset.content_hash, made, made, settings)
    analyse(
        place, dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False, machine=machine
    )  # fmt: skip


@torch.inference_mode()
def _bare(machine: Pass, tokens: Tokens, settings: AnalysisSettings) -> None:
    """The model's blocks alone on the batches of the plan, copied to the device; nothing is read from it."""
    for batch in plan_batches(tokens.lengths, settings):
        ids = padded(tokens, batch, pinned=machine.model.home.type == "cuda").token_ids
        machine.model.trunk(input_ids=ids.to(machine.model.home, non_blocking=True), use_cache=False)


def _dataset(folder: Path, rows: int) -> Dataset:
    folder.mkdir(parents=True)
    write_rows(folder / "d.jsonl", rows)
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, folder / "d.jsonl", name="d")
    return Dataset(workspace, "d")


def _model(size: Size, device: str) -> LanguageModel:
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED_MODEL)
    config = LlamaConfig(
        vocab_size=size.vocabulary, hidden_size=size.width, intermediate_size=size.inner, num_hidden_layers=size.blocks,
        num_attention_heads=size.heads, num_key_value_heads=size.groups, max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
    )  # fmt: skip
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            made = LlamaForCausalLM(config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)
    trunk = decoder_of(made.base_model)
    return LanguageModel(
        made, trunk, blocks_of(trunk, size.blocks), tokenizer, size.width, CONTEXT, size.vocabulary
    )  # fmt: skip


def _sae(model: LanguageModel, features: int, device: str):
    about = SAEMetadata(
        model_name="random", hook_name=f"blocks.{len(model.blocks) // 2}.hook_resid_post", context_size=CONTEXT,
        prepend_bos=True,
    )  # fmt: skip
    torch.manual_seed(1)
    sae = TopKSAE(TopKSAEConfig(d_in=model.width, d_sae=features, k=K, metadata=about, device=device))
    with torch.no_grad():
        for weights in sae.parameters():
            weights.normal_(std=model.width**-0.5)
    return from_sae_lens(sae, "random")
