"""The spectrum of features: which are dead, rare, common or ubiquitous, who carries the rare ones, how many count.

The effective number of features is the exponential of the entropy of their shares (Hill number of order 1, Hill 1973):
as many equally common features would be as diverse. Larger and longer sets of samples reach more, so it stands beside
that of as many random samples of the same lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numba import njit

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.length_matched import LikeLengths

KINDS = ("dead", "rare", "common", "ubiquitous")
RARE, UBIQUITOUS = 0.5, 10.0  # percent of the samples: at most that, and at least that
BINS_A_DECADE = 8
DRAWS = 20
MOST_ROWS = 20_000  # of a group, drawn for its effective number; more are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Percent of the samples: a live feature in at most `rare` of them is rare, in at least `ubiquitous` ubiquitous."""

    rare: float = RARE
    ubiquitous: float = UBIQUITOUS

    def __post_init__(self) -> None:
        if not 0 < self.rare < self.ubiquitous <= 100:
            raise GamutError(
                f"Rare is up to {self.rare:g} % of the samples and ubiquitous from {self.ubiquitous:g} %; the first must be "
                "the smaller one, both between 0 and 100."
            )


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Features by how many samples hold them; `kind` int8 (n_features), a place in `KINDS`; samples: int64 (n_features)."""

    samples: np.ndarray
    kind: np.ndarray
    n_samples: int

    @property
    def counts(self) -> dict[str, int]:
        """How many features are of each kind."""
        return dict(zip(KINDS, np.bincount(self.kind, minlength=len(KINDS)).tolist(), strict=True))

    @property
    def rare(self) -> np.ndarray:
        """Bool (n_features)."""
        return self.kind == KINDS.index("rare")

    def histogram(self) -> tuple[np.ndarray, np.ndarray]:
        """Edges (percent of the samples, even on a logarithmic axis) and the live features between them."""
        low = np.log10(100 / max(1, self.n_samples))
        bins = max(1, int(np.ceil((2 - low) * BINS_A_DECADE)))
        edges = 10 ** np.linspace(low, 2, bins + 1)
        share = 100 * self.samples[self.samples > 0] / max(1, self.n_samples)
        place = np.clip(np.searchsorted(edges, share * (1 + 1e-12), side="right") - 1, 0, bins - 1)
        return edges, np.bincount(place, minlength=bins)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A group beside the pool: its shares of all samples, of their tokens, and of all holdings of rare features.

    effective: its effective number of features over `drawn` of its samples; null_low, null_high: the least and the most of
    `DRAWS` sets of random samples of all with the same lengths. rare_low, rare_high: the share of the rare that such sets carry,
    95 % for all groups together.
    """

    name: str
    samples: int
    share_of_samples: float
    share_of_tokens: float
    share_of_rare: float
    effective: float
    null_low: float
    null_high: float
    drawn: int
    rare_low: float
    rare_high: float

    @property
    def rare_per_token(self) -> float | None:
        """Its holdings of rare features a token, over those of all samples."""
        return self.share_of_rare / self.share_of_tokens if self.share_of_tokens else None


def spectrum(features: FeatureSets, bounds: Bounds) -> Spectrum:
    """Every feature with its kind."""
    share = 100 * features.samples / max(1, features.n_samples)
    kind = np.full(features.n_features, KINDS.index("common"), np.int8)
    kind[share <= bounds.rare + 1e-12] = KINDS.index("rare")
    kind[share >= bounds.ubiquitous - 1e-12] = KINDS.index("ubiquitous")
    kind[features.samples == 0] = KINDS.index("dead")
    return Spectrum(features.samples, kind, features.n_samples)


def hill_numbers(counts: np.ndarray) -> tuple[float, float, float]:
    """Hill numbers of order 0, 1 and 2 of counts int (features): live, exp of entropy, inverse of Simpson's index."""
    held = np.asarray(counts, np.float64)
    held = held[held > 0]
    if not len(held):
        return 0.0, 0.0, 0.0
    share = held / held.sum()
    return float(len(held)), float(np.exp(-(share * np.log(share)).sum())), float(1 / (share**2).sum())


Beside = tuple[float, float, float, int]  # of a group: as `effective_beside_null` says


def carriers(
    features: FeatureSets, rare: np.ndarray, *, codes: np.ndarray, names: tuple[str, ...], tokens: np.ndarray,
    lengths: np.ndarray, effective: list[Beside] | None = None,
) -> list[Carrier]:  # fmt: skip
    """Who carries the rare features, a row a group, in the order of their names; empty groups are left out.

    rare: bool (n_features). codes: int (n), `names[codes[i]]` is the group of sample i, −1 for none. tokens: int (n).
    lengths: int (n), the group of like length from which a sample's random counterpart is drawn. effective: what
    `effective_beside_null` says of the groups, where it is known: it is the same whatever is rare.
    """
    held, members = features.hits(rare), group_members(codes, names)
    if effective is None:
        effective = effective_beside_null(features, list(members.values()), lengths)
    bands = _bands(held, list(members.values()), lengths)
    return [
        Carrier(name, len(own), len(own) / len(codes), _share(tokens, own), _share(held, own), *beside, *band)
        for (name, own), beside, band in zip(members.items(), effective, bands, strict=True)
    ]


def group_members(codes: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The samples of every group that has any, by its name; int64, ascending."""
    every = {name: np.flatnonzero(codes == code) for code, name in enumerate(names)}
    return {name: own for name, own in every.items() if len(own)}


def effective_beside_null(
    features: FeatureSets, groups: list[np.ndarray], lengths: np.ndarray, *, draws: int = DRAWS, seed: int = 0
) -> list[Beside]:
    """Of each group its effective number of features, the least and most of random samples as long; samples used.

    The random samples are drawn from all, without replacement, as many of each group of like length as the group has.
    Of more than `MOST_ROWS` samples a seeded part is used on both sides.
    """
    rng, like = np.random.default_rng(seed), LikeLengths(lengths)
    used = [np.sort(rng.choice(own, MOST_ROWS, replace=False)) if len(own) > MOST_ROWS else own for own in groups]
    found = []
    for own in used:
        null = [_effective(features, like.draw(rng, own)) for _ in range(draws)]
        found.append((_effective(features, own), min(null), max(null), len(own)))
    return found


def _effective(features: FeatureSets, ids: np.ndarray) -> float:
    return hill_numbers(_held(features.indptr, features.indices, ids, features.n_features))[1]


def _share(values: np.ndarray, ids: np.ndarray) -> float:
    total = values.sum(dtype=np.int64)
    return float(values[ids].sum(dtype=np.int64) / total) if total else 0.0


def _bands(held: np.ndarray, groups: list[np.ndarray], lengths: np.ndarray) -> list[tuple[float, float]]:
    """The share of all holdings that random samples of the same lengths as each group have: mean ± z standard deviations.

    Stratified random sampling without replacement (Cochran 1977, 5.3); z for 95 % in all groups together (Bonferroni).
    """
    size, total = np.bincount(lengths), held.sum(dtype=np.int64)
    if not total:
        return [(0.0, 0.0)] * len(groups)
    there = np.maximum(size, 1)
    mean = np.bincount(lengths, held) / there
    spread = np.bincount(lengths, (held - mean[lengths]) ** 2) / np.maximum(size - 1, 1)
    found = []
    for own in groups:
        drawn = np.bincount(lengths[own], minlength=len(size))
        middle, variance = drawn @ mean, drawn @ ((1 - drawn / there) * spread)
        more = np.sqrt(variance) * NormalDist().inv_cdf(1 - 0.025 / len(groups))
        found.append((float(max(0.0, middle - more) / total), float(min(total, middle + more) / total)))
    return found


@njit(cache=True, nogil=True)
def _held(indptr, indices, ids, n_features):
    out = np.zeros(n_features, np.int64)
    for sample in ids:
        for e in range(indptr[sample], indptr[sample + 1]):
            out[indices[e]] += 1
    return out
