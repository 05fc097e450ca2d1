"""One neuron at every token of some samples, and the tokens that its output weights promote: asked of the model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from core.activations.analyse import Pass
from core.activations.decoder import final_norm, through_norm
from core.activations.tokens import Tokens
from core.errors import GamutError

PROMOTED = 20  # tokens at either end


def read_neuron(machine: Pass, layer: int, neuron: int, *, site: str, texts: dict[int, Tokens]) -> dict[str, Any]:
    """What JSON carries: `values` of the neuron at every token by sample, `promoted` and `suppressed` (token id, logit)."""
    if site == "mlp" and not machine.projections:
        raise GamutError("It is not known where this kind of model keeps its MLP neurons; look at the residual stream.")
    module = machine.projections[layer] if site == "mlp" else machine.model.blocks[layer]
    up, down = promoted(machine, direction(machine, layer, neuron, site))
    values = {str(sample): _along(machine, module, neuron, site, tokens) for sample, tokens in texts.items()}
    return {"values": values, "promoted": up, "suppressed": down}


def direction(machine: Pass, layer: int, neuron: int, site: str) -> torch.Tensor:
    """What a neuron adds to the residual stream, float32 (width): its output weights, or of a residual dimension that one."""
    if site != "mlp":
        return torch.eye(machine.model.width)[neuron]
    projection = machine.projections[layer]
    weight = next(projection.parameters()).detach()
    return (weight[:, neuron] if isinstance(projection, nn.Linear) else weight[neuron]).float()


@torch.inference_mode()
def promoted(machine: Pass, towards: torch.Tensor) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Tokens of highest and lowest logit W_U · norm(direction at unit root mean square), as if no block came after."""
    model = machine.model
    known = min(len(model.tokenizer), model.unembedding.shape[0])
    dtype = next(model.trunk.parameters()).dtype
    logits = (
        model.unembedding[:known].float()
        @ through_norm(final_norm(model), towards[None].to(model.unembedding.device, dtype)).float()[0]
    )
    kept = min(PROMOTED, known)
    best, worst = logits.topk(kept), logits.topk(kept, largest=False)
    up, down = (list(zip(f.indices.tolist(), f.values.tolist(), strict=True)) for f in (best, worst))
    return up, down


@torch.inference_mode()
def _along(machine: Pass, module: nn.Module, neuron: int, site: str, tokens: Tokens) -> list[float]:
    seen: list[np.ndarray] = []

    def before(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0][0, :, neuron].float().cpu().numpy())

    def after(_module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        seen.append((output[0] if isinstance(output, tuple) else output)[0, :, neuron].float().cpu().numpy())

    hook = module.register_forward_pre_hook(before) if site == "mlp" else module.register_forward_hook(after)
    try:
        ids = torch.from_numpy(tokens.ids.astype(np.int64))[None].to(machine.model.home)
        machine.model.trunk(input_ids=ids, use_cache=False)
    finally:
        hook.remove()
    return seen[0].tolist()
