"""A text of one's own beside the data set: what it lights, how common that is there, and which samples are like it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.activations.reading import Reading
from core.scores.feature_sets import FeatureSets
from core.scores.nearest import Near, nearest_to
from core.store.analyses import Analysis
from core.store.vectors import layer_means

RARE = 0.01  # of the samples: a feature active in fewer is told as rare


@dataclass(frozen=True, slots=True)
class FeatureHere:
    """A feature in a text: its maximum there at token `position`, tokens it is active at, and how it stands in the data set.

    `samples`: those of the data set in which it is ever active. `relative`: the maximum over the largest of the data
    set, infinite where it is never active there.
    """

    feature_id: int
    max: float
    tokens: int
    position: int
    samples: int
    relative: float


@dataclass(frozen=True, slots=True)
class NeuronHere:
    """A neuron's mean over a text's tokens, and over those of the data set (None where the analysis does not hold it)."""

    neuron: int
    mean: float
    usual: float | None


def features_here(analysis: Analysis, reading: Reading) -> list[FeatureHere]:
    """The features of a text, the relatively strongest first, ties by feature id."""
    lit = reading.lit
    query = "SELECT feature_id, samples, max FROM features WHERE feature_id IN (SELECT unnest(?)) ORDER BY feature_id"
    known = analysis.cursor().execute(query, [lit.features.tolist()]).fetchall()
    rows = zip(known, lit.maxima.tolist(), lit.tokens.tolist(), lit.positions.tolist(), strict=True)
    found = [
        FeatureHere(feature_id, maximum, tokens, position, samples, maximum / most if most > 0 else np.inf)
        for (feature_id, samples, most), maximum, tokens, position in rows
    ]
    return sorted(found, key=lambda here: (-here.relative, here.feature_id))


def rare_and_new(analysis: Analysis, here: list[FeatureHere]) -> tuple[int, int]:
    """Of a text's features: how many are active in some, but fewer than 1 % of the samples, and in how many in none."""
    rare = sum(0 < feature.samples < RARE * analysis.n_samples for feature in here)
    return rare, sum(feature.samples == 0 for feature in here)


def like_samples(
    features: FeatureSets, cut: np.ndarray, reading: Reading, *, limit: int = 10
) -> tuple[int, list[Near]]:
    """How many features of a text are active by the rule of `features` (thresholds `cut`), and the samples most like it."""
    lit = reading.lit
    row = lit.features[lit.maxima > cut[lit.features]]
    return len(row), nearest_to(features, row, limit=limit)


def neurons_here(analysis: Analysis, reading: Reading) -> list[list[NeuronHere]]:
    """By layer the neurons of largest absolute mean in a text, beside their mean over the data set."""
    held = len(reading.neuron_ids) and "layer_sums" not in analysis.contents.absent
    usual = layer_means(analysis).means if held else None
    return [
        [
            NeuronHere(neuron, mean, None if usual is None else float(usual[layer, neuron]))
            for neuron, mean in zip(ids.tolist(), means.tolist(), strict=True)
        ]
        for layer, (ids, means) in enumerate(zip(reading.neuron_ids, reading.neuron_means, strict=True))
    ]
