"""Who may be chosen at all, and which features count: the parts of a specification that leave the ranking alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields, replace

import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.scores.hygiene import hygiene
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.sample_filter import SampleFilter, matching


def allowed(dataset: Dataset, only: SampleFilter, eligible: np.ndarray) -> np.ndarray:
    """Which samples a filter lets through, bool (n); `GamutError` naming its parts where none of `eligible` is among them."""
    found = _mask(dataset, only, len(eligible))
    if (found & eligible).any() or not eligible.any():
        return found
    parts = [part.words() for part in _parts(only)]
    if len(parts) == 1:
        raise GamutError(f"No sample that may be chosen fits “{parts[0]}”; loosen it.")
    alone = [int((_mask(dataset, part, len(eligible)) & eligible).sum()) for part in _parts(only)]
    told = "; ".join(f"“{words}” alone leaves {rows}" for words, rows in zip(parts, alone, strict=True))
    raise GamutError(f"No sample that may be chosen fits all of the filter: {told}. Loosen one of them.")


def features_without(analysis: Analysis, features: FeatureSets, kinds: Collection[str]) -> FeatureSets:
    """The feature sets less the features of some kinds; the ids of the others stay as they are."""
    if not kinds:
        return features
    keep = ~of_kinds(analysis, kinds)[features.indices]
    size = np.concatenate([[0], np.cumsum(keep)])
    return FeatureSets(size[features.indptr].astype(np.int64), features.indices[keep], features.n_features)


def of_kinds(analysis: Analysis, kinds: Collection[str]) -> np.ndarray:
    """Which features are of one of these kinds: bool (n_features)."""
    found = hygiene(analysis)
    for kind in sorted(kinds):
        if kind in found.unknown:
            raise GamutError(f"Features of the kind {kind!r} cannot be left out here: {found.unknown[kind]}")
    return found.any_of(kinds)


def _mask(dataset: Dataset, only: SampleFilter, n: int) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[matching(dataset, only)] = True
    return mask


def _parts(only: SampleFilter) -> Iterator[SampleFilter]:
    """Each condition of a filter alone."""
    for field in fields(only):
        value = getattr(only, field.name)
        if value == getattr(SampleFilter(), field.name):
            continue
        if field.name == "columns":
            yield from (SampleFilter(columns=(condition,)) for condition in value)
        else:
            yield replace(SampleFilter(), **{field.name: value})
