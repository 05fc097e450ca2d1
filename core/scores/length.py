"""How far richness is a matter of length: correlation of scored tokens with the number of active features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LengthLink:
    """Correlation of scored tokens and |F(i)| over n samples; None where it is not defined.

    A linear partial correlation is not offered: richness grows concavely with length.
    """

    n: int
    pearson: float | None
    spearman: float | None


def length_link(scored_tokens: np.ndarray, richness: np.ndarray) -> LengthLink:
    """Pearson and Spearman (average ranks for ties) of scored_tokens (n) and richness (n).

    Fewer than 3 samples, or one side constant: both None.
    """
    x, y = np.asarray(scored_tokens, np.float64), np.asarray(richness, np.float64)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return LengthLink(len(x), None, None)
    from scipy import stats  # 0.6 s to import: only when a correlation is asked for

    return LengthLink(len(x), float(stats.pearsonr(x, y).statistic), float(stats.spearmanr(x, y).statistic))
