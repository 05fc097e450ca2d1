"""Directions of a capability: which way its samples move a model's states, layer by layer, and how sure that is.

At every layer l the change Δ(p) = A(last token of p) − A(first token of p) is taken of every sample p of a small set;
the direction v is the first principal component of these changes. A principal component has no sign: it gets the one
with which the samples' own token means, position 0 left out, lie on its positive side.
Source: NAIT, arXiv 2603.13201 (changes and principal component); the sign by token means is our choice, as a constant
first token can flip the sign that the changes themselves would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPLITS = 10  # halvings that stability is averaged over
STEP = 4  # a set is also learned from its first 16, 64, 256 … samples
LEAST = 16
FEWEST = 4  # samples of a set: two halves of two


@dataclass(frozen=True, eq=False)
class Directions:
    """Unit directions float32 (layers, d), and how good each is, float64 (layers).

    `explained`: share of the changes' variance along the direction. `margin`: |μ·v| / ‖μ‖ with μ the mean of the token
    means, which settles the sign. `flips`: True where the mean change would have given the other sign.
    `stability`: |cos| between directions of two random halves, averaged over halvings. `sizes` int64 (s), and
    `agreement` float64 (s, layers): |cos| between the direction of so many samples and that of all.
    """

    vectors: np.ndarray
    explained: np.ndarray
    margin: np.ndarray
    flips: np.ndarray
    stability: np.ndarray
    sizes: np.ndarray
    agreement: np.ndarray


def learn_directions(change: np.ndarray, mean: np.ndarray, *, seed: int = 0) -> Directions:
    """Directions of a set from its changes and its token means, both float (layers, n, d); n at least `FEWEST`.

    `seed` decides the halves and which samples a smaller set has.
    """
    n = change.shape[1]
    if n < FEWEST:
        raise ValueError(f"{n} samples; at least {FEWEST} are needed")
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    halves = [np.array_split(rng.permutation(n), 2) for _ in range(SPLITS)]
    sizes = np.array([size for size in (LEAST * STEP**k for k in range(12)) if size < n], np.int64)
    parts = [_layer(change[at], mean[at], order, halves, sizes) for at in range(len(change))]
    columns = [np.array(column) for column in zip(*parts, strict=True)]
    vectors, explained, margin, flips, stability, agreement = columns
    return Directions(
        vectors.astype(np.float32), explained, margin, flips.astype(bool), stability, sizes,
        agreement.T.reshape(len(sizes), len(change)),
    )  # fmt: skip


def principal(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The first principal component of rows (n, d), unit length float64, largest entry positive, and its share of variance.

    Ties of the largest entry go to the lowest place. Rows that do not differ have no component: zeros and 0.
    """
    wide = np.asarray(rows, np.float64)
    centred = wide - wide.mean(axis=0)
    total = float((centred**2).sum())
    if total <= 1e-30 * max(1.0, float((wide**2).sum())):
        return np.zeros(wide.shape[1]), 0.0
    if len(centred) <= centred.shape[1]:  # the smaller of the two squares has the same component
        values, sides = np.linalg.eigh(centred @ centred.T)
        found = sides[:, -1] @ centred
    else:
        values, sides = np.linalg.eigh(centred.T @ centred)
        found = sides[:, -1]
    unit = found / np.linalg.norm(found)
    return unit * (1.0 if unit[np.argmax(np.abs(unit))] > 0 else -1.0), float(values[-1] / total)


def _layer(change, mean, order, halves, sizes) -> tuple[np.ndarray, float, float, bool, float, np.ndarray]:
    vector, explained = principal(change)
    middle = np.asarray(mean, np.float64).mean(axis=0)
    along = float(middle @ vector)
    vector = -vector if along < 0 else vector
    flips = bool(np.asarray(change, np.float64).mean(axis=0) @ vector < 0)
    length = float(np.linalg.norm(middle))
    margin = abs(along) / length if length > 0 else 0.0
    stability = float(np.mean([abs(principal(change[a])[0] @ principal(change[b])[0]) for a, b in halves]))
    agreement = np.array([abs(principal(change[order[:size]])[0] @ vector) for size in sizes])
    return vector, explained, margin, flips, stability, agreement
