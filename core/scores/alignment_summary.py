"""What the scores of a pool look like as a whole: their distribution, who is highest and lowest, which layers decide, length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.alignment import AlignmentSettings, layer_shares, scores_of
from core.scores.length import length_link

BINS = 60


@dataclass(frozen=True, eq=False)
class AlignmentSummary:
    """Scores of n samples in figures.

    `scores`: float64 (n). `counts` int64 (bins) between `edges` float64 (bins + 1). `shares`: float64 (layers), of each
    layer in the variance of the score (before lengths are put on one scale). `spearman`: of score and scored tokens, None
    where one of them does not vary. `best_first`: int32 (n), ties to the lowest sample id.
    """

    scores: np.ndarray
    edges: np.ndarray
    counts: np.ndarray
    shares: np.ndarray
    spearman: float | None
    best_first: np.ndarray

    def highest(self, rows: int) -> np.ndarray:
        """The ids of the highest scores, best first."""
        return self.best_first[:rows]

    def lowest(self, rows: int) -> np.ndarray:
        """The ids of the lowest scores, lowest first."""
        return np.argsort(self.scores, kind="stable")[:rows].astype(np.int32)


def summary(projected: np.ndarray, scored_tokens: np.ndarray, settings: AlignmentSettings) -> AlignmentSummary:
    """The summary of projections float (n, layers) of samples with `scored_tokens` int (n)."""
    scores = scores_of(projected, scored_tokens, settings)
    counts, edges = np.histogram(scores, BINS)
    return AlignmentSummary(
        scores=scores, edges=edges, counts=counts, shares=layer_shares(projected, layer_z=settings.layer_z),
        spearman=length_link(scored_tokens, scores).spearman, best_first=np.argsort(-scores, kind="stable").astype(np.int32),
    )  # fmt: skip
