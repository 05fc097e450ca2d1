"""Every selection method by name. A new method is a new file and one line here."""

from __future__ import annotations

from dataclasses import fields

from core.errors import GamutError
from core.selection.method import CAPABILITY, Method, parse_options
from core.selection.methods import (
    bm25,
    difference_of_means,
    embedding_similarity,
    feature_coverage,
    imported_ids,
    imported_score,
    k_center,
    longest,
    mixture,
    mona,
    nait,
    neuron_overlap,
    random_order,
    repr_filter,
    richest,
    sae_greedy,
    sae_simscale,
)

__all__ = ["METHODS", "find", "parse_options", "takes_capabilities"]

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        sae_greedy.METHOD,
        sae_simscale.METHOD,
        longest.METHOD,
        random_order.METHOD,
        feature_coverage.METHOD,
        k_center.METHOD,
        repr_filter.METHOD,
        richest.METHOD,
        nait.METHOD,
        difference_of_means.METHOD,
        embedding_similarity.METHOD,
        mona.METHOD,
        neuron_overlap.METHOD,
        bm25.METHOD,
        imported_score.METHOD,
        mixture.METHOD,
    )
}


# Found by name, but not offered as a choice: its samples come with a file.
FOUND_ONLY: dict[str, Method] = {imported_ids.NAME: imported_ids.METHOD}


def takes_capabilities(method: Method) -> bool:
    """Whether a method looks for learned capabilities."""
    return any(field.metadata["names"] == CAPABILITY for field in fields(method.options))


def find(name: str) -> Method:
    """The method of that name; GamutError with the known names otherwise."""
    if name in FOUND_ONLY:
        return FOUND_ONLY[name]
    if name not in METHODS:
        raise GamutError(f"There is no selection method “{name}”; the methods are: {', '.join(METHODS)}.")
    return METHODS[name]
