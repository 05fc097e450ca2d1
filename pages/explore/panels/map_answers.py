"""What the map asks of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.enrichment import Enrichment
from core.scores.layout import Layout, read_layout
from core.scores.outline import Outline
from core.scores.redundancy_search import Redundancy
from core.scores.region_words import Regions, regions_in_words
from core.scores.spectrum import Bounds
from core.selection.facets import categories
from core.selection.inside import Inside, features_inside, from_the_middle, inside_of
from core.selection.map_colours import GAIN, OVERLAP, ROUND, Colouring, by_feature, colouring
from core.selection.region_names import RegionName, region_names
from core.selection.two_sets import scored_tokens
from core.store.pools import members_of
from pages.explore.panels.answers import known, rule
from pages.explore.panels.diversity_answers import chosen_bounds
from pages.explore.panels.redundancy_answers import counted_spec
from pages.shared import engine
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened
from pages.shared.redundancy import redundancy_here
from pages.shared.state import chosen


@dataclass(frozen=True, eq=False)
class Drawn:
    """An outline that was drawn and who lies inside; `key` is the plain value that decides it."""

    outline: Outline
    inside: Inside
    key: str


def layout_of(opened: Opened) -> Layout | None:
    """The map of the analysis, None while none has been drawn."""
    found = read_layout_once(opened, opened.key)
    if found is None:
        read_layout_once.clear(opened, opened.key)  # a job may draw it meanwhile
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def read_layout_once(_opened: Opened, key: str) -> Layout | None:
    """The map as its file has it."""
    return read_layout(_opened.analysis)


@st.cache_resource(max_entries=4, show_spinner="Putting the regions of the map into words …")
def regions_of(_opened: Opened, key: str) -> Regions:
    """The regions of the map in words."""
    layout = read_layout(_opened.analysis)
    if layout is None:
        raise GamutError("The map of this analysis is gone; draw it again.")
    return regions_in_words(_opened.analysis, _opened.dataset, layout)


def names_of(opened: Opened) -> tuple[RegionName, ...]:
    """What to call the regions, by the first column that groups the samples where words are weak."""
    return _names(opened, opened.key, group_columns(opened)[0])


@st.cache_resource(max_entries=4, show_spinner=False)
def _names(_opened: Opened, key: str, column: str) -> tuple[RegionName, ...]:
    return region_names(regions_of(_opened, key), known(_opened).groups(column))


def coloured(opened: Opened, wanted: str) -> Colouring:
    """What colours each sample; gain and round are those of the draft on Budget."""
    said = engine.words(draft_spec(opened)) if wanted in (GAIN, ROUND) else rule(opened)
    found = redundancy_here(opened, counted_spec(opened)) if wanted == OVERLAP else None
    more = f"{chosen_bounds().rare}:{chosen('redundancy_counted')}:{found is None}"
    return _coloured(
        opened, f"{opened.key}:{engine.key_of(opened, draft_spec(opened))}", said, wanted, more, found, chosen_bounds()
    )


@st.cache_resource(max_entries=12, show_spinner="Colouring …")
def _coloured(
    _opened: Opened, key: str, said: str, wanted: str, more: str, _found: Redundancy | None, _bounds: Bounds
) -> Colouring:
    spec = draft_spec(_opened)
    ranking = engine.ranked(_opened, spec)[1] if wanted in (GAIN, ROUND) else None
    features = engine.active(_opened, spec).features
    return colouring(
        wanted, analysis=_opened.analysis, dataset=_opened.dataset, known=known(_opened), features=features, ranking=ranking,
        redundancy=_found, bounds=_bounds, span=spec.span,
    )  # fmt: skip


def feature_values(opened: Opened, feature_id: int) -> np.ndarray:
    """How strong a feature is in each sample that it is active in, NaN elsewhere."""
    return _feature_values(opened, opened.key, rule(opened), feature_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _feature_values(_opened: Opened, key: str, said: str, feature_id: int) -> np.ndarray:
    spec = draft_spec(_opened)
    return by_feature(_opened.analysis, engine.active(_opened, spec).features, feature_id, span=spec.span)


def drawn(opened: Opened, layout: Layout, outline: Outline) -> Drawn:
    """Who lies inside an outline."""
    return _drawn(opened, layout, f"{opened.key}:{outline.text()}", outline)


@st.cache_resource(max_entries=16, show_spinner=False)
def _drawn(_opened: Opened, _layout: Layout, key: str, _outline: Outline) -> Drawn:
    members = _outline.inside(_layout.x, _layout.y)
    return Drawn(_outline, inside_of(members, tokens=_opened.analysis.counts.conversation_tokens), key)


def features_of(opened: Opened, found: Drawn) -> Enrichment:
    """Every feature inside against the rest of the pool."""
    return _features(opened, found.key, rule(opened), found)


@st.cache_resource(max_entries=8, show_spinner="Comparing …")
def _features(_opened: Opened, key: str, said: str, _found: Drawn) -> Enrichment:
    spec = draft_spec(_opened)
    return features_inside(
        engine.active(_opened, spec).features, _found.inside.members,
        tokens=scored_tokens(_opened.analysis, spec.span), duplicate_of=known(_opened).duplicate_of,
    )  # fmt: skip


@st.cache_resource(max_entries=8, show_spinner=False)
def middle_first(_layout: Layout, key: str, _found: Drawn) -> np.ndarray:
    """The samples inside, those in the middle first."""
    return from_the_middle(_layout.x, _layout.y, _found.inside.members)


def group_columns(opened: Opened) -> list[str]:
    """The columns by which what lies inside is told."""
    source = ["source"] if members_of(opened.dataset) else []
    return list(dict.fromkeys([*source, *categories(opened.dataset), "language", "flags", "turns"]))
