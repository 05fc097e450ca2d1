"""What a model's states are at the first and at the last token of a sample, and on average: what directions are learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from core.activations.analyse import Cancelled, Pass
from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.settings import AnalysisSettings
from core.activations.states import massive_tokens
from core.activations.tokens import Tokens

KINDS = ("first", "last", "mean")
Stop = Callable[[], bool]
Read = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Ends:
    """States of n samples at one site ("mlp" or "residual"): float32 (layers, n, d) each.

    `first`: at position 0. `last`: at the last token that counts. `mean`: over the tokens that count. Samples in which
    none counts are left out; `rows` int32 says which stayed.
    """

    rows: np.ndarray
    first: np.ndarray
    last: np.ndarray
    mean: np.ndarray


def read_ends(
    machine: Pass, tokens: Tokens, settings: AnalysisSettings, *, progress: Callable[[int, int], None], stop: Stop,
    split: InPieces | None = None,
) -> dict[str, Ends]:  # fmt: skip
    """The states of all samples by site, "mlp" only where the model's neurons are known; the batches are an analysis' own.

    Which tokens count is as in an analysis of these settings, so `mean` is what an analysis keeps of a sample. Raises
    `Cancelled` when `stop()` turns true. `split` as in `stream_ends`.
    """
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    order, counted, done = [], [], 0
    for batch, read, counts in stream_ends(machine, tokens, settings, stop=stop, split=split):
        for site, kinds in read.items():
            for kind, values in kinds.items():
                found.setdefault(site, {}).setdefault(kind, []).append(values)
        order.append(batch)
        counted.append(counts)
        done += int(tokens.lengths[batch].sum())
        progress(done, int(tokens.lengths.sum()))
    ids = np.concatenate(order)
    by_id = np.argsort(ids)
    kept = by_id[(np.concatenate(counted, axis=1)[:, by_id] > 0).all(axis=0)]
    joined = {site: {k: np.concatenate(v, axis=1)[:, kept] for k, v in kinds.items()} for site, kinds in found.items()}
    return {site: Ends(rows=ids[kept], **kinds) for site, kinds in joined.items()}


def stream_ends(
    machine: Pass, tokens: Tokens, settings: AnalysisSettings, *, stop: Stop, begin: int = 0,
    split: InPieces | None = None,
) -> Iterator[tuple[np.ndarray, Read, np.ndarray]]:  # fmt: skip
    """Batch after batch from number `begin` on: sample ids, the states by site and kind, and what counts.

    States are float32 (layers, batch, d); counts int64 (layers, batch), tokens that count; where there are none, `mean` and
    `last` are 0. Raises `Cancelled` when `stop()` turns true. `split` remembers over several calls that memory ran out.
    """
    split = split or InPieces()

    def read(ids: np.ndarray) -> tuple[Read, np.ndarray]:
        return _read(machine, tokens, ids, mask_massive=settings.mask_massive)

    for batch in plan_batches(tokens.lengths, settings)[begin:]:
        if stop():
            raise Cancelled
        yield batch, *_joined([found for _, found in split(batch, tokens.lengths, read)])


def _joined(found: list[tuple[Read, np.ndarray]]) -> tuple[Read, np.ndarray]:
    """Pieces of a batch side by side."""
    if len(found) == 1:
        return found[0]
    one = found[0][0]
    sites = {
        site: {kind: np.concatenate([read[site][kind] for read, _ in found], axis=1) for kind in one[site]}
        for site in one
    }
    return sites, np.concatenate([counts for _, counts in found], axis=1)


@torch.inference_mode()
def _read(machine: Pass, tokens: Tokens, ids: np.ndarray, *, mask_massive: bool) -> tuple[Read, np.ndarray]:
    """By site and kind, float32 (layers, batch, d); and int64 (layers, batch), the tokens that count."""
    padded, index = tokens.padded(ids)
    see = _Eyes(torch.from_numpy(tokens.scored(index)), mask_massive=mask_massive)
    handles = [block.register_forward_hook(see.block) for block in machine.model.blocks]
    handles += [projection.register_forward_pre_hook(see.neurons) for projection in machine.projections]
    try:
        machine.model.trunk(input_ids=torch.from_numpy(padded).to(machine.model.home), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    sites = {
        site: {kind: np.stack([layer[kind] for layer in layers]) for kind in KINDS}
        for site, layers in (("mlp", see.mlp), ("residual", see.residual))
        if layers
    }
    return sites, np.stack(see.counted)


class _Eyes:
    """Hooks that read the ends of every block; the neurons of a block run before it ends, so they wait for its mask."""

    def __init__(self, scored: torch.Tensor, *, mask_massive: bool) -> None:
        self._scored, self._mask_massive = scored, mask_massive
        self._waiting: torch.Tensor | None = None
        self.mlp: list[dict[str, np.ndarray]] = []
        self.residual: list[dict[str, np.ndarray]] = []
        self.counted: list[np.ndarray] = []

    def neurons(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._waiting = inputs[0]

    def block(self, _module: nn.Module, _inputs: object, output: torch.Tensor | tuple) -> None:
        wide = (output[0] if isinstance(output, tuple) else output).float()
        scored = self._scored = self._scored.to(wide.device)
        counts = scored & ~massive_tokens(wide, scored) if self._mask_massive else scored
        ends = partial(_ends, counts=counts)
        self.residual.append(ends(wide))
        if self._waiting is not None:
            self.mlp.append(ends(self._waiting.float()))
            self._waiting = None
        self.counted.append(counts.sum(1).cpu().numpy())


def _ends(states: torch.Tensor, *, counts: torch.Tensor) -> dict[str, np.ndarray]:
    places = torch.arange(counts.shape[1], device=counts.device)
    last = torch.where(counts, places, -1).amax(dim=1).clamp(min=0)
    weights = counts.to(torch.float32)
    sums = torch.bmm(weights[:, None], states)[:, 0]
    means = sums / weights.sum(1, keepdim=True).clamp(min=1)
    rows = torch.arange(len(states), device=states.device)
    lasts = torch.where(counts.any(dim=1)[:, None], states[rows, last], 0.0)
    return {kind: values.cpu().numpy() for kind, values in zip(KINDS, (states[:, 0], lasts, means), strict=True)}
