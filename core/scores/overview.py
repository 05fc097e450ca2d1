"""An analysis at a glance: what was run, on how much, and how far richness is a matter of length."""

import json
from dataclasses import dataclass

import numpy as np

from core.scores.length import length_link
from core.store.analyses import Analysis


@dataclass(frozen=True)
class Overview:
    """Figures over all samples of an analysis; richness is at θ = 0, the SAE's own activation function.

    `tokens_cut` are those beyond `max_length`, of `truncated_samples`; `live_features` are active in a sample or more.
    `pearson` and `spearman` are those of scored tokens and richness, None where not defined.
    """

    name: str
    id: str
    dataset: str
    model: str
    sae: str
    hook: str
    max_length: int
    samples: int
    scored_tokens: int
    truncated_samples: int
    tokens_cut: int
    live_features: int
    features: int
    median_richness: float
    pearson: float | None
    spearman: float | None
    seconds: float
    finished: str
    content_hash: str


def overview(analysis: Analysis) -> Overview:
    """The figures of one analysis."""
    counts, meta = analysis.counts, analysis.meta
    link = length_link(counts.scored_tokens, counts.richness)
    return Overview(
        name=analysis.name,
        id=analysis.id,
        dataset=analysis.dataset,
        model=json.loads(meta["model"])["ref"],
        sae=json.loads(meta["sae"])["ref"],
        hook=meta["hook"],
        max_length=int(meta["max_length"]),
        samples=analysis.n_samples,
        scored_tokens=int(counts.scored_tokens.sum(dtype=np.int64)),
        truncated_samples=int(np.count_nonzero(counts.truncated_tokens)),
        tokens_cut=int(counts.truncated_tokens.sum(dtype=np.int64)),
        live_features=analysis.live_features,
        features=analysis.n_features,
        median_richness=float(np.median(counts.richness)) if analysis.n_samples else 0.0,
        pearson=link.pearson,
        spearman=link.spearman,
        seconds=float(meta["seconds"]),
        finished=meta["finished"],
        content_hash=analysis.content_hash,
    )
