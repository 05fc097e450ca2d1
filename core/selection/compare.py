"""Two selections of one data set beside each other: what they share, beside chance, and what only one of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.coverage import NOBODY
from core.scores.feature_sets import FeatureSets
from core.selection.ranking import gains_along

PERSISTENCE = 0.98  # of rank-biased overlap: the first 50 places then weigh about nine tenths (Webber et al. 2010)
CENTRAL = 0.95  # of the overlaps that chance gives


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many samples two selections of `a` and `b` samples share, out of `n` that may be chosen.

    expected: what two random subsets of these sizes share on average, a·b/n; low, high: what nineteen of twenty such
    pairs share (hypergeometric). jaccard: shared / in either; expected_jaccard: its exact mean under chance.
    """

    a: int
    b: int
    n: int
    shared: int
    expected: float
    low: int
    high: int
    jaccard: float
    expected_jaccard: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike the orders are: rank correlations over the `common` samples, None below two of them.

    rbo: rank-biased overlap of both lists from the top, extrapolated, at persistence `p` (Webber, Moffat, Zobel 2010);
    1 is the same list, 0 nothing in common.
    """

    common: int
    kendall: float | None
    spearman: float | None
    rbo: float
    p: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Selections A and B. only_a, only_b: their own samples, int32, each in its order.

    tokens_a, tokens_b: of whole conversations. reached_a, reached_b, reached_both: features active in a sample of one, of
    the other, of each. features_a, features_b: those that only one reaches, int32, those active in most samples of the
    pool first, ties to the lowest id; rows_of_features: int64 (n_features), in how many samples of the pool each is
    active.
    """

    overlap: Overlap
    agreement: Agreement
    only_a: np.ndarray
    only_b: np.ndarray
    tokens_a: int
    tokens_b: int
    reached_a: int
    reached_b: int
    reached_both: int
    features_a: np.ndarray
    features_b: np.ndarray
    rows_of_features: np.ndarray


def compare(
    features: FeatureSets, tokens: np.ndarray, a: Sequence[int], b: Sequence[int], *, eligible: np.ndarray
) -> Comparison:
    """Compare two selections, each its sample ids in order.

    tokens: int (n), of whole conversations; eligible: bool (n), what may be chosen at all. What is chosen though it is
    not eligible counts among what may be chosen.
    """
    first, second = np.asarray(a, np.int32), np.asarray(b, np.int32)
    could = np.asarray(eligible, bool).copy()
    could[first] = could[second] = True
    in_a, in_b = (gains_along(features, ids)[1] if len(ids) else _nothing(features) for ids in (first, second))
    return Comparison(
        overlap=overlap(first, second, n=int(could.sum())),
        agreement=agreement(first, second),
        only_a=first[~np.isin(first, second)],
        only_b=second[~np.isin(second, first)],
        tokens_a=int(tokens[first].sum(dtype=np.int64)),
        tokens_b=int(tokens[second].sum(dtype=np.int64)),
        reached_a=int(in_a.sum()),
        reached_b=int(in_b.sum()),
        reached_both=int((in_a & in_b).sum()),
        features_a=_commonest_first(in_a & ~in_b, features.samples),
        features_b=_commonest_first(in_b & ~in_a, features.samples),
        rows_of_features=features.samples,
    )


def _nothing(features: FeatureSets) -> np.ndarray:
    return gains_along(features, NOBODY)[1]


def _commonest_first(which: np.ndarray, rows_of: np.ndarray) -> np.ndarray:
    ids = np.flatnonzero(which).astype(np.int32)
    return ids[np.argsort(-rows_of[ids], kind="stable")]


def overlap(a: np.ndarray, b: np.ndarray, *, n: int) -> Overlap:
    """What two sets of distinct samples share, beside two random subsets of n samples of the same sizes."""
    from scipy.stats import hypergeom  # takes half a second to load, which no other command should pay

    shared = len(np.intersect1d(a, b))
    either = len(a) + len(b) - shared
    chance = hypergeom(n, len(a), len(b))
    could = np.arange(max(0, len(a) + len(b) - n), min(len(a), len(b)) + 1)
    jaccard = could / np.maximum(1, len(a) + len(b) - could)
    return Overlap(
        a=len(a),
        b=len(b),
        n=n,
        shared=shared,
        expected=len(a) * len(b) / n if n else 0.0,
        low=int(chance.ppf((1 - CENTRAL) / 2)) if n else 0,
        high=int(chance.ppf((1 + CENTRAL) / 2)) if n else 0,
        jaccard=shared / either if either else 0.0,
        expected_jaccard=float((chance.pmf(could) * jaccard).sum()) if n else 0.0,
    )


def agreement(a: np.ndarray, b: np.ndarray, *, p: float = PERSISTENCE) -> Agreement:
    """How alike two orders of distinct samples are."""
    from scipy.stats import kendalltau, spearmanr

    in_a = a[np.isin(a, b)]
    place = {int(sample): at for at, sample in enumerate(b)}
    there = np.array([place[int(sample)] for sample in in_a], np.int64)
    here = np.arange(len(in_a))
    kendall = spearman = None
    if len(in_a) > 1:
        kendall, spearman = float(kendalltau(here, there).statistic), float(spearmanr(here, there).statistic)
    return Agreement(len(in_a), kendall, spearman, rank_biased_overlap(a, b, p=p), p)


def rank_biased_overlap(a: np.ndarray, b: np.ndarray, *, p: float) -> float:
    """RBO_ext of two lists of distinct items (equation 32 of Webber, Moffat, Zobel 2010, DOI 10.1145/1852102.1852106).

    (1 − p)/p · (Σ_{d=1}^{l} X_d/d · p^d + Σ_{d=s+1}^{l} X_s (d − s)/(s d) · p^d) + ((X_l − X_s)/l + X_s/s) · p^l with
    X_d the overlap of the first d, s and l the lengths of the shorter and the longer list; 0 where one is empty.
    """
    short, long = sorted((a, b), key=len)
    s, size = len(short), len(long)
    if not s:
        return 0.0
    shared = _shared_by_depth(short, long)
    depth = np.arange(1, size + 1)
    weight = p**depth
    seen = (shared / depth * weight).sum()
    beyond = depth[s:]
    seen += (shared[s - 1] * (beyond - s) / (s * beyond) * weight[s:]).sum()
    last = (shared[-1] - shared[s - 1]) / size + shared[s - 1] / s
    return float((1 - p) / p * seen + last * weight[-1])


def _shared_by_depth(short: np.ndarray, long: np.ndarray) -> np.ndarray:
    """|short[:d] ∩ long[:d]| for d = 1 … len(long): an item counts from the deeper of its two places on."""
    place = {int(item): at for at, item in enumerate(short)}
    deeper = [max(at, place[int(item)]) for at, item in enumerate(long) if int(item) in place]
    return np.cumsum(np.bincount(np.array(deeper, np.int64), minlength=len(long)))
