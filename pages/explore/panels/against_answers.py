"""What A against B asks of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.datasets.sample import ROLES
from core.scores.enrichment import Enrichment
from core.selection.sample_sets import ANALYSIS, SELECTION, SampleSet
from core.selection.saved import load_selection
from core.selection.specification import RankingSpec
from core.selection.two_sets import Source, Strongest, TwoSets, two_sets, weak_spots
from core.store.sample_groups import load_group
from core.store.token_text import readable_tokens
from pages.explore.panels.answers import rule
from pages.explore.panels.set_choice import written
from pages.shared import engine
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.shade import on_letters, stored_shade
from pages.shared.token_view import TokenRow

BEFORE, AFTER = 14, 8  # tokens around the strongest
EACH = 4  # samples of a side


@dataclass(frozen=True, eq=False)
class Against:
    """Two sets compared: who, every feature, what to know first; `key` is the plain value that decides them."""

    a: SampleSet
    b: SampleSet
    sets: TwoSets
    found: Enrichment
    notes: list[str]
    key: str


def compared(opened: Opened, a: SampleSet, b: SampleSet) -> Against:
    """The comparison that is on screen."""
    marks = ",".join(_mark(opened, wanted) for wanted in (a, b))
    return _compared(opened, opened.key, rule(opened), written(a), written(b), marks)


def _mark(opened: Opened, wanted: SampleSet) -> str:
    """What changes when a named set does."""
    if wanted.kind == SELECTION:
        return str(hash(load_selection(opened.workspace, wanted.name).ids))
    if wanted.kind == ANALYSIS:
        return next((a.content_hash for a in engine.analyses(opened.workspace) if a.name == wanted.name), "")
    return ",".join(load_group(opened.workspace, name).hash for name in wanted.filter.groups)


@st.cache_resource(max_entries=6, show_spinner="Comparing …")
def _compared(_opened: Opened, key: str, said: str, a: str, b: str, marks: str) -> Against:
    spec = RankingSpec.from_dict(json.loads(said))
    one, other = SampleSet.from_dict(json.loads(a)), SampleSet.from_dict(json.loads(b))
    features = engine.active(_opened, spec).features
    sets = two_sets(
        _opened.analysis, _opened.dataset, one, other, span=spec.span, activity=spec.activity, features=features
    )
    found = sets.compare()
    notes = weak_spots(found, one, other, _opened.dataset)
    return Against(one, other, sets, found, notes, json.dumps([key, said, a, b, marks]))


def words_of(opened: Opened, against: Against, ids: list[int]) -> dict[int, str]:
    """What to call features: as the pool has it, and those that the pool never has as the other analysis has it."""
    sources = against.sets.sources
    strange = [f for f in ids if len(sources) > 1 and not against.sets.in_pool[f]]
    words = feature_words(opened, [f for f in ids if f not in set(strange)])
    for source in sources[1:]:
        here = Opened(opened.workspace, source.analysis, source.dataset)
        known = active_there(against, source)
        words |= feature_words(here, [f for f in strange if f not in words and known[f]])
    return words | feature_words(opened, [f for f in strange if f not in words])


def active_there(against: Against, source: Source) -> np.ndarray:
    """The features that a sample of a source activates: bool (n_features)."""
    features = against.sets.features
    first, last = features.indptr[[source.first, source.first + source.analysis.n_samples]]
    return np.bincount(features.indices[first:last], minlength=features.n_features) > 0


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of text around the token where a feature is strongest in a sample."""

    where: Strongest
    row: TokenRow


def pieces(opened: Opened, against: Against, feature_id: int, side: str, *, span: str) -> list[Piece]:
    """The samples of a side in which a feature is strongest, as text."""
    return _pieces(opened, against, against.key, feature_id, side, span)


@st.cache_resource(max_entries=64, show_spinner=False)
def _pieces(_opened: Opened, _against: Against, key: str, feature_id: int, side: str, span: str) -> list[Piece]:
    kept = _against.found.sides.a if side == "a" else _against.found.sides.b
    found = _against.sets.strongest(feature_id, kept, span=span, limit=EACH)
    return [Piece(one, _row(_opened, one, feature_id)) for one in found]


def _row(opened: Opened, one: Strongest, feature_id: int) -> TokenRow:
    source = one.source
    here = Opened(opened.workspace, source.analysis, source.dataset)
    texts, roles = readable_tokens(source.analysis, source.dataset, one.sample_id)
    values = on_letters(texts, stored_shade(here, one.sample_id, feature_id).values)
    start = stop = one.position
    while start > 0 and one.position - start < BEFORE and roles[start - 1] < len(ROLES):
        start -= 1
    while stop + 1 < len(texts) and stop - one.position < AFTER and roles[stop + 1] < len(ROLES):
        stop += 1
    return TokenRow(
        tokens=texts[start : stop + 1], values=values[start : stop + 1].tolist(), peak=one.position - start,
        head=f"#{one.sample_id}", about=f"{one.strength:.3g}", inline=True,
        before=start > 0 and roles[start - 1] < len(ROLES),
        after=stop + 1 < len(texts) and roles[stop + 1] < len(ROLES),
    )  # fmt: skip
