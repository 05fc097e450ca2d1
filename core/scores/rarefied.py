"""Rarefied richness: how many features a sample would show in n of its tokens, so that long and short ones compare.

Of a sample with L scored tokens in which feature j is active at c_j tokens, n tokens drawn without replacement show
Σ_j 1 − C(L − c_j, n) / C(L, n) features on average (Hurlbert 1971, with features for species and tokens for
individuals). Exact, by logarithms of factorials.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import gammaln

SIZES = (16, 32, 64, 128, 256, 512)  # tokens drawn; all are made in one reading of the counts
REACHED_BY = 0.75  # of the samples: the size offered first is the largest that so many are as long as


def rarefied(
    scored_tokens: np.ndarray, indptr: np.ndarray, counts: np.ndarray, sizes: tuple[int, ...] = SIZES
) -> np.ndarray:
    """Rarefied richness of every sample at every size, float32 (n, len(sizes)); NaN where the sample is shorter.

    scored_tokens: int (n). indptr: int64 (n + 1), counts: int (entries), the tokens at which each feature of a sample is
    active; ValueError where one exceeds the sample's tokens.
    """
    if len(counts) and (counts > np.repeat(scored_tokens, np.diff(indptr))).any():
        raise ValueError("a feature is active at more tokens than the sample has")
    longest = int(scored_tokens.max(initial=0))
    log_factorial = gammaln(np.arange(longest + 1) + 1.0)
    wanted = np.asarray(sizes, np.int64)
    return _rarefied(np.asarray(scored_tokens, np.int64), indptr, counts, wanted, log_factorial)


def first_size(scored_tokens: np.ndarray, sizes: tuple[int, ...] = SIZES) -> int:
    """The largest size that `REACHED_BY` of the samples are as long as; the smallest where none is."""
    enough = [size for size in sizes if len(scored_tokens) and np.mean(scored_tokens >= size) >= REACHED_BY]
    return enough[-1] if enough else sizes[0]


@njit(cache=True, nogil=True)
def _rarefied(tokens, indptr, counts, sizes, log_factorial):
    out = np.empty((tokens.size, sizes.size), np.float32)
    shown = np.zeros(log_factorial.size)  # by count, what a feature adds: a sample has few different counts
    known = np.full(log_factorial.size, -1, np.int64)  # for which sample and size `shown` holds
    for sample in range(tokens.size):
        length = tokens[sample]
        for s in range(sizes.size):
            n = sizes[s]
            if n > length:
                out[sample, s] = np.nan
                continue
            mark, total = sample * sizes.size + s, 0.0
            whole = log_factorial[length - n] - log_factorial[length]
            for e in range(indptr[sample], indptr[sample + 1]):
                c = counts[e]
                if known[c] != mark:
                    known[c] = mark
                    left = length - c
                    missed = np.exp(log_factorial[left] - log_factorial[left - n] + whole) if left >= n else 0.0
                    shown[c] = 1.0 - missed
                total += shown[c]
            out[sample, s] = total
    return out
