"""Load any causal language model of Hugging Face's kind, and read one residual stream of it, computing nothing beyond."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from core.activations.anatomy import blocks_of, decoder_of, final_norm
from core.activations.device import SPLIT, home_of
from core.errors import GamutError

WHOLE = "give the folder as save_pretrained wrote it, its tokenizer with it"
NO_LIMIT = 1 << 24  # tokens: a tokenizer that knows none says more than that


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A causal language model: `trunk` maps token ids to hidden states through `blocks`, `causal` goes on to logits."""

    causal: Any
    trunk: nn.Module
    blocks: nn.ModuleList
    tokenizer: PreTrainedTokenizerBase
    width: int
    context: int | None
    vocabulary: int

    @property
    def unembedding(self) -> torch.Tensor:
        """The weight of the head, (vocabulary, width), which the forward pass never runs."""
        head: Any = self.causal.get_output_embeddings()
        return head.weight.detach()

    @property
    def home(self) -> torch.device:
        """Where token ids go."""
        return home_of(self.causal)


class _Enough(Exception):
    """Raised by the hook once the wanted activations are there: the rest of the model need not run."""


def load_model(folder: Path, *, dtype: str, device: str | dict = "cpu", trust: bool = False) -> LanguageModel:
    """Load a model and its fast tokenizer from a local folder, weights from safetensors only, in evaluation mode.

    `device` as `core.activations.device.choose_device` gives it, or a device map. `trust`: run the code that comes with
    the model; without it a model that needs its own code is refused.
    """
    if not (folder / "config.json").is_file():
        raise GamutError(f"{folder} holds no Hugging Face model (no config.json); give the folder of one.")
    _check_code(folder, trust=trust)
    disable_progress_bar()  # loading is a step of our own progress
    spread = "auto" if device == SPLIT else device if isinstance(device, dict) else None
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=trust)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True, trust_remote_code=trust,
            **({"device_map": spread} if spread else {}),
        )  # fmt: skip
        if not spread:
            model = model.to(torch.device(str(device)))  # type: ignore[arg-type]
    except torch.OutOfMemoryError:
        raise GamutError(
            f"The model in {folder} does not fit into the memory of {device}; --device split spreads it over all GPUs."
        ) from None
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError, SafetensorError) as error:
        raise GamutError(f"The model in {folder} cannot be loaded: {_first_line(error)}; {WHOLE}.") from None
    if any(weights.is_meta for weights in model.parameters()):
        raise GamutError(
            f"The model in {folder} does not fit into the memory of all GPUs here together; use --device cpu."
        )
    if not tokenizer.is_fast:
        raise GamutError(f"The tokenizer in {folder} is a slow one; a fast tokenizer (tokenizer.json) is needed.")
    model = model.eval().requires_grad_(False)
    trunk = decoder_of(model.base_model)
    config = model.config.get_text_config()
    blocks = blocks_of(trunk, config.num_hidden_layers)
    final_norm(trunk)  # what is not known of a model is said before any work, not after it
    return LanguageModel(
        model, trunk, blocks, tokenizer, config.hidden_size, _context(config, tokenizer), config.vocab_size
    )


def _check_code(folder: Path, *, trust: bool) -> None:
    """Refuse a model whose configuration asks for code of its own, unless it is trusted or known to the library."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        own = "auto_map" in config and config.get("model_type") not in CONFIG_MAPPING
    except (ValueError, OSError, TypeError):
        raise GamutError(f"{folder / 'config.json'} is no JSON that can be read; bring the file back.") from None
    if own and not trust:
        raise GamutError(
            f"The model in {folder} runs code of its own ({', '.join(sorted(set(map(str, config['auto_map'].values()))))}); "
            "`analyse` and `pilot` run it only with --trust-remote-code, other commands never."
        )


def _context(config: Any, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Tokens that the model can read, None where nobody tells."""
    told = getattr(config, "max_position_embeddings", None) or getattr(config, "max_sequence_length", None)
    limit = told or tokenizer.model_max_length
    return int(limit) if limit and limit < NO_LIMIT else None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")


@torch.inference_mode()
def residual(
    model: LanguageModel, token_ids: torch.Tensor, *, block: int, site: nn.Module | None = None
) -> torch.Tensor:
    """The residual stream after block `block` (from 0), or what the module `site` puts out: float (batch, length, width).

    `token_ids` int64 (batch, length) on any device, padded on the right: under a causal mask real tokens never see the
    padding, so no attention mask is needed (and the faster kernel is taken).
    """
    caught: list[torch.Tensor] = []

    def catch(_module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        caught.append(output[0] if isinstance(output, tuple) else output)
        raise _Enough

    handle = (site or model.blocks[block]).register_forward_hook(catch)
    try:
        model.trunk(input_ids=token_ids.to(model.home), use_cache=False)
    except _Enough:
        pass
    finally:
        handle.remove()
    return caught[0]
