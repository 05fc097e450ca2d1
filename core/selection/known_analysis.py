"""What is known of a pool's samples, read from their analysis and data set when it is first asked for."""

from __future__ import annotations

import json
from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit

from core.datasets.lint import RULES
from core.errors import GamutError
from core.scores.alignment import AlignmentSettings, alignment
from core.scores.capability import load_capability
from core.scores.feature_sets import Activity, FeatureSets, thresholds
from core.scores.target_likeness import likeness
from core.scores.trainer_rows import Counted, trained_tokens
from core.selection.known import NO_VALUE, Grouping, Known
from core.selection.targets import load_target
from core.selection.tenths import tenths
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.store.metadata import quoted
from core.store.sample_filter import NOT_TOLD, SampleFilter, matching
from core.store.sample_groups import group_of
from core.store.vectors import projection

NUMERIC = ("integer", "number", "boolean")
LENGTH, RESPONSE_LENGTH = "length", "response length"  # tenths by tokens, of the analysis' own tokenizer
REPEAT = "repeat"  # the group of samples with the same conversation as an earlier one
FLAG = "flag "  # and its name: flagged or not
IN_GROUP = "group "  # and the name of a saved group of samples: in it or not
IN_TENTHS = " in tenths"  # behind the name of a column of numbers
OF_EVERY = "built-in "  # before a name: the group that every data set has, also where a column of its own is called so
# Groups that every data set has, as SQL; a column of the data set's own of that name comes first.
BUILT_IN = {
    "language": f"SELECT if(language = '', '{NOT_TOLD}', language) FROM facts ORDER BY sample_id",
    "turns": "SELECT turns FROM samples ORDER BY sample_id",
    "flags": "SELECT coalesce(said, 'none') FROM samples LEFT JOIN (SELECT sample_id, string_agg(flag, ' + ' ORDER BY flag) "
    "AS said FROM flags GROUP BY sample_id) USING (sample_id) ORDER BY sample_id",
    "duplicate": f"SELECT if(duplicate_of IS NULL, 'first or only', '{REPEAT}') FROM facts ORDER BY sample_id",
}


def of_every(name: str, dataset: Dataset) -> str:
    """How to call a group that every data set has, in one that may have a column of that name itself."""
    return OF_EVERY + name if any(name == column.name for column in dataset.columns) else name


class KnownOfAnalysis(Known):
    """What an analysis and its data set know of the samples whose sets are `features`; `span` and `activity` made them."""

    def __init__(
        self, analysis: Analysis, dataset: Dataset, *, features: FeatureSets, span: str, activity: Activity
    ) -> None:
        self._analysis, self._dataset = analysis, dataset
        self._features, self._span, self._activity = features, span, activity
        self._scores: dict[str, np.ndarray] = {}
        self._groupings: dict[str, Grouping] = {}
        self._targets: dict[tuple[str, int], np.ndarray] = {}

    @cached_property
    def strengths(self) -> np.ndarray:  # type: ignore[override]
        """As `Known.strengths`."""
        found = self._analysis.activations(span=self._span)
        start = np.searchsorted(found.sample, np.arange(self._features.n_samples + 1))
        return _aligned(self._features.indptr, self._features.indices, start, found.feature, found.strength)

    @cached_property
    def vectors(self) -> np.ndarray:  # type: ignore[override]
        """The mean residual at the SAE's hook, projected to at most 256 dimensions: float32 (n, d)."""
        return projection(self._analysis).astype(np.float32)

    @cached_property
    def duplicate_of(self) -> np.ndarray:  # type: ignore[override]
        """As `Known.duplicate_of`."""
        query = "SELECT coalesce(duplicate_of, -1)::INTEGER AS d FROM facts ORDER BY sample_id"
        return np.asarray(self._dataset.cursor().execute(query).fetchnumpy()["d"], np.int32)

    def score(self, column: str) -> np.ndarray:
        """As `Known.score`; true counts as 1, false as 0."""
        if column not in self._scores:
            numeric = [known.name for known in self._dataset.columns if known.type in NUMERIC]
            if column not in numeric:
                raise GamutError(
                    f"Data set {self._dataset.name!r} has no column of numbers {column!r}; there are: "
                    f"{', '.join(map(repr, numeric)) or 'none'}."
                )
            query = f"SELECT {quoted(column)}::DOUBLE AS v FROM metadata ORDER BY sample_id"
            table = self._dataset.cursor().sql(query).to_arrow_table()
            self._scores[column] = table["v"].to_numpy().astype(np.float64)  # missing comes as NaN
        return self._scores[column]

    def groups(self, column: str) -> Grouping:
        """As `Known.groups`; samples without a value are a group of their own, the last one."""
        if column not in self._groupings:
            self._groupings[column] = self._grouping(column)
        return self._groupings[column]

    def _grouping(self, column: str) -> Grouping:
        own = {known.name: known.type for known in self._dataset.columns}
        made = column if column in own else column.removeprefix(OF_EVERY)
        if column in own:
            query = f"SELECT nullif({quoted(column)}::VARCHAR, '') FROM metadata ORDER BY sample_id"
        elif made in BUILT_IN:
            query = BUILT_IN[made]
        elif (found := self._made_groups(made)) is not None:
            return found
        else:
            known = ", ".join(repr(name) for name in dict.fromkeys([*own, *BUILT_IN, LENGTH, RESPONSE_LENGTH]))
            raise GamutError(f"Data set {self._dataset.name!r} has no column {column!r}; there are: {known}.")
        values = self._dataset.cursor().sql(query).to_arrow_table().column(0)
        by_number = own.get(column) in ("integer", "number") or (made == "turns" and column not in own)
        return _grouped(values.cast(pa.string()), by_number=by_number)

    def _made_groups(self, column: str) -> Grouping | None:
        """Groups that are made of something else: tenths of lengths and of numbers, flagged or not; None for another name."""
        if column in (LENGTH, RESPONSE_LENGTH):
            counts = self._analysis.counts
            return tenths(counts.conversation_tokens if column == LENGTH else counts.response_tokens)
        if column.endswith(IN_TENTHS):
            return tenths(self.score(column.removesuffix(IN_TENTHS)))
        if column.startswith(FLAG) and column.removeprefix(FLAG) in RULES:
            flagged = SampleFilter(flags=(column.removeprefix(FLAG),))
            codes = np.zeros(self._features.n_samples, np.int32)
            codes[matching(self._dataset, flagged)] = 1
            return Grouping(codes, ("not flagged", "flagged"))
        if column.startswith(IN_GROUP):
            codes = np.zeros(self._features.n_samples, np.int32)
            codes[list(group_of(self._dataset, column.removeprefix(IN_GROUP)).ids)] = 1
            return Grouping(codes, ("outside", "inside"))
        return None

    def target(self, said: str, *, rows: int = 1) -> np.ndarray:
        """As `Known.target`; active above the thresholds of this pool's own analysis, within the same span."""
        if (said, rows) not in self._targets:
            found = self._target(said, rows)
            if not found.any():
                raise GamutError(
                    f"The target {said!r} activates no feature in {rows} or more samples; name another one."
                )
            self._targets[said, rows] = found
        return self._targets[said, rows]

    def trained_tokens(self, counted: Counted) -> np.ndarray:
        """As `Known.trained_tokens`, where a job counted them."""
        return trained_tokens(self._dataset.workspace, self._dataset.content_hash, counted)

    def alignment(self, capability: str, settings: AlignmentSettings) -> np.ndarray:
        """As `Known.alignment`."""
        return alignment(self._analysis, load_capability(self._dataset.workspace, capability), settings)

    def likeness(self, capability: str, rule: str) -> np.ndarray:
        """As `Known.likeness`."""
        return likeness(self._analysis, load_capability(self._dataset.workspace, capability), rule)

    def _target(self, said: str, rows: int) -> np.ndarray:
        kind, _, name = said.partition(":")
        if kind == "analysis" and name:
            return self._active_in(open_analysis(self._dataset.workspace, name), None) >= rows
        if kind == "selection" and name:
            return self._of_selection(name) >= rows
        if kind == "features" and name:
            return self._of_list(name)
        if kind == "group" and name:
            return self._in_own(np.array(group_of(self._dataset, name).ids, np.int64)) >= rows
        column, equals, value = said.partition("=")
        if not equals:
            raise GamutError(
                f"{said!r} names no target; write column=value, group:NAME, analysis:NAME, selection:NAME or features:NAME."
            )
        return self._in_own(np.flatnonzero(self.groups(column).members(value, column=column))) >= rows

    def _in_own(self, ids: np.ndarray) -> np.ndarray:
        """In how many of some samples of this pool each feature is active: int64 (n_features)."""
        chosen = np.zeros(self._features.n_samples, bool)
        chosen[ids] = True
        entries = np.repeat(chosen, self._features.richness)
        return np.bincount(self._features.indices[entries], minlength=self._features.n_features)

    def _of_selection(self, name: str) -> np.ndarray:
        from core.selection.saved import load_selection  # here, because what saves selections knows how pools are made

        saved = load_selection(self._dataset.workspace, name)
        ids = np.array(saved.ids, np.int64)
        if saved.analysis_hash == self._analysis.content_hash:
            return self._in_own(ids)
        return self._active_in(open_analysis(self._dataset.workspace, saved.spec.analysis), ids)

    def _of_list(self, name: str) -> np.ndarray:
        saved = load_target(self._dataset.workspace, name)
        if saved.sae != _made_with(self._analysis)[1] or saved.n_features != self._analysis.n_features:
            raise GamutError(f"The feature list {name!r} is of another SAE than analysis {self._analysis.name!r}.")
        found = np.zeros(self._analysis.n_features, bool)
        found[list(saved.features)] = True
        return found

    def _active_in(self, other: Analysis, ids: np.ndarray | None) -> np.ndarray:
        """In how many samples of an analysis (or some of them) each feature is above this pool's own threshold."""
        if _made_with(other) != _made_with(self._analysis):
            raise GamutError(
                f"Analysis {other.name!r} was made with another model or SAE than {self._analysis.name!r}: its features "
                "are other ones; analyse it with the same."
            )
        found = other.activations(span=self._span)
        active = found.strength > self._thresholds[found.feature]
        if ids is not None:
            chosen = np.zeros(other.n_samples, bool)
            chosen[ids] = True
            active &= chosen[found.sample]
        return np.bincount(found.feature[active], minlength=self._analysis.n_features)

    @cached_property
    def _thresholds(self) -> np.ndarray:
        found = self._analysis.activations(span=self._span)
        return thresholds(
            self._activity, sample=found.sample, feature=found.feature, strength=found.strength,
            n_samples=self._analysis.n_samples, n_features=self._analysis.n_features,
        )[0]  # fmt: skip


def _made_with(analysis: Analysis) -> tuple[str, str]:
    """The SHA-256 of model and SAE."""
    return json.loads(analysis.meta["model"])["sha256"], json.loads(analysis.meta["sae"])["sha256"]


def _grouped(values: pa.ChunkedArray, *, by_number: bool) -> Grouping:
    """Groups in the order of their names (or numbers), the one without a value last."""
    coded = values.combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=lambda k: (float(names[k]), names[k]) if by_number else names[k])
    place = np.empty(len(names) + 1, np.int32)
    place[order] = np.arange(len(names))
    place[-1] = len(names)
    codes = place[coded.indices.fill_null(len(names)).to_numpy()]
    missing = (NO_VALUE,) if coded.null_count else ()
    return Grouping(codes, (*(names[k] for k in order), *missing))


@njit(cache=True, nogil=True)
def _aligned(indptr, indices, start, feature, strength):
    """The strengths of the entries of sets, each row of which is part of the same row of the long table."""
    out = np.zeros(indices.size, np.float32)
    for row in range(indptr.size - 1):
        at = start[row]
        for e in range(indptr[row], indptr[row + 1]):
            while feature[at] != indices[e]:
                at += 1
            out[e] = strength[at]
    return out
