"""How good the directions of a capability are: what they explain, how sure their sign is, whether other samples would give them.

Each figure stands beside that of random sets of the pool, as large as the capability's own: what explains much of any
text, and comes out of any sample, is no direction of a capability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.scores.directions import direction

FIGURES = ("explained", "margin", "stability")
DRAWS = 10  # pairs of disjoint sets of one size
LEAST, STEP = 16, 4  # sets of 16, 64, 256 … samples


@dataclass(frozen=True, eq=False)
class Quality:
    """The figures of a set at one site, in the order of `FIGURES`, all float64.

    explained: share of the changes' variance along the direction. margin: |μ·v| / ‖μ‖ (see `core.scores.directions`).
    stability: |cos| between the directions of two disjoint sets.

    `own` (figures, layers): of the whole set; its stability is that of halves, the mean over draws. `sizes` int64 (s):
    16, 64, 256 … samples and half of all. `by_size` (figures, s, draws, layers): of pairs of disjoint sets of so many
    samples, drawn again and again. `random` (figures, sets, layers): as `own`, of random sets of equal size; there may
    be none. `random_by_size` (figures, s, sets, layers): of random sets by number of samples, the mean over draws.
    """

    own: np.ndarray
    sizes: np.ndarray
    by_size: np.ndarray
    random: np.ndarray
    random_by_size: np.ndarray

    @property
    def layers(self) -> int:
        return self.own.shape[1]

    @property
    def random_sets(self) -> int:
        """How many different random sets there are: equal ones, of an older Gamut, count once."""
        return len({own.tobytes() for own in np.moveaxis(self.random, 1, 0)})

    def figure(self, name: str) -> np.ndarray:
        """One figure of the whole set by layer, float64 (layers)."""
        return self.own[FIGURES.index(name)]

    def of_random(self, name: str) -> np.ndarray:
        """One figure of the random sets, float64 (sets, layers)."""
        return self.random[FIGURES.index(name)]

    def curve(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """A figure, averaged over the layers, by number of samples: `sizes`, and median, lowest and highest draw (s)."""
        drawn = self.by_size[FIGURES.index(name)].mean(axis=2)
        if not drawn.size:
            return np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0)
        return self.sizes, np.median(drawn, axis=1), drawn.min(axis=1), drawn.max(axis=1)

    def random_curve(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Lowest and highest of random sets by number of samples, the mean over layers: float64 (s) both; None without any."""
        drawn = self.random_by_size[FIGURES.index(name)].mean(axis=2)
        return (drawn.min(axis=1), drawn.max(axis=1)) if drawn.size else None


@dataclass(frozen=True, slots=True)
class Glance:
    """A figure averaged over the layers: of the capability, and the lowest and highest of random sets, None without any."""

    name: str
    own: float
    low: float | None
    high: float | None

    @property
    def beyond(self) -> bool | None:
        """Whether it is higher than that of every random set; None without any."""
        return None if self.high is None else self.own > self.high


def measure(change: np.ndarray, mean: np.ndarray, *, seed: int = 0) -> Quality:
    """The quality of a set from its changes and token means, float (layers, n, d), without random sets beside it.

    `seed` decides the draws. n at least `core.scores.directions.FEWEST`.
    """
    n, layers = change.shape[1], len(change)
    rng = np.random.default_rng(seed)
    sizes = _sizes(n)
    draws = [[rng.permutation(n)[: 2 * size].reshape(2, size) for _ in range(DRAWS)] for size in sizes.tolist()]
    by_size = np.empty((len(FIGURES), len(sizes), DRAWS, layers))
    own = np.empty((len(FIGURES), layers))
    for layer in range(layers):
        moved = np.asarray(change[layer], np.float64)
        _, own[0, layer], own[1, layer], _ = direction(moved, mean[layer])
        for at, pairs in enumerate(draws):
            for draw, pair in enumerate(pairs):
                by_size[:, at, draw, layer] = _pair(moved, mean[layer], pair)
    own[2] = by_size[2, -1].mean(axis=0)
    none = np.empty((len(FIGURES), 0, layers))
    return Quality(own, sizes, by_size, none, np.empty((len(FIGURES), len(sizes), 0, layers)))


def beside(own: Quality, random: Sequence[Quality]) -> Quality:
    """The quality of a set with that of random sets beside it."""
    if not random:
        return own
    found = np.stack([each.own for each in random], axis=1)
    by_size = np.stack([_at_sizes(each, own.sizes) for each in random], axis=2)
    return Quality(own.own, own.sizes, own.by_size, found, by_size)


def _at_sizes(random: Quality, sizes: np.ndarray) -> np.ndarray:
    """The mean over draws of a random set's figures at some sizes, float64 (figures, s, layers).

    The last size is half of all, also where a random set has fewer samples with a token that counts.
    """
    places = [int(np.searchsorted(random.sizes, size)) for size in sizes[:-1].tolist()]
    places = [min(place, len(random.sizes) - 1) for place in places]
    return random.by_size.mean(axis=2)[:, [*places, len(random.sizes) - 1]]


def at_a_glance(quality: Quality) -> tuple[Glance, ...]:
    """Every figure in one number, the mean over the layers, beside the range of random sets."""
    found = []
    for name in FIGURES:
        random = quality.of_random(name).mean(axis=1)
        low, high = (float(random.min()), float(random.max())) if len(random) else (None, None)
        found.append(Glance(name, float(quality.figure(name).mean()), low, high))
    return tuple(found)


def _sizes(n: int) -> np.ndarray:
    half = n // 2
    return np.array([*(size for size in (LEAST * STEP**k for k in range(12)) if size < half), half], np.int64)


def _pair(change: np.ndarray, mean: np.ndarray, pair: np.ndarray) -> tuple[float, float, float]:
    """What two sets explain and how sure their signs are, on average, and how far their directions agree."""
    (one, e1, m1, _), (other, e2, m2, _) = (direction(change[ids], mean[ids]) for ids in pair)
    return (e1 + e2) / 2, (m1 + m2) / 2, abs(float(one @ other))


def quality_words(quality: Quality) -> str:
    """What the figures say, in two sentences."""
    explained, _, stable = at_a_glance(quality)
    said = (
        f"Two halves of the samples give directions with |cos| {stable.own:.2f}, the mean over {quality.layers} layers"
    )
    if stable.high is None:
        return f"{said}; there are no random samples to compare with."
    sets = f"{quality.random_sets} random sets" if quality.random_sets > 1 else "the one random set there is"
    if stable.beyond and explained.beyond:
        verdict = f"more than {'any of ' if quality.random_sets > 1 else ''}{sets}"
    elif stable.beyond:
        verdict = (
            f"more than {sets}, which explains as much of its own changes"
            if quality.random_sets == 1
            else f"more than any of {sets}, though these explain as much of their own changes"
        )
    else:
        verdict = f"no more than {sets}: this may be a direction of text in general"
    of_chance = f"{stable.low:.2f} to {stable.high:.2f}" if quality.random_sets > 1 else f"{stable.high:.2f}"
    return f"{said}: {verdict} ({of_chance})."
