"""The diversity of every sample: how rich it is, how rich in as many tokens as the others, how much of it is rare.

What has to read all counts or all texts is done once and kept beside the analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.files import json_hash
from core.scores.complexity import complexity_columns
from core.scores.feature_sets import FeatureSets
from core.scores.rarefied import SIZES, rarefied
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.derived import kept_table
from core.store.token_counts import token_counts

VERSION = 1  # of how these columns are made


@dataclass(frozen=True, eq=False)
class TokenRichness:
    """What the token counts of a span say of every sample, at θ = 0: the SAE's own activation function.

    richness: int32 (n). rarefied: float32 (n, len(SIZES)), NaN where a sample has fewer tokens than the size.
    """

    richness: np.ndarray
    rarefied: np.ndarray

    def at(self, size: int) -> np.ndarray:
        """Rarefied richness at one of `SIZES`: float32 (n)."""
        return self.rarefied[:, SIZES.index(size)]


def token_richness(analysis: Analysis, *, span: str, scored_tokens: np.ndarray) -> TokenRichness:
    """Richness and rarefied richness of every sample within a span; made once, kept beside the analysis."""

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        richness, parts = [], []
        for piece in token_counts(analysis, span=span):
            richness.append(np.diff(piece.indptr).astype(np.int32))
            own = scored_tokens[piece.first : piece.first + len(richness[-1])]
            parts.append(rarefied(own, piece.indptr, piece.count))
        made = np.concatenate([np.empty((0, len(SIZES)), np.float32), *parts])
        columns = {f"rarefied_{size}": made[:, at] for at, size in enumerate(SIZES)}
        return {"span": span}, {"richness": np.concatenate([np.empty(0, np.int32), *richness])} | columns

    decides = json_hash([analysis.content_hash, span, SIZES, VERSION])[:16]
    _, columns = kept_table(analysis, f"richness-{decides}", make)
    return TokenRichness(columns["richness"], np.stack([columns[f"rarefied_{size}"] for size in SIZES], axis=1))


def complexity(analysis: Analysis, dataset: Dataset) -> dict[str, np.ndarray]:
    """`core.scores.complexity.MEASURES` of every sample, float32 (n) each; made once, kept beside the analysis."""
    decides = json_hash([dataset.content_hash, VERSION])[:16]
    return kept_table(analysis, f"complexity-{decides}", lambda: ({}, complexity_columns(dataset.conversations())))[1]


def novelty(features: FeatureSets, rare: np.ndarray) -> np.ndarray:
    """The share of a sample's features that are rare, float64 (n); NaN where it has none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return features.hits(rare) / features.richness
