"""Load a sparse autoencoder through sae-lens and encode residuals with it."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sae_lens import SAE
from sae_lens.saes.topk_sae import TopK
from safetensors import SafetensorError

from core.activations.model import LanguageModel
from core.errors import GamutError

HOOK = re.compile(r"blocks\.(\d+)\.hook_resid_(pre|post)")
TOKENS = 512  # encoded at once: the dense pre-activations of a chunk stay in the cache


@dataclass(frozen=True, slots=True)
class SparseAutoencoder:
    """An SAE on the residual stream after `block`; `width` inputs, `n_features` latents, `context` tokens or None."""

    sae: SAE
    block: int
    width: int
    n_features: int
    context: int | None


def load_sae(folder: Path, *, dtype: str) -> SparseAutoencoder:
    """Load an SAE-Lens folder; raises `GamutError` for a hook or a kind of model weights it cannot honour."""
    if not (folder / "cfg.json").is_file():
        raise GamutError(f"{folder} holds no SAE-Lens SAE (no cfg.json); give the folder of one.")
    try:
        sae = SAE.load_from_disk(folder, device="cpu", dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise GamutError(f"The SAE in {folder} cannot be loaded: {str(error).splitlines()[0]}") from None
    metadata = sae.cfg.metadata
    processing = {key: value for key, value in (metadata.get("model_from_pretrained_kwargs") or {}).items() if value}
    if any(key.startswith(("center", "fold")) for key in processing):
        raise GamutError(
            f"The SAE was trained on processed model weights ({', '.join(processing)}), which is not supported yet."
        )
    hook = HOOK.fullmatch(str(metadata.get("hook_name")))
    if hook is None:
        raise GamutError(
            f"The SAE reads {metadata.get('hook_name')!r}; SAEs on the residual stream (blocks.N.hook_resid_post) are supported."
        )
    block = int(hook[1]) if hook[2] == "post" else int(hook[1]) - 1
    if block < 0:
        raise GamutError("The SAE reads the embeddings before the first block; SAEs after a block are supported.")
    if isinstance(sae.activation_fn, TopK):
        torch.sparse.check_sparse_tensor_invariants.disable()  # on purpose: said once here, or torch warns on every run
        sae.activation_fn.use_sparse_activations = True  # the k values of a token, not a dense row with k values in it
    sae = sae.eval().requires_grad_(False)
    return SparseAutoencoder(sae, block, sae.cfg.d_in, sae.cfg.d_sae, metadata.get("context_size"))


def check_pair(model: LanguageModel, sae: SparseAutoencoder) -> None:
    """Refuse an SAE that cannot belong to the model, before any work is done."""
    if sae.width != model.width:
        raise GamutError(
            f"The SAE takes {sae.width} inputs but the model's residual stream is {model.width} wide; "
            "choose an SAE trained on this model."
        )
    if sae.block >= len(model.blocks):
        raise GamutError(
            f"The SAE reads block {sae.block}, but the model has blocks 0 to {len(model.blocks) - 1}; "
            "choose an SAE trained on this model."
        )


@torch.inference_mode()
def encode(sae: SparseAutoencoder, residuals: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encode residuals float (T, width): `(token_ptr int64 (T+1), features int32, values float32)`, as `pool` takes them."""
    counts, features, values = [], [], []
    for chunk in residuals.split(TOKENS):
        active = sae.sae.encode(chunk.to(sae.sae.dtype))
        if active.is_sparse:
            rows, columns = active._indices()
            found = active._values()
        else:
            rows, columns = active.nonzero(as_tuple=True)
            found = active[rows, columns]
        counts.append(torch.bincount(rows, minlength=len(chunk)).numpy())
        features.append(columns.to(torch.int32).numpy())
        values.append(found.float().numpy())
    pointer = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return pointer, np.concatenate(features), np.concatenate(values)
