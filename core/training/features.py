"""What the features of an autoencoder are like: its figures, and the contexts a reader judges by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sae_lens import SAE

from core.training.residuals import Residuals
from core.training.windows import Tokens

CHUNK = 2_048  # tokens encoded at once: 2,048 x 4,096 in fp32 is 32 MB


@dataclass(frozen=True, slots=True)
class Figures:
    """Over `tokens` tokens: explained variance, mean active features a token, share of features never active.

    `dense` is the share of features active in more than a tenth of the tokens.
    """

    tokens: int
    explained_variance: float
    l0: float
    dead: float
    dense: float


@dataclass(frozen=True, slots=True)
class Trigger:
    """How tightly a feature is bound to one token: shares (0-1) of its strongest places, one a document."""

    feature: int
    same_token: float
    same_before: float
    density: float


@torch.no_grad()
def figures(*, folder: Path, residuals: Residuals) -> Figures:
    """Figures of the autoencoder in `folder` on raw residuals.

    Explained variance is 1 - sum of squared errors / sum of squared distances from the mean residual, over
    all tokens and dimensions at once.
    """
    if not len(residuals.values):
        return Figures(0, float("nan"), float("nan"), float("nan"), float("nan"))
    sae = SAE.load_from_disk(folder)
    mean = torch.from_numpy(residuals.values.astype(np.float32).mean(0, dtype=np.float64).astype(np.float32))
    fired, error, spread = torch.zeros(sae.cfg.d_sae), 0.0, 0.0
    for first in range(0, len(residuals.values), CHUNK):
        raw = torch.from_numpy(residuals.values[first : first + CHUNK].astype(np.float32))
        active = sae.encode(raw)
        fired += (active > 0).sum(0)
        error += (raw - sae.decode(active)).pow(2).sum().item()
        spread += (raw - mean).pow(2).sum().item()
    count = len(residuals.values)
    return Figures(
        count,
        1 - error / spread,
        fired.sum().item() / count,
        (fired == 0).float().mean().item(),
        (fired > count / 10).float().mean().item(),
    )


@torch.no_grad()
def strongest(*, folder: Path, residuals: Residuals, tokens: Tokens, top: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """For each feature the `top` strongest places in `tokens.ids` (features, top), at most one a document.

    Places are -1 where a feature has fewer; second comes its density, the share of tokens it is active in.
    """
    sae = SAE.load_from_disk(folder)
    owner = np.searchsorted(tokens.starts, residuals.places, side="right") - 1
    order = np.argsort(owner, kind="stable")  # documents in one piece, for the maximum of each
    values = np.full((sae.cfg.d_sae, 2 * top), 0.0, np.float32)
    places = np.full((sae.cfg.d_sae, 2 * top), -1, np.int64)
    fired = np.zeros(sae.cfg.d_sae)
    first = 0
    while first < len(order):
        last = min(first + CHUNK, len(order))
        while last < len(order) and owner[order[last]] == owner[order[last - 1]]:
            last += 1  # never cut a document
        rows = order[first:last]
        active = sae.encode(torch.from_numpy(residuals.values[rows].astype(np.float32))).numpy()
        fired += (active > 0).sum(0)
        starts = np.flatnonzero(np.diff(owner[rows], prepend=-1))
        for begin, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            at = active[begin:end].argmax(0)
            value = active[begin:end][at, np.arange(len(at))]
            weakest = values.argmin(1)
            better = value > values[np.arange(len(value)), weakest]
            values[better, weakest[better]] = value[better]
            places[better, weakest[better]] = residuals.places[rows[begin + at[better]]]
        first = last
    ranked = np.argsort(-values, axis=1)[:, :top]
    return np.take_along_axis(places, ranked, axis=1), fired / len(order)


def triggers(*, places: np.ndarray, density: np.ndarray, tokens: Tokens) -> list[Trigger]:
    """How often the strongest places of a feature share their token, or the one before; full rows only."""
    found = []
    for feature in np.flatnonzero((places >= 0).all(1)):
        here, before = tokens.ids[places[feature]], tokens.ids[places[feature] - 1]
        share, share_before = (np.unique(ids, return_counts=True)[1].max() / len(ids) for ids in (here, before))
        found.append(Trigger(int(feature), float(share), float(share_before), float(density[feature])))
    return found
