"""Load a sparse autoencoder through sae-lens and encode residuals with it."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sae_lens import SAE
from sae_lens.loading import pretrained_sae_loaders
from sae_lens.loading.pretrained_sae_loaders import load_safetensors_weights
from sae_lens.saes.topk_sae import TopK
from safetensors import safe_open
from torch import nn

from core.activations.anatomy import branch, centres
from core.activations.hub import from_the_cache
from core.activations.model import LanguageModel
from core.activations.pair import CENTRED, HOOK, sae_facts
from core.activations.refs import LISTED, listed_place
from core.activations.sparsify import SPARSIFY_WEIGHTS, is_sparsify, sparsify_config
from core.errors import GamutError

TOKENS = 512  # encoded at once: the dense pre-activations of a chunk stay in the cache
TOKENS_GPU = 2048  # which has no such cache, and is quicker with more at once: 1 GB for 131 072 features
STREAM = "resid_post"
PARTS = {"attn_out": "attention", "mlp_out": "mlp"}


@dataclass(frozen=True, slots=True)
class SparseAutoencoder:
    """An SAE that reads `site` of `block`; `width` inputs, `n_features` latents, `context` tokens or None.

    `site`: "resid_post", the residual stream after the block, or "attn_out", "mlp_out", what its attention or its MLP
    adds. `prepend_bos`: whether its texts began with BOS, None where nothing is told. `centred`: it was trained on a model
    whose weights write to the residual stream with mean zero, so the mean is taken from what it reads.
    """

    sae: SAE
    block: int
    width: int
    n_features: int
    context: int | None
    site: str = STREAM
    prepend_bos: bool | None = None
    centred: bool = False

    @property
    def hook(self) -> str:
        """What it reads, by TransformerLens' name."""
        return f"blocks.{self.block}.hook_{self.site}"

    def module(self, model: LanguageModel) -> nn.Module:
        """The module of the model whose output it reads."""
        return module_at(model, self.block, self.site)

    def taken(self, states: torch.Tensor) -> torch.Tensor:
        """States (…, width) as the SAE takes them: on its device, in its numbers, centred where it was trained so."""
        ready = states.to(self.sae.device, self.sae.dtype)
        return ready - ready.mean(dim=-1, keepdim=True) if self.centred else ready


def module_at(model: LanguageModel, block: int, site: str) -> nn.Module:
    """The module whose output is `site` of a block: the block itself for the residual stream after it."""
    found = model.blocks[block]
    return branch(found, PARTS[site]) if site in PARTS else found


def load_sae(folder: Path, *, dtype: str, device: str = "cpu") -> SparseAutoencoder:
    """Load an SAE-Lens folder, or one that sparsify saved; raises `GamutError` for what cannot be honoured."""
    if is_sparsify(folder):
        return from_sae_lens(_loaded(folder, lambda: _from_sparsify(folder, dtype, device)), str(folder))
    if not (folder / "cfg.json").is_file():
        raise GamutError(f"{folder} holds no SAE-Lens SAE (no cfg.json); give the folder of one.")
    return from_sae_lens(_loaded(folder, lambda: SAE.load_from_disk(folder, device=device, dtype=dtype)), str(folder))


def load_listed(ref: str, *, dtype: str, device: str = "cpu") -> SparseAutoencoder:
    """Load an SAE of sae-lens' list from the cache, by sae-lens' own loader; nothing is fetched."""
    release, sae_id = listed_place(ref)
    with from_the_cache(), _shapes_from_the_cache():
        found = _loaded(ref, lambda: SAE.from_pretrained(release, sae_id, device=device, dtype=dtype))
    return from_sae_lens(found, ref)


def load_any(ref: str, folder: Path, *, dtype: str, device: str = "cpu") -> SparseAutoencoder:
    """Load the SAE that `ref` names, whose files lie in `folder`."""
    return (
        load_listed(ref, dtype=dtype, device=device)
        if ref.startswith(LISTED)
        else load_sae(folder, dtype=dtype, device=device)
    )


def _loaded(place: object, load: Callable[[], SAE]) -> SAE:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they warn of is honoured or refused below
            return load()
    except Exception as error:  # files of strangers, read by a dozen loaders: whatever is wrong with them is told
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if said.startswith("Weights only load failed"):
            said = "its file holds more than weights, which is never run"
        raise GamutError(
            f"The SAE in {place} cannot be loaded: {said.rstrip('.: ')}; bring its files as they were saved."
        ) from None


def from_sae_lens(sae: SAE, said: str) -> SparseAutoencoder:
    """What sae-lens loaded, as a pass reads with it; raises `GamutError` for what cannot be honoured."""
    metadata = sae.cfg.metadata
    facts = sae_facts(sae.cfg.to_dict(), said=said)
    if facts.obstacle:
        raise GamutError(f"The SAE {said} cannot be used: {facts.obstacle}.")
    hook = HOOK.fullmatch(facts.hook)
    if hook is None:
        raise GamutError(
            f"The SAE reads {metadata.get('hook_name')!r}; SAEs on the residual stream (blocks.N.hook_resid_post) are supported, "
            "and on the output of attention or MLP (hook_attn_out, hook_mlp_out)."
        )
    block = int(hook[1]) - (hook[2] == "resid_pre")
    if block < 0:
        raise GamutError("The SAE reads the embeddings before the first block; SAEs after a block are supported.")
    if isinstance(sae.activation_fn, TopK) and sae.device.type != "mps":  # which has no sparse tensors
        torch.sparse.check_sparse_tensor_invariants.disable()  # on purpose: said once here, or torch warns on every run
        sae.activation_fn.use_sparse_activations = True  # the k values of a token, not a dense row with k values in it
    processing = metadata.get("model_from_pretrained_kwargs") or {}
    return SparseAutoencoder(
        sae.eval().requires_grad_(False), block, sae.cfg.d_in, sae.cfg.d_sae, metadata.get("context_size"),
        site=hook[2] if hook[2] in PARTS else STREAM, prepend_bos=metadata.get("prepend_bos"),
        centred=bool(processing.get(CENTRED)),
    )  # fmt: skip


def _from_sparsify(folder: Path, dtype: str, device: str) -> SAE:
    """The SAE of a sparsify folder as SAE-Lens' TopK."""
    config = {**sparsify_config(folder), "dtype": dtype, "device": device}
    found = load_safetensors_weights(folder / SPARSIFY_WEIGHTS, device=device, dtype=dtype)
    decoder = found["W_dec"] if "W_dec" in found else found["decoder.weight"].T
    weights = {
        "W_enc": found["encoder.weight"].T.contiguous(), "b_enc": found["encoder.bias"], "W_dec": decoder.contiguous(),
        "b_dec": found["b_dec"],
    }  # fmt: skip
    sae = SAE.from_dict({**config, "d_sae": decoder.shape[0]})
    sae.load_state_dict(weights)
    return sae


class _shapes_from_the_cache:
    """Has sae-lens read the shapes of a fetched file from the file; it would ask the network for them even offline."""

    def __enter__(self) -> None:
        self._before = pretrained_sae_loaders.get_safetensors_tensor_shapes
        pretrained_sae_loaders.get_safetensors_tensor_shapes = _shapes

    def __exit__(self, *_: object) -> None:
        pretrained_sae_loaders.get_safetensors_tensor_shapes = self._before


def _shapes(repo_id: str, filename: str) -> dict[str, list[int]]:
    from huggingface_hub import hf_hub_download

    with safe_open(hf_hub_download(repo_id, filename), framework="pt") as weights:
        return {name: list(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118


def fitted(model: LanguageModel, sae: SparseAutoencoder) -> SparseAutoencoder:
    """The SAE as it reads this model: centring means something only where the norms take the mean away.

    For other models (RMSNorm) TransformerLens leaves the weights as they are although asked, so nothing is centred here.
    """
    return replace(sae, centred=sae.centred and centres(model.trunk))


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
    sae.module(model)


@torch.inference_mode()
def encode(sae: SparseAutoencoder, residuals: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encode residuals float (T, width): `(token_ptr int64 (T+1), features int32, values float32)`, as `pool` takes them."""
    counts, features, values = [], [], []
    with _products(residuals):
        for chunk in residuals.split(TOKENS if residuals.device.type == "cpu" else TOKENS_GPU):
            active = sae.sae.encode(sae.taken(chunk))
            if active.is_sparse:
                rows, columns = active._indices()
                found = active._values()
            else:
                rows, columns = active.nonzero(as_tuple=True)
                found = active[rows, columns]
            counts.append(torch.bincount(rows, minlength=len(chunk)))
            features.append(columns.to(torch.int32))
            values.append(found.float())
    # One copy a batch: each makes the processor wait for the device.
    pointer = np.concatenate([[0], np.cumsum(torch.cat(counts).cpu().numpy())]).astype(np.int64)
    return pointer, torch.cat(features).cpu().numpy(), torch.cat(values).cpu().numpy()


def products(device: torch.device, dtype: str) -> str:
    """The numbers that an SAE multiplies in: TF32 on a CUDA device for states of bfloat16 or float16.

    TF32 keeps as many bits of a factor as float16 and more than bfloat16, so it takes little from states that came in
    those, sums in float32, and a wide SAE costs a fraction of what float32 products would.
    """
    return "float32 with TF32 products" if device.type == "cuda" and dtype != "float32" else "float32"


@contextmanager
def _products(states: torch.Tensor) -> Iterator[None]:
    if "TF32" not in products(states.device, str(states.dtype).removeprefix("torch.")):
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
