"""Which samples of a data set a capability was learned from, told by their texts: so in copies, pools and files too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from core.scores.capability import Capability
from core.store.datasets import Dataset, dataset_with_hash
from core.store.pools import members_of

NO_HASHES = (
    "This capability was learned by an older Gamut and does not tell the texts of its samples: those of files, and of data sets "
    "that are no longer here, are not recognised. Learn it again to have them left out."
)


def learned_from(dataset: Dataset, capability: Capability) -> np.ndarray:
    """The samples of a data set whose texts a capability was learned from: bool (n).

    Of a file that keeps no hashes of its texts, only those that its sources still tell: see `caveat_of`.
    """
    return own_rows(dataset, hashes=capability.hashes, sources=capability.learned.sources)


def caveat_of(capability: Capability) -> str:
    """What is to be said where a capability cannot tell all of its samples; nothing where it can."""
    return "" if capability.hashes else NO_HASHES


def own_rows(dataset: Dataset, *, hashes: Collection[str], sources: Sequence[dict[str, Any]] = ()) -> np.ndarray:
    """The samples with one of these content hashes, bool (n); without any hashes, those of the sources' ids."""
    out = np.zeros(len(dataset), bool)
    if not hashes:
        hashes = set()
        for source in sources:
            hashes |= _texts_of(dataset, source)
            out[_places_of(dataset, source)] = True
    out[dataset.ids_with_content(hashes)] = True
    return out


def _texts_of(dataset: Dataset, source: dict[str, Any]) -> set[str]:
    """The content hashes of a source's ids, where its data set is still here."""
    wanted = source.get("content_hash", "")
    if not wanted or not source.get("ids"):
        return set()
    found = dataset_with_hash(dataset.workspace, wanted, name=source.get("dataset", ""))
    if found is None:
        return set()
    every = found.content_hashes()
    return {every[sample_id] for sample_id in source["ids"]}


def _places_of(dataset: Dataset, source: dict[str, Any]) -> np.ndarray:
    """Where a source's ids stand, in the data set itself and in every member of it that is the source: int64."""
    begins = [(member.content_hash, member.first) for member in members_of(dataset)] + [(dataset.content_hash, 0)]
    ids = np.array(source.get("ids", []), np.int64)
    places = [first + ids for content, first in begins if content == source.get("content_hash", "")]
    return np.concatenate(places) if places else np.empty(0, np.int64)
