"""Where models of any family keep what is read of them: blocks, branches, the final norm."""

from __future__ import annotations

from torch import nn

from core.errors import GamutError

NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f", "final_norm")
DECODERS = ("language_model", "text_model", "decoder")  # of models that see or hear too, and of OPT's kind
# What a block adds to the residual stream, by family; where a norm follows a branch (Gemma), its output is what is added.
BRANCHES = {
    "attention": ("post_attention_layernorm", "self_attn", "attn", "attention", "self_attention"),
    "mlp": ("post_feedforward_layernorm", "mlp", "ffn", "feed_forward"),
}
READ = "models built like Llama, Mistral, Qwen, Gemma, Phi, GPT-2 or GPT-NeoX are read: take one of these"
AFTER = "post_feedforward_layernorm"  # a block with this norm has one behind its attention too


def decoder_of(trunk: nn.Module) -> nn.Module:
    """The text decoder of a model: itself, or the part of it that reads text."""
    for name in DECODERS:
        found = getattr(trunk, name, None)
        if isinstance(found, nn.Module):
            return decoder_of(found)
    return trunk


def blocks_of(trunk: nn.Module, count: int) -> nn.ModuleList:
    """The `count` blocks: the list of so many modules that lies least deep."""
    lists = [
        (name.count("."), name, module)
        for name, module in trunk.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    if not lists:
        raise GamutError(f"{type(trunk).__name__} keeps its {count} blocks in a place that is not known; {READ}.")
    return min(lists, key=lambda found: found[:2])[2]


def final_norm(trunk: nn.Module) -> nn.Module:
    """The norm between the last block and the unembedding."""
    for name in NORMS:
        if name in dict(trunk.named_children()):
            return getattr(trunk, name)
        if hasattr(trunk, name) and getattr(trunk, name) is None:  # OPT of 350 M parameters has none
            return nn.Identity()
    raise GamutError(f"{type(trunk).__name__} keeps its final norm in a place that is not known; {READ}.")


def centres(trunk: nn.Module) -> bool:
    """Whether the model's norms take the mean away (LayerNorm): then weights may be centred without any effect."""
    return isinstance(final_norm(trunk), nn.LayerNorm)


def branch(block: nn.Module, part: str) -> nn.Module:
    """The module whose output a block adds to the residual stream as its "attention" or "mlp"."""
    children = dict(block.named_children())
    for name in BRANCHES[part]:
        is_norm = name.endswith("norm")
        if name in children and (not is_norm or AFTER in children):
            return children[name]
    raise GamutError(
        f"{type(block).__name__} keeps its {part} in a place that is not known; SAEs on the residual stream are read."
    )
