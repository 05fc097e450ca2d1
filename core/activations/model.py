"""Load a causal language model and read one residual stream of it, computing nothing beyond."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from core.errors import GamutError

BLOCK_LISTS = ("layers", "h")  # Llama and its kin, GPT-NeoX; GPT-2


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A causal language model: `trunk` maps token ids to hidden states through `blocks`, `causal` goes on to logits."""

    causal: Any
    trunk: nn.Module
    blocks: nn.ModuleList
    tokenizer: PreTrainedTokenizerBase
    width: int
    context: int
    vocabulary: int

    @property
    def unembedding(self) -> torch.Tensor:
        """The weight of the head, (vocabulary, width), which the forward pass never runs."""
        head: Any = self.causal.get_output_embeddings()
        return head.weight.detach()


class _Enough(Exception):
    """Raised by the hook once the wanted activations are there: the rest of the model need not run."""


def load_model(folder: Path, *, dtype: str) -> LanguageModel:
    """Load a model and its fast tokenizer from a local folder, weights from safetensors only, in evaluation mode."""
    if not (folder / "config.json").is_file():
        raise GamutError(f"{folder} holds no Hugging Face model (no config.json); give the folder of one.")
    disable_progress_bar()  # loading is a step of our own progress
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise GamutError(f"The model in {folder} cannot be loaded: {str(error).splitlines()[0]}") from None
    if not tokenizer.is_fast:
        raise GamutError(f"The tokenizer in {folder} is a slow one; a fast tokenizer (tokenizer.json) is needed.")
    model = model.eval().requires_grad_(False)
    trunk = model.base_model
    config = model.config.get_text_config()
    return LanguageModel(
        model, trunk, _blocks(trunk), tokenizer, config.hidden_size, config.max_position_embeddings, config.vocab_size
    )


def _blocks(trunk: nn.Module) -> nn.ModuleList:
    for name in BLOCK_LISTS:
        blocks = getattr(trunk, name, None)
        if isinstance(blocks, nn.ModuleList):
            return blocks
    raise GamutError(
        f"{type(trunk).__name__} keeps its blocks in a place that is not known; models like Llama, GPT-NeoX and GPT-2 are."
    )


@torch.inference_mode()
def residual(model: LanguageModel, token_ids: torch.Tensor, *, block: int) -> torch.Tensor:
    """The residual stream after block `block` (from 0): float (batch, length, width).

    `token_ids` int64 (batch, length), padded on the right: under a causal mask real tokens never see the padding, so
    no attention mask is needed (and the faster kernel is taken).
    """
    caught: list[torch.Tensor] = []

    def catch(_module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        caught.append(output[0] if isinstance(output, tuple) else output)
        raise _Enough

    handle = model.blocks[block].register_forward_hook(catch)
    try:
        model.trunk(input_ids=token_ids, use_cache=False)
    except _Enough:
        pass
    finally:
        handle.remove()
    return caught[0]
