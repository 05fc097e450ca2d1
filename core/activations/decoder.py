"""What the SAE's decoder directions say by themselves: the tokens they promote, and which lie close together."""

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from core.activations import anatomy
from core.activations.model import LanguageModel
from core.activations.sae import SparseAutoencoder
from core.store.tables import DECODER

TOKENS, NEIGHBOURS = 20, 10
CELLS = 1 << 25  # of a block of features × tokens in memory at once
SIDE = 4096  # of a block of features × features


def final_norm(model: LanguageModel) -> nn.Module:
    """The norm between the last block and the unembedding."""
    return anatomy.final_norm(model.trunk)


@torch.inference_mode()
def through_norm(norm: nn.Module, directions: torch.Tensor) -> torch.Tensor:
    """Directions (n, width), each at unit root mean square, as the final norm passes them on: without its bias.

    The norm itself is asked, so that its weight, centring (LayerNorm) and offset of the weight (Gemma: 1 + weight) are
    honoured whatever the family. Up to a positive factor this is the linear part of the norm applied to a direction.
    """
    width = directions.shape[1]
    size = directions.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    unit = directions / size * width**0.5
    return norm(unit) - norm(torch.zeros(1, width, dtype=unit.dtype, device=unit.device))


@torch.inference_mode()
def decoder_rows(model: LanguageModel, sae: SparseAutoencoder) -> pa.Table:
    """Of every feature the decoder's norm, the tokens its direction promotes and suppresses most, its nearest neighbours.

    A token's logit is W_U · norm(direction at unit root mean square); neighbours are by cosine.
    """
    directions = sae.sae.W_dec.detach().float()
    size = directions.norm(dim=1)
    promoted, suppressed = _tokens(model, directions)
    nearest = _neighbours(directions / size.clamp(min=torch.finfo(torch.float32).tiny)[:, None])
    columns = [np.arange(len(directions)), size.cpu().numpy()]
    for scores, ids in (promoted, suppressed, nearest):
        columns += [_lists(ids.to(torch.int32)), _lists(scores)]
    return pa.table([pa.array(c, t.type) for c, t in zip(columns, DECODER, strict=True)], schema=DECODER)


Found = tuple[torch.Tensor, torch.Tensor]


def _tokens(model: LanguageModel, directions: torch.Tensor) -> tuple[Found, Found]:
    known = min(len(model.tokenizer), model.unembedding.shape[0])  # some models pad their vocabulary
    unembedding = model.unembedding[:known].float()
    norm, weights = final_norm(model), model.unembedding
    place, dtype = weights.device, weights.dtype  # the last norm and the unembedding lie together
    kept = min(TOKENS, known)
    best, worst = [], []
    for chunk in directions.split(max(1, CELLS // known)):
        logits = through_norm(norm, chunk.to(place, dtype)).float() @ unembedding.T
        best.append(logits.topk(kept, dim=1))
        worst.append(logits.topk(kept, dim=1, largest=False))
    return _joined(best), _joined(worst)


def _neighbours(unit: torch.Tensor) -> Found:
    """Of each row the rows of largest cosine; two blocks are compared once, for both of them."""
    kept, blocks = min(NEIGHBOURS, len(unit) - 1), unit.split(SIDE)
    best: list[Found | None] = [None] * len(blocks)
    for one, rows in enumerate(blocks):
        for other in range(one, len(blocks)):
            cosines = rows @ blocks[other].T
            if one == other:
                cosines.fill_diagonal_(-torch.inf)
            else:
                best[other] = _better(best[other], cosines.T, one * SIDE, kept)
            best[one] = _better(best[one], cosines, other * SIDE, kept)
    return _joined(best)


def _better(best: Found | None, cosines: torch.Tensor, first: int, kept: int) -> Found:
    """The `kept` largest of what was best so far and of further columns, which begin at `first`."""
    values, places = cosines.topk(min(kept, cosines.shape[1]), dim=1)
    ids = places + first
    if best is None:
        return values, ids
    values, ids = torch.cat([best[0], values], dim=1), torch.cat([best[1], ids], dim=1)
    values, order = values.topk(min(kept, values.shape[1]), dim=1)
    return values, ids.gather(1, order)


def _joined(found: list) -> Found:
    return torch.cat([values for values, _ in found]), torch.cat([ids for _, ids in found])


def _lists(rows: torch.Tensor) -> pa.ListArray:
    pointer = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(pa.array(pointer), pa.array(rows.cpu().numpy().ravel()))
