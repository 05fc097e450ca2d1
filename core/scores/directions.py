"""Directions of a capability: which way its samples move a model's states, layer by layer.

At every layer l the change Δ(p) = A(last token of p) − A(first token of p) is taken of every sample p of a small set;
the direction v is the first principal component of these changes. A principal component has no sign: it gets the one
with which the samples' own token means, position 0 left out, lie on its positive side.
Source: NAIT, arXiv 2603.13201 (changes and principal component); the sign by token means is our choice, as a constant
first token can flip the sign that the changes themselves would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 4  # samples of a set: two halves of two
DENSE = 128  # up to so many rows or columns all components are computed; above, only the first


@dataclass(frozen=True, eq=False)
class Directions:
    """Unit directions float32 (layers, d), and of each layer, float64: how it came about.

    `explained`: share of the changes' variance along the direction. `margin`: |μ·v| / ‖μ‖ with μ the mean of the token
    means, which settles the sign. `flips`: True where the mean change would have given the other sign.
    """

    vectors: np.ndarray
    explained: np.ndarray
    margin: np.ndarray
    flips: np.ndarray


def learn_directions(change: np.ndarray, mean: np.ndarray) -> Directions:
    """Directions of a set from its changes and its token means, both float (layers, n, d); n at least `FEWEST`."""
    if change.shape[1] < FEWEST:
        raise ValueError(f"{change.shape[1]} samples; at least {FEWEST} are needed")
    layers = [direction(own, means) for own, means in zip(change, mean, strict=True)]
    vectors, explained, margin, flips = (np.array(column) for column in zip(*layers, strict=True))
    return Directions(vectors.astype(np.float32), explained, margin, flips.astype(bool))


def direction(change: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
    """Of one layer, changes and means (n, d): the direction float64 (d), what it explains, its sign margin, whether it flips."""
    vector, explained = principal(change)
    middle = np.asarray(mean, np.float64).mean(axis=0)
    along = float(middle @ vector)
    vector = -vector if along < 0 else vector
    flips = bool(np.asarray(change, np.float64).mean(axis=0) @ vector < 0)
    length = float(np.linalg.norm(middle))
    return vector, explained, abs(along) / length if length > 0 else 0.0, flips


def principal(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The first principal component of rows (n, d), unit length float64, largest entry positive, and its share of variance.

    Ties of the largest entry go to the lowest place. Rows that do not differ have no component: zeros and 0.
    """
    wide = np.asarray(rows, np.float64)
    centred = wide - wide.mean(axis=0)
    total = float((centred**2).sum())
    if total <= 1e-30 * max(1.0, float((wide**2).sum())):
        return np.zeros(wide.shape[1]), 0.0
    few = len(centred) <= centred.shape[1]  # the smaller of the two squares has the same component
    value, side = _largest(centred @ centred.T if few else centred.T @ centred)
    found = side @ centred if few else side
    unit = found / np.linalg.norm(found)
    return unit * (1.0 if unit[np.argmax(np.abs(unit))] > 0 else -1.0), value / total


def _largest(square: np.ndarray) -> tuple[float, np.ndarray]:
    """The largest eigenvalue of a symmetric matrix and its vector; a large one by Lanczos, from a start that never changes."""
    if len(square) > DENSE:
        from scipy.sparse.linalg import ArpackNoConvergence, eigsh  # slow to import: only to learn

        start = np.random.Generator(np.random.PCG64(0)).normal(size=len(square))
        try:
            values, vectors = eigsh(square, k=1, which="LA", v0=start)
            return float(values[-1]), vectors[:, -1]
        except ArpackNoConvergence:
            pass
    values, vectors = np.linalg.eigh(square)
    return float(values[-1]), vectors[:, -1]
