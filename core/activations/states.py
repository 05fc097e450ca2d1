"""One forward pass, read at every block: what the MLP and the residual stream say on average, and the SAE's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from core.activations.device import carried
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
        self.model = model
        self.block = block
        self.site = site if site is not model.blocks[block] else None
        self.mask_massive = mask_massive
        self.every_layer = every_layer
        self.wanted = range(len(model.blocks)) if every_layer else range(block, block + 1)
        self.projections = projections if every_layer else []

    def read(self, token_ids: torch.Tensor, scored: torch.Tensor) -> States:
        """Run `token_ids` int64 (n, length), padded on the right; `scored` bool (n, length): the tokens that count."""
        return read_together([self], token_ids, scored)[0]


@torch.inference_mode()
def read_together(readers: Sequence[StateReader], token_ids: torch.Tensor, scored: torch.Tensor) -> list[States]:
    """What several readers of one model read, in one forward pass: each the very numbers that it would read alone.

    They differ in block and site only. `token_ids` and `scored` as `StateReader.read` takes them. The model stops after
    the last block that any of them wants, and its head never runs.
    """
    model = readers[0].model
    reading = _Reading(readers, carried(scored, model.home))
    handles = reading.hooks()
    try:
        model.trunk(input_ids=carried(token_ids, model.home), use_cache=False)
    except _Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return reading.states()


class _Reading:
    """What the hooks have seen so far of one batch."""

    def __init__(self, readers: Sequence[StateReader], scored: torch.Tensor) -> None:
        one = readers[0]
        assert all(
            (r.model, r.every_layer, r.mask_massive) == (one.model, one.every_layer, one.mask_massive) for r in readers
        )
        self._readers, self._one, self._scored = readers, one, scored
        self._wanted = sorted({number for reader in readers for number in reader.wanted})
        self._activations: torch.Tensor | None = None
        self._rows: dict[int, dict[str, torch.Tensor]] = {}
        self._read: dict[int, torch.Tensor] = {}  # what each reader's SAE takes, by the reader's place
        self._massive: dict[int, torch.Tensor] = {}

    def hooks(self) -> list:
        """The hooks, put where the readers look."""
        one, model = self._one, self._one.model
        handles = [
            one.projections[number].register_forward_pre_hook(self._see_neurons)
            for number in (self._wanted if one.projections else ())
        ]
        handles += [
            model.blocks[number].register_forward_hook(partial(self._see_block, number)) for number in self._wanted
        ]
        return handles + [
            reader.site.register_forward_hook(partial(self._see_site, place))
            for place, reader in enumerate(self._readers)
            if reader.site is not None
        ]

    def _see_neurons(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._activations = inputs[0]

    def _see_site(self, place: int, _module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        self._read[place] = output[0] if isinstance(output, tuple) else output

    def _see_block(self, number: int, _module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        residual = output[0] if isinstance(output, tuple) else output
        wide = residual.float()
        scored = self._scored = self._scored.to(wide.device)  # a model may be spread over several devices
        massive = massive_tokens(wide, scored)
        counted = scored & ~massive if self._one.mask_massive else scored
        weights = counted.to(torch.float32)[:, None]
        row = {"residuals": torch.bmm(weights, wide)[:, 0], "counted": counted.sum(1), "last": _last(wide, counted)}
        if self._activations is not None:
            row["neurons"] = torch.bmm(weights, self._activations.float())[:, 0]
            self._activations = None
        for place, reader in enumerate(self._readers):
            if reader.block == number:
                read = self._read.setdefault(place, residual)
                told = massive if reader.site is None else massive_tokens(read.float(), scored)
                self._massive[place] = told.sum(1)
        self._rows[number] = row
        if number == self._wanted[-1]:
            raise _Enough

    def states(self) -> list[States]:
        """What each reader wanted."""
        home = self._one.model.home
        first = self._rows[self._wanted[0]]
        stacked = {
            name: torch.stack([self._rows[number][name].to(home) for number in self._wanted]).cpu().numpy()
            for name in first
        }
        place_of = {number: place for place, number in enumerate(self._wanted)}
        found = []
        for place, reader in enumerate(self._readers):
            low, high = place_of[reader.wanted[0]], place_of[reader.wanted[-1]] + 1
            own = {name: values[low:high] for name, values in stacked.items()}
            found.append(
                States(
                    hook=self._read[place], block=reader.block - reader.wanted[0], neurons=own.get("neurons"),
                    residuals=own["residuals"], counted=own["counted"], last=own["last"],
                    massive=self._massive[place].cpu().numpy(),
                )
            )  # fmt: skip
        return found


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
