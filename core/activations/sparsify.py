"""Folders that EleutherAI's sparsify saves (cfg.json, sae.safetensors), told as SAE-Lens' TopK configuration.

sparsify encodes topk(relu((x − b_dec) Wᵉᵀ + b_enc)) whatever `normalize_decoder` says, and decodes with a decoder of
shape (latents, inputs): SAE-Lens' TopK with `apply_b_dec_to_input`. The folder's name says what is read: `layers.5` or
`h.5` is the residual stream after block 5, `layers.5.mlp` the output of its MLP.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from core.errors import GamutError

SPARSIFY_WEIGHTS = "sae.safetensors"
PLACE = re.compile(r"(?:(?:model|transformer|gpt_neox)\.)?(?:layers|h)[._](\d+)(?:\.(mlp|attn|self_attn|attention))?")
INSIDE = {None: "hook_resid_post", "mlp": "hook_mlp_out"}
UNSUPPORTED = {
    "transcode": "a transcoder, which writes elsewhere than it reads",
    "skip_connection": "a coder with a linear skip",
    "signed": "a coder with signed activations",
}
CONTEXT = 2048  # sparsify's own default


def is_sparsify(folder: Path) -> bool:
    """Whether a folder is one that sparsify saved, told by its configuration: its weights may not be here yet."""
    if not (folder / "cfg.json").is_file():
        return (folder / SPARSIFY_WEIGHTS).is_file()
    said = _read(folder / "cfg.json")
    return "d_sae" not in said and "k" in said and bool({"expansion_factor", "num_latents"} & set(said))


def sparsify_config(folder: Path) -> dict[str, Any]:
    """The configuration as SAE-Lens writes it. Raises `GamutError` for what its TopK cannot stand for."""
    said = _read(folder / "cfg.json")
    beside = folder.parent / "config.json"
    run = _read(beside) if beside.is_file() else {}
    for key, what in UNSUPPORTED.items():
        if said.get(key):
            raise GamutError(
                f"The sparsify folder {folder} holds {what} ({key}); its sparse autoencoders are supported."
            )
    if said.get("activation", "topk") != "topk":
        raise GamutError(
            f"The sparsify folder {folder} holds a coder with the activation {said['activation']!r}; topk is supported."
        )
    if not isinstance(said.get("d_in"), int) or not isinstance(said.get("k"), int):
        raise GamutError(f"{folder / 'cfg.json'} tells no d_in and k; bring the folder as sparsify saved it.")
    model = str(run.get("model") or "")
    return {
        "architecture": "topk", "d_in": said["d_in"], "k": said["k"], "dtype": "float32", "apply_b_dec_to_input": True,
        "d_sae": said.get("num_latents") or said["d_in"] * said.get("expansion_factor", 32),
        "normalize_activations": "none", "reshape_activations": "none", "rescale_acts_by_decoder_norm": False,
        "metadata": {
            "sae_lens_version": "6.0.0", "hook_name": _hook(folder), "model_name": model,
            "context_size": run.get("ctx_len") or CONTEXT,
        },
    }  # fmt: skip


def _hook(folder: Path) -> str:
    name = folder.resolve().name
    found = PLACE.fullmatch(name)
    if found is None or found[2] not in INSIDE:
        raise GamutError(
            f"The name of a sparsify folder says what its SAE reads, and {name!r} is none that is supported; layers.N or h.N "
            "(the output of block N) and layers.N.mlp are: give the folder the name that sparsify gave it."
        )
    return f"blocks.{found[1]}.{INSIDE[found[2]]}"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise GamutError(f"{path} is missing or no JSON object; bring the folder as SAE-Lens or sparsify saved it.")
    return found
