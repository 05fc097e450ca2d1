"""One forward pass, read at every block: what the MLP and the residual stream say on average, and the SAE's input."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from core.activations.model import LanguageModel

MASSIVE = 10.0  # times the median norm of its own sample: a token that carries no meaning but a constant


class _Enough(Exception):
    """Raised once the last wanted block was read: the rest of the model need not run."""


@dataclass(frozen=True, slots=True)
class States:
    """What was read of a batch of n samples, over `layers` blocks.

    `hook` float (n, length, width): what the SAE reads, most often the residual stream at its block. Sums over the tokens
    that count, float32: `neurons` (layers, n, neurons) or None, `residuals` (layers, n, width); `counted` int64 (layers,
    n), those tokens; `last` float32 (layers, n, width), the residual of the last of them (0 where none counts). `massive`
    int64 (n): scored tokens at the hook whose norm is more than ten times their sample's median. `block` is the hook's row.
    """

    hook: torch.Tensor
    block: int
    neurons: np.ndarray | None
    residuals: np.ndarray
    counted: np.ndarray
    last: np.ndarray
    massive: np.ndarray


class StateReader:
    """Hooks on a model that read its states as a batch runs through.

    `projections` are those of `core.activations.neurons` or none. Without `every_layer` only the block `block` is
    read and the model stops there. `site`: the module whose output the SAE reads, the block itself where None. With
    `mask_massive` massive tokens do not count in sums and lasts; their norms are compared at each block by itself, as they
    appear and vanish from block to block.
    """

    def __init__(
        self, model: LanguageModel, projections: list[nn.Module], *, block: int, every_layer: bool, mask_massive: bool,
        site: nn.Module | None = None,
    ) -> None:  # fmt: skip
        self._model = model
        self._block = block
        self._site = site if site is not model.blocks[block] else None
        self._mask_massive = mask_massive
        self._wanted = range(len(model.blocks)) if every_layer else range(block, block + 1)
        self._projections = projections if every_layer else []

    @torch.inference_mode()
    def read(self, token_ids: torch.Tensor, scored: torch.Tensor) -> States:
        """Run `token_ids` int64 (n, length), padded on the right; `scored` bool (n, length): the tokens that count."""
        self._scored = scored.to(self._model.home)
        self._activations: torch.Tensor | None = None
        self._rows: list[dict[str, torch.Tensor]] = []
        handles = [
            self._projections[number].register_forward_pre_hook(self._see_neurons)
            for number in (self._wanted if self._projections else ())
        ]
        handles += [
            self._model.blocks[number].register_forward_hook(partial(self._see_block, number))
            for number in self._wanted
        ]
        if self._site is not None:
            handles.append(self._site.register_forward_hook(self._see_site))
        try:
            self._model.trunk(input_ids=token_ids.to(self._model.home), use_cache=False)
        except _Enough:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return self._collected()

    def _see_neurons(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._activations = inputs[0]

    def _see_site(self, _module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        self._read = output[0] if isinstance(output, tuple) else output

    def _see_block(self, number: int, _module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        residual = output[0] if isinstance(output, tuple) else output
        wide = residual.float()
        scored = self._scored = self._scored.to(wide.device)  # a model may be spread over several devices
        massive = massive_tokens(wide, scored)
        counted = scored & ~massive if self._mask_massive else scored
        weights = counted.to(torch.float32)[:, None]
        row = {"residuals": torch.bmm(weights, wide)[:, 0], "counted": counted.sum(1), "last": _last(wide, counted)}
        if self._activations is not None:
            row["neurons"] = torch.bmm(weights, self._activations.float())[:, 0]
            self._activations = None
        if number == self._block:
            own = self._site is None
            self._hook = residual if own else self._read
            self._massive = (massive if own else massive_tokens(self._read.float(), scored)).sum(1)
        self._rows.append(row)
        if number == self._wanted[-1]:
            raise _Enough

    def _collected(self) -> States:
        stacked = {
            name: torch.stack([row[name].to(self._model.home) for row in self._rows]).cpu().numpy()
            for name in self._rows[0]
        }
        return States(
            hook=self._hook, block=self._block - self._wanted[0], neurons=stacked.get("neurons"),
            residuals=stacked["residuals"], counted=stacked["counted"], last=stacked["last"],
            massive=self._massive.cpu().numpy(),
        )  # fmt: skip


def massive_tokens(residual: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """Which scored tokens have a norm beyond ten times the (lower) median of their sample's: bool (n, length)."""
    norms = residual.norm(dim=-1)
    if norms.device.type == "mps":  # which knows no median without NaN
        return massive_by_norm(norms.cpu(), scored.cpu()).to(norms.device)
    return massive_by_norm(norms, scored)


def massive_by_norm(norms: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """The same, told from the norms (n, length)."""
    median = norms.masked_fill(~scored, torch.nan).nanmedian(dim=1).values
    return scored & (norms > MASSIVE * median[:, None])


def _last(residual: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    places = torch.arange(counted.shape[1], device=counted.device)
    last = torch.where(counted, places, -1).amax(dim=1)
    found = residual[torch.arange(len(last), device=last.device), last.clamp(min=0)]
    return torch.where(last[:, None] >= 0, found, 0.0)
