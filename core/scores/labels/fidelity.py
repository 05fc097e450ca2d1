"""Fidelity: how well a label tells contexts where its feature is active from silent ones that it was not made of.

Silent contexts are of three kinds, reported apart: random ones, those alike in category, length and position, and those
at the same token. Each label is set beside a null: labels of other features of like density, scored on the same contexts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Protocol

import numpy as np

from core.scores.labels.auroc import FEWEST, Area, area, auroc, unmeasured
from core.scores.labels.contexts import Contexts, Drawn
from core.scores.labels.draw import mixed

RANDOM, ALIKE, SAME_TOKEN = "random", "alike", "same_token"
KINDS = (RANDOM, ALIKE, SAME_TOKEN)
KIND_WORDS = {
    RANDOM: "random contexts",
    ALIKE: "contexts of the same category, length and position",
    SAME_TOKEN: "contexts at the same token",
}
SWAPS = 5  # labels of other features that make a null
AROUND = 40  # features of likest density among which they are drawn
HALF = 0.5 - 1e-9  # of the active tokens, where precision is told
VERSION = 2


class Scorer(Protocol):
    """A label as a scorer: how strongly the label of feature `owner` says "active" at places of the corpus."""

    def scores(self, owner: int, places: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How well one label holds: the area under the ROC curve against each kind of silent contexts.

    null: the mean area of the swapped labels, against contexts alike (random ones where too few are alike), as is
    `headline`. recall: the share of active tokens, weighed by strength band as they occur by nature, of which the label
    says anything. precision: of the tokens to which the label says yes, at that strictness at which it finds half of the
    active ones (or all it can), the share where the feature is active, at its natural density; half a false alarm is
    counted where none was seen. heard: False where none of a free text's words stands in any of the contexts: then there
    is nothing to measure it by.
    """

    positives: int
    areas: dict[str, Area]
    null: float
    recall: float
    precision: float
    heard: bool = True

    @property
    def headline(self) -> Area:
        """The area against contexts alike, or against random ones where too few are alike."""
        return headline(self.areas)

    @property
    def measured(self) -> bool:
        return self.headline.measured

    @property
    def explains(self) -> bool | None:
        """Whether the label tells more than its null: the interval lies above it; None where there is too little."""
        return self.headline.low > max(0.5, self.null) if self.measured else None

    def words(self) -> str:
        """One line: AUROC 0.88 (0.82 to 0.93), null 0.52."""
        if not self.heard:
            return "not measured: none of its words stands in the contexts held out"
        if not self.measured:
            few = f"only {self.positives} active" if self.positives < FEWEST else "too few silent"
            return f"not measured: {few} contexts held out, {FEWEST} are needed"
        own = self.headline
        said = f"AUROC {own.value:.2f} ({own.low:.2f} to {own.high:.2f}), null {self.null:.2f}"
        return said if self.explains else f"explains nothing measurable: {said}"


def headline(areas: dict[str, Area]) -> Area:
    """Of the areas the one that a label is judged by."""
    return areas[ALIKE] if areas[ALIKE].measured else areas[RANDOM]


@dataclass(frozen=True)
class Nature:
    """How often each feature is active by nature: `density` of scored tokens float64, tokens by band int64 (n, bands)."""

    density: np.ndarray
    bands: np.ndarray


def measure(
    contexts: Contexts, scorer: Scorer, nature: Nature, *, labelled: np.ndarray, others: np.ndarray | None = None,
    random: int | None = None, by_words: bool = False, progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, Fidelity]:  # fmt: skip
    """The fidelity of every labelled feature that has contexts.

    others: the features whose labels the null is taken from (None: the labelled ones). random: how many of the shared
    silent places are looked at (None: all). by_words: a label that says nothing of any context is not measured, as it
    may mean what it has no word for.
    """
    own = np.isin(contexts.features, labelled)
    features, drawn = contexts.features[own], [d for d, wanted in zip(contexts.drawn, own, strict=True) if wanted]
    swaps = Swaps(features if others is None else others, nature.density)
    found = {}
    for at, feature in enumerate(features.tolist()):
        progress(at, len(features))
        silent = _silent(drawn[at], contexts.random, random)
        found[feature] = _one(feature, swaps.of(feature), drawn[at], silent, scorer, nature, by_words)
    return found


def _silent(drawn: Drawn, random: np.ndarray, most: int | None) -> dict[str, np.ndarray]:
    return {
        RANDOM: random[drawn.silent][:most],
        ALIKE: drawn.alike[drawn.alike >= 0],
        SAME_TOKEN: drawn.same_token[drawn.same_token >= 0],
    }


def _one(
    feature: int, partners: np.ndarray, drawn: Drawn, silent: dict[str, np.ndarray], scorer: Scorer, nature: Nature,
    by_words: bool,
) -> Fidelity:  # fmt: skip
    positives = scorer.scores(feature, drawn.active)
    negatives = {kind: scorer.scores(feature, places) for kind, places in silent.items()}
    heard = not by_words or any(said.any() for said in (positives, *negatives.values()))
    areas = {kind: area(positives, negatives[kind]) if heard else unmeasured(len(negatives[kind])) for kind in KINDS}
    if not headline(areas).measured:
        return Fidelity(len(positives), areas, nan, nan, nan, heard)
    against = silent[ALIKE if areas[ALIKE].measured else RANDOM]
    nulls = [auroc(scorer.scores(other, drawn.active), scorer.scores(other, against)) for other in partners.tolist()]
    null = float(np.mean(nulls)) if nulls else nan
    recall, precision = _by_nature(positives, drawn.band, negatives[RANDOM], nature, feature)
    return Fidelity(len(positives), areas, null, recall, precision)


def _by_nature(
    positives: np.ndarray, band: np.ndarray, silent: np.ndarray, nature: Nature, feature: int
) -> tuple[float, float]:
    """Recall of any yes, and precision at half of the recall of all, each band weighing the tokens it has by nature."""
    bands, place, counts = np.unique(band, return_inverse=True, return_counts=True)
    tokens = nature.bands[feature][bands].astype(np.float64)
    weights = (tokens / counts)[place] if tokens.any() else np.ones(len(band))
    weights = weights / weights.sum()
    recall = float(weights[positives > 0].sum())
    if len(silent) < FEWEST:
        return recall, nan
    order = np.argsort(-positives, kind="stable")
    found = np.cumsum(weights[order])
    at = min(int(np.searchsorted(found, HALF)), len(order) - 1)
    strict = max(float(positives[order[at]]), np.nextafter(0, 1))  # a score of 0 is no yes
    hits = float(weights[positives >= strict].sum())
    alarms = max(float((silent >= strict).sum()), 0.5) / len(silent)
    density = float(nature.density[feature])
    return recall, density * hits / max(1e-300, density * hits + (1 - density) * alarms)


class Swaps:
    """For any feature others of like density among some, whose labels make its null."""

    def __init__(self, among: np.ndarray, density: np.ndarray) -> None:
        self._density = np.log(np.maximum(density, 1e-300))
        self._order = among[np.lexsort((among, self._density[among]))]
        self._sorted = self._density[self._order]

    def of(self, feature: int) -> np.ndarray:
        """The `AROUND` features of likest density, of these `SWAPS` seeded by the feature's id, ascending."""
        at = int(np.searchsorted(self._sorted, self._density[feature]))
        near = self._order[max(0, at - AROUND - 1) : at + AROUND + 1]
        near = near[near != feature]
        near = near[np.lexsort((near, np.abs(self._density[near] - self._density[feature])))][:AROUND]
        keys = np.array([mixed(feature, int(own), VERSION) for own in near], np.uint64)
        return np.sort(near[np.argsort(keys)][:SWAPS])
