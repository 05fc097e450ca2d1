"""What sums and strongest neurons tell of a set where the store has no room for every neuron of every sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.capability import Capability
from core.selection.neuron_sides import Asked, NeuronSide
from core.selection.sample_sets import ALL, FILTER, SampleSet
from core.store.analyses import Analysis
from core.store.contents import ABSENT, SOME, STRONGEST
from core.store.sample_filter import SampleFilter
from core.store.vectors import layer_means, neurons_in_sample


@dataclass(frozen=True, eq=False)
class Told:
    """Means float64 (layers, neurons) of both sides, NaN where not known, and what is to be known about them."""

    a: np.ndarray
    b: np.ndarray | None
    how: str
    notes: tuple[str, ...]


def from_sums(asked: Asked) -> Told | None:
    """The means of both sides as far as an analysis' own sums tell; None where they do not tell one of them."""
    if len(asked.sources) > 1:
        return None
    question, analysis = asked.question, asked.sources[0].analysis
    sides = [side for side in (question.a, question.b) if side is not None]
    found = [_side(analysis, side, one, question.site) for side, one in zip(sides, asked.capabilities, strict=False)]
    if any(means is None for means in found):
        return None
    partial = any(np.isnan(means).any() for means in found if means is not None)
    notes = ["Means over all tokens of a set, as the analysis sums them up: longer samples count more."]
    if partial:
        notes = [
            f"Of a sample only the {STRONGEST} strongest neurons of each layer are kept; the others are left empty."
        ]
    notes.append("Neither the pool's spread nor chance can be told from sums.")
    return Told(found[0], found[1] if len(found) > 1 else None, "strongest" if partial else "sums", tuple(notes))  # type: ignore[arg-type]


def _side(analysis: Analysis, side: NeuronSide, one: Capability | None, site: str) -> np.ndarray | None:
    if one is not None:
        return one.means[site].astype(np.float64)
    if side.sample_id is not None:
        return _sample(analysis, side.sample_id) if site == "mlp" else None
    try:
        if side.samples == ALL:
            return layer_means(analysis, site=site).means
        group = group_of(analysis, side.samples)
        return None if group is None else layer_means(analysis, site=site, group=group).means
    except GamutError:  # the analysis holds no sums
        return None


def group_of(analysis: Analysis, wanted: SampleSet) -> str | None:
    """The group whose sums an analysis keeps that a set of samples is; None where it is none."""
    contents, only = analysis.contents, wanted.filter.columns
    if wanted.kind != FILTER or len(only) != 1 or wanted.filter != SampleFilter(columns=only):
        return None
    column, value = only[0]
    return value if column == contents.grouped_by and isinstance(value, str) and value in contents.groups else None


def _sample(analysis: Analysis, sample_id: int) -> np.ndarray | None:
    contents = analysis.contents
    if contents.neurons == ABSENT:
        return None
    kept = neurons_in_sample(analysis, sample_id)
    if contents.neurons != SOME or kept.ids is None:
        return kept.means.astype(np.float64)
    found = np.full((contents.shape.layers, contents.shape.neurons), np.nan)
    np.put_along_axis(found, kept.ids.astype(np.int64), kept.means.astype(np.float64), axis=1)
    return found
