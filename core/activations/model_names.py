"""What models are called, which of them are one model's kin, and the shape of those that public SAEs were trained on."""

from __future__ import annotations

import re
from dataclasses import dataclass

SAME, TUNED, UNKNOWN, OTHER = "same", "tuned", "unknown", "other"
ALIASES = {"gpt2": "gpt2-small", "mistral-7b-v0.1": "mistral-7b", "gemma-3-270m-pt": "gemma-3-270m"}
KIND = re.compile(r"-(it|instruct|chat|base|pt|hf|sft|dpo)(-v\d[\d.]*)?$")
TUNED_WORDS = ("instruct", "chat", "-it", "_it", "sft", "dpo")
DERIVED = {"deepseek-r1-distill-llama-8b": "llama-3.1-8b"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The architecture of a model by its configuration's word, the width of its residual stream, its blocks."""

    kind: str
    width: int
    layers: int


KNOWN = {
    "gpt2-small": Shape("gpt2", 768, 12),
    "pythia-70m-deduped": Shape("gpt_neox", 512, 6),
    "gemma-2b": Shape("gemma", 2048, 18),
    "gemma-2b-it": Shape("gemma", 2048, 18),
    "gemma-2-2b": Shape("gemma2", 2304, 26),
    "gemma-2-9b": Shape("gemma2", 3584, 42),
    "gemma-2-9b-it": Shape("gemma2", 3584, 42),
    "gemma-2-27b": Shape("gemma2", 4608, 46),
    "gemma-3-270m": Shape("gemma3", 640, 18),
    "gemma-3-270m-it": Shape("gemma3", 640, 18),
    "gemma-3-1b-pt": Shape("gemma3", 1152, 26),
    "gemma-3-1b-it": Shape("gemma3", 1152, 26),
    "gemma-3-4b-pt": Shape("gemma3", 2560, 34),
    "gemma-3-4b-it": Shape("gemma3", 2560, 34),
    "gemma-3-12b-pt": Shape("gemma3", 3840, 48),
    "gemma-3-12b-it": Shape("gemma3", 3840, 48),
    "gemma-3-27b-pt": Shape("gemma3", 5376, 62),
    "gemma-3-27b-it": Shape("gemma3", 5376, 62),
    "llama-3-8b-instruct": Shape("llama", 4096, 32),
    "llama-3.1-8b": Shape("llama", 4096, 32),
    "llama-3.1-8b-instruct": Shape("llama", 4096, 32),
    "llama-3.3-70b-instruct": Shape("llama", 8192, 80),
    "deepseek-r1-distill-llama-8b": Shape("llama", 4096, 32),
    "mistral-7b": Shape("mistral", 4096, 32),
    "qwen2.5-7b-instruct": Shape("qwen2", 3584, 28),
    "qwen3-0.6b": Shape("qwen3", 1024, 28),
    "qwen3-1.7b": Shape("qwen3", 2048, 28),
    "qwen3-1.7b-base": Shape("qwen3", 2048, 28),
    "qwen3-4b": Shape("qwen3", 2560, 36),
    "qwen3-8b": Shape("qwen3", 4096, 36),
    "qwen3-8b-base": Shape("qwen3", 4096, 36),
    "qwen3-14b": Shape("qwen3", 5120, 40),
    "qwen3-30b-a3b-base": Shape("qwen3_moe", 2048, 48),
    "qwen3.5-2b-base": Shape("qwen3_5", 2048, 24),
    "qwen3.5-9b-base": Shape("qwen3_5", 4096, 32),
    "qwen3.5-27b": Shape("qwen3_5", 5120, 64),
    "qwen3.5-35b-a3b-base": Shape("qwen3_5_moe", 2048, 40),
    "gpt-oss-20b": Shape("gpt_oss", 2880, 24),
}


def canonical(name: str) -> str:
    """A model's name as comparisons take it: without owner, in small letters, by the name that SAEs know it by."""
    last = name.rstrip("/").rpartition("/")[2].lower().removeprefix("meta-")
    return ALIASES.get(last, last)


def root(name: str) -> str:
    """The name of a model without what says whether it was tuned: that of its kin."""
    own = canonical(name)
    own = DERIVED.get(own, own)
    return KIND.sub("", own)


def looks_tuned(name: str) -> bool:
    """Whether a model is one for chats, by its name."""
    return any(word in name.lower() for word in TUNED_WORDS)


def relation(names: tuple[str, ...], trained_on: str) -> str:
    """How a model that goes by `names` stands to the one that an SAE was trained on.

    "same"; "tuned": another of its kin (base and chat); "other": known to be another model; "unknown" where neither is told.
    """
    if not names or not trained_on:
        return UNKNOWN
    wanted = canonical(trained_on)
    own = [canonical(name) for name in names]
    if wanted in own:
        return SAME
    if root(trained_on) in {root(name) for name in names}:
        return TUNED
    known = any(name in KNOWN or KIND.sub("", name) in KNOWN for name in own)
    return OTHER if known and wanted in KNOWN else UNKNOWN


def kind_of(model_type: str) -> str:
    """A configuration's architecture, its text part counted as the whole."""
    return model_type.removesuffix("_text")


def alike(shape: Shape) -> list[str]:
    """The known models of this shape: what a local folder may hold, or be tuned from."""
    return [name for name, known in KNOWN.items() if known == shape]
