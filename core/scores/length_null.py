"""What length alone predicts: the richness of samples if features fell on tokens by chance.

If feature j is active at a share p_j of the tokens, independently of token and sample, a sample of L tokens has
E(L) = Σ_j 1 − (1 − p_j)^L features on average, with variance Σ_j q_j (1 − q_j), q_j = 1 − (1 − p_j)^L. So E bends: even
without any difference in content, long samples are richer, and their length explains most of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

STEPS = 200  # of Newton's method, which comes from below and cannot overshoot here
NEAR = 1e-12  # relative: nearer than that is found
CERTAIN = 1e9  # a rate that makes sure of every sample with a token


@dataclass(frozen=True, eq=False)
class LengthNull:
    """Richness by length if features fell by chance; `lengths` int (m), ascending: those of the samples.

    expected, variance: float64 (m). r: the correlation of length and richness that such samples would show; curve_r: the
    same without their chance variation, so the linear part of the curve alone. None where not defined.
    """

    lengths: np.ndarray
    samples: np.ndarray
    expected: np.ndarray
    variance: np.ndarray

    @cached_property
    def r(self) -> float | None:
        """Cov(L, E) / √(Var L · (Var E + mean variance))."""
        return self._r(self.variance)

    @cached_property
    def curve_r(self) -> float | None:
        return self._r(np.zeros(len(self.variance)))

    def _r(self, variance: np.ndarray) -> float | None:
        if len(self.lengths) < 2:
            return None
        share = self.samples / self.samples.sum()
        x, y = self.lengths - share @ self.lengths, self.expected - share @ self.expected
        spread = (share @ x**2) * (share @ y**2 + share @ variance)
        return float(share @ (x * y) / np.sqrt(spread)) if spread > 0 else None

    def at(self, scored_tokens: np.ndarray) -> np.ndarray:
        """The expected richness of samples of these lengths, each one that `lengths` holds: float64 (n)."""
        return self.expected[np.searchsorted(self.lengths, scored_tokens)]

    def among(self, scored_tokens: np.ndarray) -> LengthNull:
        """The same for some of the samples, by their lengths."""
        lengths, samples = np.unique(scored_tokens, return_counts=True)
        place = np.searchsorted(self.lengths, lengths)
        return LengthNull(lengths, samples, self.expected[place], self.variance[place])


def by_tokens(active_tokens: np.ndarray, scored_tokens: np.ndarray) -> LengthNull:
    """With p_j the share of all tokens at which feature j is active; active_tokens: int (n_features)."""
    total = max(1, int(scored_tokens.sum(dtype=np.int64)))
    share = np.minimum(np.asarray(active_tokens, np.float64) / total, 1.0)
    with np.errstate(divide="ignore"):
        return _null(np.minimum(-np.log1p(-share), CERTAIN), scored_tokens)


def by_samples(samples: np.ndarray, scored_tokens: np.ndarray) -> LengthNull:
    """With the p_j by which each feature is expected in as many samples as hold it: int (n_features).

    For a threshold at which the active tokens are not known. The mean richness is that of the data by construction
    [our choice].
    """
    lengths, held = np.unique(scored_tokens, return_counts=True)
    wanted, place = np.unique(np.asarray(samples, np.float64), return_inverse=True)
    return _null(_matched(wanted, lengths.astype(np.float64), held.astype(np.float64))[place], scored_tokens)


def _null(rates: np.ndarray, scored_tokens: np.ndarray) -> LengthNull:
    """rates: float64 (n_features), −ln(1 − p_j)."""
    lengths, held = np.unique(scored_tokens, return_counts=True)
    distinct, features = np.unique(rates, return_counts=True)
    expected, variance = _moments(distinct, features.astype(np.float64), lengths.astype(np.float64))
    return LengthNull(lengths, held, expected, variance)


@njit(cache=True, nogil=True)
def _moments(rates, features, lengths):
    expected, variance = np.zeros(lengths.size), np.zeros(lengths.size)
    for at in range(lengths.size):
        for j in range(rates.size):
            silent = np.exp(-rates[j] * lengths[at])
            expected[at] += features[j] * (1.0 - silent)
            variance[at] += features[j] * silent * (1.0 - silent)
    return expected, variance


@njit(cache=True, nogil=True)
def _matched(wanted, lengths, held):
    """The rate h of each of `wanted` for which Σ held · (1 − e^(−h·length)) is that."""
    out = np.zeros(wanted.size)
    able = 0.0
    for at in range(lengths.size):
        if lengths[at] > 0:
            able += held[at]
    for j in range(wanted.size):
        if wanted[j] >= able:
            out[j] = CERTAIN if wanted[j] > 0 else 0.0
            continue
        rate = 0.0
        for _ in range(STEPS):
            missing, slope = wanted[j], 0.0
            for at in range(lengths.size):
                silent = np.exp(-rate * lengths[at])
                missing -= held[at] * (1.0 - silent)
                slope += held[at] * lengths[at] * silent
            if missing <= NEAR * wanted[j] or slope <= 0:
                break
            rate += missing / slope
        out[j] = rate
    return out
