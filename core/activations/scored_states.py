"""What one place in a model says at every scored token: what an SAE is trained on, and what its fit is measured on."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.model import LanguageModel, residual
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED, Tokens


@dataclass(frozen=True, slots=True)
class ScoredStates:
    """Reads what the module `site`, in or at block `block`, puts out, `width` wide; `taken`: how its reader takes it.

    `split` remembers that memory ran out.
    """

    model: LanguageModel
    block: int
    site: nn.Module
    width: int
    taken: Callable[[torch.Tensor], torch.Tensor] = torch.Tensor.float
    split: InPieces = field(default_factory=InPieces)

    def read(
        self, tokens: Tokens, ids: np.ndarray, *, settings: AnalysisSettings, check_stop: Callable[[], None] = lambda: None
    ) -> np.ndarray:  # fmt: skip
        """States at the scored tokens of samples `ids`, in the order of `ids`, float32 (t, width).

        Which samples run together is decided by `ids` and `settings` alone, unless memory runs out. `check_stop` is called
        between batches.
        """
        counts, lengths = scored_counts(tokens)[ids], tokens.lengths[ids]
        first = np.concatenate([[0], np.cumsum(counts)])
        found = np.empty((int(first[-1]), self.width), dtype=np.float32)
        for batch in plan_batches(lengths, settings):
            check_stop()
            for few, values in self.split(batch, lengths, lambda places: self._read(tokens, ids[places])):
                found[np.concatenate([np.arange(first[i], first[i + 1]) for i in few])] = values
        return found

    def _read(self, tokens: Tokens, ids: np.ndarray) -> np.ndarray:
        """States at the scored tokens of samples that run together, float32 (t, width)."""
        padded, index = tokens.padded(ids)
        hidden = residual(self.model, torch.from_numpy(padded), block=self.block, site=self.site)
        wanted = torch.from_numpy(tokens.scored(index)).to(hidden.device)
        return self.taken(hidden[wanted]).float().cpu().numpy()


def scored_counts(tokens: Tokens) -> np.ndarray:
    """Scored tokens of each sample, int64 (n)."""
    upto = np.concatenate([[0], np.cumsum(tokens.sides != UNSCORED)])
    return upto[tokens.indptr[1:]] - upto[tokens.indptr[:-1]]
