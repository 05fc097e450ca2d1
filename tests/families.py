"""Minuscule random models of the families that people use, in the formats of real ones; no download."""

from pathlib import Path

import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from tests.tiny import BLOCKS, CONTEXT, WIDTH, tiny_tokenizer

VOCABULARY, INNER = 320, 40  # more tokens than the tokenizer knows
SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": BLOCKS,
    "num_attention_heads": 2, "max_position_embeddings": CONTEXT, "pad_token_id": None,
}  # fmt: skip
GROUPED = {**SIZES, "num_key_value_heads": 1}
NEOX = {**SIZES, "attention_dropout": 0.0}
FAMILIES = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, num_key_value_heads=2)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**GROUPED, sliding_window=8)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**GROUPED)),  # Qwen 2 and 2.5
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**GROUPED, head_dim=8)),
    "gemma2": lambda: Gemma2ForCausalLM(Gemma2Config(**SIZES, num_key_value_heads=2, head_dim=8)),
    "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**GROUPED, head_dim=8, sliding_window=8)),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=BLOCKS, n_head=2, n_inner=INNER, n_positions=CONTEXT,
            resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        )
    ),
    "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**NEOX)),  # attention and MLP side by side, as in Pythia
    "neox-in-turn": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**NEOX, use_parallel_residual=False)),
    "phi": lambda: PhiForCausalLM(PhiConfig(**SIZES)),
    "phi3": lambda: Phi3ForCausalLM(Phi3Config(**GROUPED)),
}  # fmt: skip
BRANCHES = {  # the modules whose outputs a block adds; Gemma's are the norms behind its branches
    "gpt2": ("attn", "mlp"), "neox": ("attention", "mlp"), "neox-in-turn": ("attention", "mlp"),
    **dict.fromkeys(["gemma2", "gemma3"], ("post_attention_layernorm", "post_feedforward_layernorm")),
    **dict.fromkeys(["llama", "mistral", "qwen2", "qwen3", "phi", "phi3"], ("self_attn", "mlp")),
}  # fmt: skip
CENTRING = ("gpt2", "neox", "neox-in-turn", "phi")  # LayerNorm takes the mean away, RMSNorm does not


def family_folder(folder: Path, name: str) -> Path:
    """A random model of the family in `folder`, with a tokenizer."""
    tiny_tokenizer().save_pretrained(folder)
    torch.manual_seed(0)
    made = FAMILIES[name]()
    with torch.no_grad():
        for weights in made.parameters():  # norms too: a weight of ones would hide whether it is used
            weights.add_(torch.randn_like(weights) * 0.2)
    made.save_pretrained(folder)
    return folder
