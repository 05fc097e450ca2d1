"""Sets of samples as plain values: what the app's link, the command line and a comparison all speak.

A set is what a filter lets through, the rest of the pool, a saved selection, or all samples of another analysis.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import GamutError
from core.selection.saved import load_selection
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.sample_filter import NOT_TOLD, SampleFilter, matching

FILTER, REST, SELECTION, ANALYSIS = "filter", "rest", "selection", "analysis"
NAMED = (SELECTION, ANALYSIS)
EVERYBODY = SampleFilter()
GROUP = "group"  # a saved group of samples, as a filter has it
WAYS = "all, rest, column=value, language=CODE, flag=NAME, group:NAME, selection:NAME, analysis:NAME or filter:JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSet:
    """One set: by `filter`, by the `name` of a selection or an analysis, or all samples that the other set has not."""

    kind: str
    name: str = ""
    filter: SampleFilter = EVERYBODY

    def __post_init__(self) -> None:
        if self.kind not in (FILTER, REST, *NAMED) or (self.kind in NAMED) != bool(self.name):
            raise GamutError(f"There is no set of samples {self.kind!r} {self.name!r}; name {WAYS}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        if self.kind == FILTER:
            return {"kind": FILTER, "filter": self.filter.as_dict()}
        return {"kind": self.kind} | ({"name": self.name} if self.name else {})

    @staticmethod
    def from_dict(said: dict[str, Any]) -> SampleSet:
        """The set that `as_dict` wrote; `GamutError` where it cannot have."""
        try:
            given = {key: str(said[key]) for key in ("kind", "name") if key in said}
            return SampleSet(**given, filter=SampleFilter.from_dict(said.get("filter", {})))
        except (TypeError, AttributeError, KeyError):
            raise GamutError(f"This is no set of samples: {str(said)[:200]}; choose it anew.") from None

    def words(self) -> str:
        """The set in words: “the rest”, “category = open_qa”, “selection small”."""
        return {
            FILTER: self.filter.words(), REST: "the rest", SELECTION: f"selection {self.name}",
            ANALYSIS: f"analysis {self.name}",
        }[self.kind]  # fmt: skip


ALL = SampleSet(kind=FILTER)
THE_REST = SampleSet(kind=REST)


def parse_set(text: str, dataset: Dataset) -> SampleSet:
    """A set as typed on the command line; a column of the data set comes before a language or a flag of that name."""
    kind, colon, name = text.partition(":")
    if text in ("all", "rest"):
        return ALL if text == "all" else THE_REST
    if colon and kind in NAMED and name:
        return SampleSet(kind=kind, name=name)
    if colon and kind == GROUP and name:
        return SampleSet(kind=FILTER, filter=SampleFilter(groups=(name,)))
    if colon and kind == FILTER:
        try:
            return SampleSet(kind=FILTER, filter=SampleFilter.from_dict(json.loads(name)))
        except ValueError:
            raise GamutError(f"{name!r} is not JSON; write filter:{{…}} as the app's link has it.") from None
    column, equals, value = text.partition("=")
    if not equals:
        raise GamutError(f"{text!r} names no set of samples; write {WAYS}.")
    own = {known.name for known in dataset.columns}
    if column not in own and column == "language":
        return SampleSet(kind=FILTER, filter=SampleFilter(languages=(value or NOT_TOLD,)))
    if column not in own and column == "flag":
        return SampleSet(kind=FILTER, filter=SampleFilter(flags=(value,)))
    return SampleSet(kind=FILTER, filter=SampleFilter(columns=((column, value or None),)))


def members(wanted: SampleSet, analysis: Analysis, dataset: Dataset) -> np.ndarray:
    """Which samples of an analysis are in a set by filter or selection: bool (n)."""
    inside = np.zeros(analysis.n_samples, bool)
    inside[_ids(wanted, analysis, dataset)] = True
    return inside


def _ids(wanted: SampleSet, analysis: Analysis, dataset: Dataset) -> np.ndarray:
    if wanted.kind == FILTER:
        return np.array(matching(dataset, wanted.filter), np.int64)
    saved = load_selection(dataset.workspace, wanted.name)
    if saved.dataset_hash != analysis.dataset_hash:
        raise GamutError(
            f"Selection {wanted.name!r} chose from data set {saved.dataset!r}, not from {analysis.dataset!r}; choose one of "
            "the same data set."
        )
    return np.array(saved.ids, np.int64)
