"""How much likelier a feature is in one set of samples than in another, within strata; for every feature at once.

A table of a stratum: of size_a samples of A, active_a have the feature active; of size_b samples of B, active_b.

- Log-odds ratio: of Mantel and Haenszel (1959), ln(Σ aₖdₖ/tₖ / Σ bₖcₖ/tₖ), with the variance of Robins, Breslow and
  Greenland (1986) and a 95 % interval on the logarithmic scale.
- p: of the test of Cochran, Mantel and Haenszel, without continuity correction. Where the conditional variance of the
  number of active samples of A is under EXACT_BELOW, by the exact conditional test instead: two-sided, the sum of the
  probabilities that are not above that of what was seen [our choice: with a handful of samples the normal tail is
  wrong by powers of ten].
- A feature that lies at the end of what its margins allow (as one seen in A alone) has no finite ratio. It gets the
  median-unbiased conditional estimate and its exact 97.5 % limit; its other limit is infinite [our choice: adding a
  half to every cell biases sets of unlike size].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

CONFIDENCE = 0.95
EXACT_BELOW = 25.0
Z = 1.959963984540054  # of 95 %
TAIL = (1 - CONFIDENCE) / 2
FARTHEST = 60.0  # of a log-odds ratio that is looked for: e^60 is beyond every data set
TINY = 1e-30  # chances below are left out, and said to be this where they are asked for
HUGE = 1e200
ROUNDING = 1e-7  # relative: probabilities so near are ties, as in other implementations


@dataclass(frozen=True, eq=False)
class Odds:
    """Log-odds ratios of A against B with 95 % limits (NaN where no stratum can tell, ±inf where only one limit exists).

    All float64 (n_features); `q` is Benjamini and Hochberg's over live features, 1 for the others.
    """

    log_odds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    q: np.ndarray


def odds_of(active: np.ndarray, sizes: np.ndarray) -> Odds:
    """The odds of every feature; active: int32 (n_features, strata, 2), sizes: int (strata, 2), A before B in both."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(sizes.sum()) + 2)))])
    log_odds, low, high, p = _every(np.ascontiguousarray(active, np.int32), np.ascontiguousarray(sizes, np.int64), logs)
    live = active.any(axis=(1, 2))
    q = np.ones(len(active))
    q[live] = false_discovery(p[live])
    return Odds(log_odds, low, high, p, q)


def false_discovery(p: np.ndarray) -> np.ndarray:
    """The q of every p by Benjamini and Hochberg (1995): the smallest m·p₍ⱼ₎/j over all j not before its place."""
    if not len(p):
        return np.empty(0)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (len(p) / np.arange(1, len(p) + 1))
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


@njit(cache=True, nogil=True)
def _every(active, sizes, logs):
    n = len(active)
    log_odds, low, high, p = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.ones(n)
    for feature in range(n):
        table = active[feature]
        r, s, variance_of_log, excess, variance = _sums(table, sizes)
        if variance == 0:
            continue  # active in no sample or in every one of each stratum that holds both sets
        p[feature] = math.erfc(abs(excess) / math.sqrt(2 * variance))
        if variance < EXACT_BELOW:
            p[feature] = _exact(table, sizes, logs)
        if r > 0 and s > 0:
            log_odds[feature] = math.log(r / s)
            low[feature] = log_odds[feature] - Z * math.sqrt(variance_of_log)
            high[feature] = log_odds[feature] + Z * math.sqrt(variance_of_log)
        elif r > 0:
            log_odds[feature], low[feature] = _at_most(table, sizes, 0.5), _at_most(table, sizes, TAIL)
            high[feature] = np.inf
        else:
            turned, other = table[:, ::-1].copy(), sizes[:, ::-1].copy()
            log_odds[feature], high[feature] = -_at_most(turned, other, 0.5), -_at_most(turned, other, TAIL)
            low[feature] = -np.inf
    return log_odds, low, high, p


@njit(cache=True, nogil=True)
def _sums(table, sizes):
    """Σ R, Σ S, the variance of ln(R/S), and observed − expected active samples of A with their conditional variance."""
    r, s, pr, mixed, qs, excess, variance = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(len(sizes)):
        n_a, n_b, a, c = float(sizes[k, 0]), float(sizes[k, 1]), float(table[k, 0]), float(table[k, 1])
        t, m = n_a + n_b, a + c
        if n_a == 0 or n_b == 0 or m == 0 or m == t:
            continue
        b, d = n_a - a, n_b - c
        r_k, s_k, p_k, q_k = a * d / t, b * c / t, (a + d) / t, (b + c) / t
        r, s = r + r_k, s + s_k
        pr, mixed, qs = pr + p_k * r_k, mixed + p_k * s_k + q_k * r_k, qs + q_k * s_k
        excess += a - n_a * m / t
        variance += n_a * n_b * m * (t - m) / (t * t * (t - 1))
    both = r > 0 and s > 0
    return r, s, (pr / r / r + mixed / r / s + qs / s / s) / 2 if both else np.inf, excess, variance


@njit(cache=True, nogil=True)
def _support(table, sizes, k):
    """The fewest and the most active samples that A can have in a stratum, given its margins."""
    m = table[k, 0] + table[k, 1]
    return max(np.int64(0), m - sizes[k, 1]), min(np.int64(m), sizes[k, 0])


@njit(cache=True, nogil=True)
def _exact(table, sizes, logs):
    """The exact p: the distribution of A's active samples is the convolution of the strata's hypergeometric ones."""
    chances, from_, seen = np.ones(1), 0, 0  # chances[i]: of from_ + i active samples in A
    for k in range(len(sizes)):
        seen += table[k, 0]
        first, last = _support(table, sizes, k)
        from_ += first
        if first == last:
            continue
        own, cut = _hypergeometric(table, sizes, k, logs)
        from_ += cut
        joined = np.zeros(len(chances) + len(own) - 1)
        for x in range(len(own)):
            for y in range(len(chances)):
                joined[x + y] += own[x] * chances[y]
        chances, cut = _trimmed(joined)
        from_ += cut
    if seen < from_ or seen >= from_ + len(chances):
        return TINY
    limit, p = chances[seen - from_] * (1 + ROUNDING), 0.0
    for chance in chances:
        if chance <= limit:
            p += chance
    return min(p, 1.0)


@njit(cache=True, nogil=True)
def _hypergeometric(table, sizes, k, logs):
    """The chances of the numbers of active samples that A can have in a stratum, given its margins; trimmed."""
    first, last = _support(table, sizes, k)
    n_a, n_b, m = sizes[k, 0], sizes[k, 1], table[k, 0] + table[k, 1]
    ways = logs[n_a] + logs[n_b] + logs[m] + logs[n_a + n_b - m] - logs[n_a + n_b]
    chances = np.empty(last - first + 1)
    for x in range(first, last + 1):
        chances[x - first] = math.exp(ways - logs[x] - logs[n_a - x] - logs[m - x] - logs[n_b - m + x])
    return _trimmed(chances)


@njit(cache=True, nogil=True)
def _trimmed(chances):
    """Without the ends that are below TINY, and how many left at the beginning."""
    first, last = 0, len(chances) - 1
    while first < last and chances[first] < TINY:
        first += 1
    while last > first and chances[last] < TINY:
        last -= 1
    return chances[first : last + 1], first


@njit(cache=True, nogil=True)
def _at_most(table, sizes, wanted):
    """The log-odds ratio under which A's active samples are as many as can be with the chance `wanted`.

    The logarithm of that chance is concave and grows with the ratio: Newton's steps, halved where they leave what is known.
    """
    low, high, at, target = -FARTHEST, FARTHEST, 0.0, math.log(wanted)
    for _ in range(100):
        chance, slope = 0.0, 0.0
        for k in range(len(sizes)):
            if table[k, 0] + table[k, 1] == 0:
                continue
            total, weighted = _below_most(table, sizes, k, math.exp(-at))
            chance, slope = chance - math.log(total), slope + weighted / total
        if chance < target:
            low = at
        else:
            high = at
        step = at - (chance - target) / slope if slope > 0 else np.nan
        before, at = at, step if low < step < high else (low + high) / 2
        if abs(at - before) < 1e-10:
            break
    return at


@njit(cache=True, nogil=True)
def _below_most(table, sizes, k, z):
    """Σ wₓ zʸ and Σ y wₓ zʸ: x active samples in A, y fewer than can be; wₓ: ways to have them, as parts of the last's."""
    first, last = _support(table, sizes, k)
    n_a, n_b, m = sizes[k, 0], sizes[k, 1], table[k, 0] + table[k, 1]
    total, weighted, term = 1.0, 0.0, 1.0
    for x in range(last, first, -1):
        term *= z * (x * (n_b - m + x)) / ((n_a - x + 1) * (m - x + 1))
        total += term
        weighted += (last - x + 1) * term
        if total > HUGE:
            break  # nothing is learnt from more
    return total, weighted
