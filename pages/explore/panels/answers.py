"""What the Features screen asks of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import streamlit as st

from core.errors import GamutError
from core.scores.enrichment import same_by_duplicates
from core.scores.hygiene import Hygiene, hygiene
from core.scores.telling import Group, telling
from core.scores.where import ScoredTokens, scored_tokens
from core.selection.known_analysis import KnownOfAnalysis
from core.selection.specification import RankingSpec
from core.selection.two_sets import scored_tokens as tokens_within
from core.store.feature_examples import Shown, ToRead, in_band, snippets, to_read
from core.store.feature_table import samples_with
from core.store.peaks import peak_tokens
from pages.shared import engine
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened
from pages.shared.groups import told_first
from pages.shared.subset import Subset

SUBSET = "subset"  # beside the columns: the subset against the rest of the pool
GROUPS = 256  # different values of a column that can be told apart


@dataclass(frozen=True, eq=False)
class Grouped:
    """Groups told apart by features, and for each a short piece of text of every feature, in the same order."""

    groups: list[Group]
    pieces: list[list[Shown | None]]


def columns_to_tell(opened: Opened) -> list[str]:
    """The columns whose groups can be told apart: categories, the source in a pool, the language."""
    own = [c.name for c in told_first(opened.dataset) if c.role == "category" and 2 <= c.distinct <= GROUPS]
    built_in = [name for name in ("source", "language") if name not in own]
    return [*own, *(name for name in built_in if _told(opened, name))]


def _told(opened: Opened, column: str) -> bool:
    try:
        return len(known(opened).groups(column).names) > 1
    except GamutError:
        return False


def known(opened: Opened) -> KnownOfAnalysis:
    """What is known of the samples beside their features; the rule of what is active is the one chosen on Budget."""
    return _known(opened, opened.key, rule(opened))


def rule(opened: Opened) -> str:
    """What counts as active, as chosen on Budget, as a plain value."""
    spec = draft_spec(opened)
    return engine.words(RankingSpec(analysis=spec.analysis, method="random", span=spec.span, activity=spec.activity))


@st.cache_resource(max_entries=6, show_spinner=False)
def _known(_opened: Opened, key: str, said: str) -> KnownOfAnalysis:
    spec = draft_spec(_opened)
    features = engine.active(_opened, spec).features
    return KnownOfAnalysis(_opened.analysis, _opened.dataset, features=features, span=spec.span, activity=spec.activity)


def grouped_by(opened: Opened, column: str, subset: Subset | None) -> Grouped:
    """The telling features of the groups of a column, or of the subset against all other samples."""
    mark = subset.key if column == SUBSET and subset else ""
    return _grouped(opened, opened.key, rule(opened), column, mark, subset)


@st.cache_resource(max_entries=16, show_spinner="Looking for what tells them apart …")
def _grouped(_opened: Opened, key: str, said: str, column: str, mark: str, _subset: Subset | None) -> Grouped:
    everything, n = known(_opened), _opened.analysis.n_samples
    if column == SUBSET and _subset is not None:
        codes, names = np.where(_subset.members(n), 0, 1), ("chosen", "left out")
    else:
        grouping = everything.groups(column)
        codes, names = grouping.codes, grouping.names
    spec = draft_spec(_opened)
    groups = telling(
        engine.active(_opened, spec).features,
        codes=codes,
        names=names,
        tokens=tokens_within(_opened.analysis, spec.span),
        same=same_by_duplicates(everything.duplicate_of),
    )
    wanted = [(told.feature_id, codes == names.index(group.name)) for group in groups for told in group.telling]
    try:
        found = iter(snippets(_opened.analysis, _opened.dataset, wanted))
    except GamutError:  # the analysis holds no examples: the words alone have to do
        found = iter([None] * len(wanted))
    return Grouped(groups, [[next(found) for _ in group.telling] for group in groups])


@st.cache_resource(max_entries=8, show_spinner="Reading which tokens features fire on …")
def peaks(_opened: Opened, key: str) -> pa.Table | None:
    """The tokens that features fire on; None where the analysis holds no examples."""
    try:
        return peak_tokens(_opened.analysis)
    except GamutError:
        return None


@st.cache_resource(max_entries=8, show_spinner="Measuring which features say little …")
def hygiene_of(_opened: Opened, key: str) -> Hygiene:
    """The hygiene of the features."""
    return hygiene(_opened.analysis)


@st.cache_resource(max_entries=16, show_spinner=False)
def chosen_counts(_opened: Opened, key: str, mark: str, _subset: Subset) -> np.ndarray:
    """In how many samples of the subset each feature is active, int64 (n_features)."""
    return samples_with(_opened.analysis, _subset.ids)


@st.cache_resource(max_entries=64, show_spinner=False)
def examples_to_read(_opened: Opened, key: str, feature_id: int) -> ToRead:
    """A feature's strong and middling examples."""
    return to_read(_opened.analysis, _opened.dataset, feature_id)


@st.cache_resource(max_entries=64, show_spinner=False)
def examples_in_band(_opened: Opened, key: str, feature_id: int, band: int) -> list[Shown]:
    """A feature's examples of one octave of strength."""
    return in_band(_opened.analysis, _opened.dataset, feature_id, band)


@st.cache_resource(max_entries=8, show_spinner=False)
def scored(_opened: Opened, key: str) -> ScoredTokens:
    """All scored tokens by position and role."""
    return scored_tokens(_opened.analysis)
