"""Measure how an SAE fits: encode the residuals of scored tokens, then splice the reconstruction into the model.

Explained variance over all dimensions at once and the loss recovered beside zero ablation are those of SAE-Lens' own
evaluation. Tokens that are not scored (the first, template, special) keep their residual: SAEs are not trained on them.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from core.activations.back_off import InPieces
from core.activations.batch_plan import plan_batches
from core.activations.fit_card import MASSIVE, Fit, FitCard
from core.activations.model import LanguageModel
from core.activations.sae import TOKENS, SparseAutoencoder
from core.activations.scored_states import ScoredStates
from core.activations.settings import AnalysisSettings
from core.activations.tokens import PROMPT, RESPONSE, UNSCORED, Tokens

POSITIONS = (1, 32, 128, 256, 512, 1024, 2048)  # borders of the position groups, in tokens from the beginning
LOGITS = 1 << 26  # entries of the logits computed at once: 256 MiB in float32

Stop = Callable[[], None]


def measure_fit(
    model: LanguageModel, sae: SparseAutoencoder, tokens: Tokens, *, settings: AnalysisSettings, loss_samples: int,
    languages: Sequence[str] | None = None, cautions: tuple[str, ...] = (), check_stop: Stop = lambda: None,
) -> FitCard:  # fmt: skip
    """The fit card of tokens; the losses rest on the first `loss_samples` samples.

    `languages`: a code a sample ("" unknown), or None where nobody told. `cautions`: what is known of the pair.
    `check_stop` is called between batches and may raise.
    """
    groups = _groups(tokens, languages)
    encoded = _Encoded(model, sae, tokens, settings, check_stop)
    losses = _losses(model, sae, tokens, settings, encoded.mean, loss_samples, check_stop)
    everything = np.ones(len(tokens.ids), dtype=bool)
    norms = encoded.norms
    ordinary = np.zeros(len(tokens.ids), dtype=bool)
    ordinary[encoded.places] = norms <= MASSIVE * np.median(norms) if len(norms) else False
    return FitCard(
        samples=len(tokens.lengths),
        features=sae.n_features,
        whole=_fit("all", everything, encoded, losses),
        dead=int(np.count_nonzero(encoded.fired == 0)),
        l0_own=own_l0(sae),
        massive=int(len(norms) - np.count_nonzero(ordinary)),
        ordinary_variance=encoded.explained(ordinary),
        cut_samples=int(np.count_nonzero(tokens.cut)),
        cut_tokens=int(tokens.cut.sum(dtype=np.int64)),
        all_tokens=int(len(tokens.ids) + tokens.cut.sum(dtype=np.int64)),
        groups={
            kind: [fit for name, mask in members if (fit := _fit(name, mask, encoded, losses)).tokens]
            for kind, members in groups.items()
        },
        cautions=cautions,
    )


def own_l0(sae: SparseAutoencoder) -> float | None:
    """Active features a token by the SAE's own word: the k of a TopK, or what its card tells."""
    told = getattr(sae.sae.cfg, "k", None) or (sae.sae.cfg.metadata.get("l0") if sae.sae.cfg.metadata else None)
    return float(told) if told else None


def _groups(tokens: Tokens, languages: Sequence[str] | None) -> dict[str, list[tuple[str, np.ndarray]]]:
    owner = np.repeat(np.arange(len(tokens.lengths)), tokens.lengths)
    position = np.arange(len(owner)) - tokens.indptr[owner]
    bins = np.searchsorted(POSITIONS, position, side="right")
    names = [f"{low}–{high - 1}" for low, high in itertools.pairwise(POSITIONS)] + [f"{POSITIONS[-1]}–"]
    groups = {
        "role": [("prompt", tokens.sides == PROMPT), ("response", tokens.sides == RESPONSE)],
        "position": [(name, bins == number) for number, name in enumerate(names, start=1)],
    }
    if languages is not None:
        spoken = np.array(languages)[owner] if len(owner) else np.empty(0, dtype="<U2")
        groups["language"] = [(code or "unknown", spoken == code) for code in sorted(set(languages))]
    return groups


class _Encoded:
    """Residuals of the scored tokens, and per token the squared error and the number of active features."""

    def __init__(self, model, sae, tokens: Tokens, settings: AnalysisSettings, check_stop: Stop) -> None:
        self.places = np.flatnonzero(tokens.sides != UNSCORED)
        reader = ScoredStates(model, block=sae.block, site=sae.module(model), width=sae.width, taken=sae.taken)
        self.values = reader.read(tokens, np.arange(len(tokens.lengths)), settings=settings, check_stop=check_stop)
        self.error, self.active, self.fired = _reconstructed(sae, self.values, check_stop)
        self.mean = self.values.mean(axis=0, dtype=np.float64) if len(self.values) else np.zeros(sae.width)
        self.norms = np.sqrt(np.einsum("td,td->t", self.values, self.values, dtype=np.float64))

    def explained(self, mask: np.ndarray) -> float | None:
        """Explained variance over the scored tokens of a mask over all tokens."""
        rows = mask[self.places]
        if np.count_nonzero(rows) < 2:
            return None
        taken = self.values[rows].astype(np.float64)
        spread = float(((taken - taken.mean(axis=0)) ** 2).sum())
        return 1 - float(self.error[rows].sum()) / spread if spread > 0 else None


@torch.inference_mode()
def _reconstructed(sae: SparseAutoencoder, values: np.ndarray, check_stop: Stop) -> tuple[np.ndarray, ...]:
    """Squared error and active features of each token, and how often each feature fired."""
    error, active = np.zeros(len(values)), np.zeros(len(values), dtype=np.int64)
    fired = np.zeros(sae.n_features, dtype=np.int64)
    for first in range(0, len(values), TOKENS):
        check_stop()
        taken = sae.taken(torch.from_numpy(values[first : first + TOKENS]))
        acts = sae.sae.encode(taken)
        back = sae.sae.decode(acts).float()
        rows, columns = _active(acts)
        rows_here = slice(first, first + len(taken))
        error[rows_here] = (taken.float() - back).cpu().double().pow(2).sum(dim=1).numpy()
        active[rows_here] = np.bincount(rows, minlength=len(taken))
        fired += np.bincount(columns, minlength=sae.n_features)
    return error, active, fired


def _active(acts: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the activations above zero, dense or sparse."""
    if acts.is_sparse:
        indices, values = acts._indices(), acts._values()
        return tuple(indices[:, values > 0].cpu().numpy())  # type: ignore[return-value]
    rows, columns = (acts > 0).nonzero(as_tuple=True)
    return rows.cpu().numpy(), columns.cpu().numpy()


def _losses(model, sae, tokens: Tokens, settings, mean: np.ndarray, samples: int, check_stop: Stop) -> np.ndarray:
    """Nats of each predicted token, float (4, T): clean, spliced, zeros, mean; NaN where a token is not predicted or scored."""
    found = np.full((4, len(tokens.ids)), np.nan)
    most = max(1, LOGITS // model.vocabulary)
    small = AnalysisSettings(batch_tokens=min(settings.batch_tokens, most), batch_samples=settings.batch_samples)
    fixed = torch.from_numpy(mean.astype(np.float32)).to(sae.sae.device)
    ways: tuple[Callable | None, ...] = (
        None, lambda x: _reconstruction(sae, x), torch.zeros_like, lambda x: fixed.to(x.device).expand_as(x),
    )  # fmt: skip

    def read(ids: np.ndarray) -> None:
        padded, index = tokens.padded(ids)
        scored = torch.from_numpy(tokens.scored(index))
        for way, replace in enumerate(ways):
            check_stop()
            nats = _nats(model, sae.module(model), torch.from_numpy(padded), scored, replace)
            wanted = scored[:, 1:].numpy()
            found[way, index[:, 1:][wanted]] = nats[wanted]

    split = InPieces()
    for batch in plan_batches(tokens.lengths[:samples], small):
        split(batch, tokens.lengths, read)
    return found


def _reconstruction(sae: SparseAutoencoder, states: torch.Tensor) -> torch.Tensor:
    """What the SAE makes of states; what centring took away, which it never saw, is put back."""
    taken = sae.taken(states)
    back = sae.sae.decode(sae.sae.encode(taken)).float()
    return back + (states.to(back.device) - taken.float()) if sae.centred else back


@torch.inference_mode()
def _nats(
    model: LanguageModel, site: nn.Module, ids: torch.Tensor, mask: torch.Tensor, replace: Callable | None
) -> np.ndarray:
    """−log P of tokens 1, 2, … (rows, length − 1), with what `site` puts out replaced at the masked tokens."""

    def splice(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        hidden = (output[0] if isinstance(output, tuple) else output).clone()
        where = mask.to(hidden.device)
        hidden[where] = replace(hidden[where].float()).to(hidden)  # type: ignore[misc]
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = site.register_forward_hook(splice) if replace and mask.any() else None
    try:
        logits = model.causal(input_ids=ids.to(model.home), use_cache=False).logits
    finally:
        if handle:
            handle.remove()
    flat = logits[:, :-1].flatten(0, 1).float()
    aims = ids[:, 1:].flatten().to(flat.device)
    return nn.functional.cross_entropy(flat, aims, reduction="none").view(len(ids), -1).cpu().numpy()


def _fit(name: str, mask: np.ndarray, encoded: _Encoded, losses: np.ndarray) -> Fit:
    rows = mask[encoded.places]
    active = encoded.active[rows]
    predicted = mask & ~np.isnan(losses[0])
    count = int(np.count_nonzero(predicted))
    said = [float(way[predicted].mean()) for way in losses] if count else [None] * 4
    return Fit(
        name,
        int(np.count_nonzero(rows)),
        encoded.explained(mask),
        float(active.mean()) if len(active) else 0.0,
        float(np.median(active)) if len(active) else 0.0,
        count,
        *said,
    )
