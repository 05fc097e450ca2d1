"""A minuscule model and SAE with random weights, in the same formats as real ones: made in a second, no download."""

from pathlib import Path

import torch
from sae_lens import StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig
from sae_lens.saes.sae import SAEMetadata
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WIDTH, BLOCKS, FEATURES, K, CONTEXT = 16, 3, 64, 4, 48
TEXTS = [
    "Say something about number 12.",
    "### Instruction:\n### Response:\n### Input:\n",
    "Notes on the river é 水 🎉 and more.",
]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of a few hundred tokens that begins every text with BOS."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", model_max_length=CONTEXT)


def tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """A random three-block Llama of width 16 in `folder`."""
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=BLOCKS, num_attention_heads=2,
        max_position_embeddings=CONTEXT, tie_word_embeddings=True, initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def tiny_sae(
    folder: Path, *, kind: str = "topk", hook: str = "blocks.1.hook_resid_post", width: int = WIDTH, **metadata
) -> Path:
    """A random SAE in `folder`: "topk" or "standard"."""
    torch.manual_seed(1)
    about = SAEMetadata(model_name="tiny", hook_name=hook, context_size=CONTEXT, prepend_bos=True, **metadata)
    if kind == "topk":
        sae = TopKSAE(TopKSAEConfig(d_in=width, d_sae=FEATURES, k=K, metadata=about))
    else:
        sae = StandardSAE(StandardSAEConfig(d_in=width, d_sae=FEATURES, metadata=about))
    with torch.no_grad():
        for weights in sae.parameters():
            weights.copy_(torch.randn_like(weights) * 0.3)
    sae.save_model(folder)
    return folder
