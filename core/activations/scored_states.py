"""What one place in a model says at every scored token: what an SAE is trained on, and what its fit is measured on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from core.activations.batch_plan import plan_batches
from core.activations.model import LanguageModel, residual
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED, Tokens


@dataclass(frozen=True, slots=True)
class ScoredStates:
    """Reads what the module `site`, in or at block `block`, puts out, `width` wide; `taken`: how its reader takes it."""

    model: LanguageModel
    block: int
    site: nn.Module
    width: int
    taken: Callable[[torch.Tensor], torch.Tensor] = torch.Tensor.float

    def read(
        self, tokens: Tokens, ids: np.ndarray, *, settings: AnalysisSettings, check_stop: Callable[[], None] = lambda: None
    ) -> np.ndarray:  # fmt: skip
        """States at the scored tokens of samples `ids`, in the order of `ids`, float32 (t, width).

        Which samples run together is decided by `ids` and `settings` alone. `check_stop` is called between batches.
        """
        counts = scored_counts(tokens)[ids]
        first = np.concatenate([[0], np.cumsum(counts)])
        found = np.empty((int(first[-1]), self.width), dtype=np.float32)
        for batch in plan_batches(tokens.lengths[ids], settings):
            check_stop()
            padded, index = tokens.padded(ids[batch])
            hidden = residual(self.model, torch.from_numpy(padded), block=self.block, site=self.site)
            wanted = tokens.scored(index)
            values = self.taken(hidden[torch.from_numpy(wanted).to(hidden.device)]).float().cpu().numpy()
            rows = np.concatenate([np.arange(first[i], first[i + 1]) for i in batch])
            found[rows] = values
        return found


def scored_counts(tokens: Tokens) -> np.ndarray:
    """Scored tokens of each sample, int64 (n)."""
    upto = np.concatenate([[0], np.cumsum(tokens.sides != UNSCORED)])
    return upto[tokens.indptr[1:]] - upto[tokens.indptr[:-1]]
