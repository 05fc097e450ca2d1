"""What the screens of capabilities ask of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import streamlit as st

from core.files import json_hash
from core.scores.alignment import AlignmentSettings, projections
from core.scores.alignment_summary import AlignmentSummary, summary
from core.scores.capability import Capability
from core.scores.controls import Beside, beside, reasons
from core.scores.readings import PLAIN, READINGS, Agreement, agreement
from core.scores.score_shape import ByLength, Spread, by_length, spread
from pages.shared.engine import Opened
from pages.shared.state import chosen
from pages.shared.subset import Subset


@dataclass(frozen=True, eq=False)
class Scored:
    """A capability, a reading of it, and what they say of every sample; `key` names all three in a cache."""

    capability: Capability
    settings: AlignmentSettings
    found: AlignmentSummary
    key: str


def reading() -> AlignmentSettings:
    """The reading that is chosen on screen."""
    return AlignmentSettings(
        site=chosen("align_site"), pooling=chosen("align_pooling"), by_change=chosen("align_by_change"),
        layer_z=chosen("align_layer_z"), length_z=chosen("align_length_z"),
    )  # fmt: skip


def scored(opened: Opened, capability: Capability, settings: AlignmentSettings) -> Scored:
    """The scores of every sample; `GamutError` where the analysis does not hold what they are made of."""
    key = json_hash([opened.key, capability.sha256, asdict(settings)])
    return Scored(capability, settings, _summary(opened, capability, settings, key), key)


@st.cache_resource(max_entries=12, show_spinner="Scoring every sample …")
def _summary(_opened: Opened, _capability: Capability, _settings: AlignmentSettings, key: str) -> AlignmentSummary:
    projected = projections(_opened.analysis, _capability, _settings)
    return summary(projected, _opened.analysis.counts.scored_tokens, _settings)


def spread_of(opened: Opened, said: Scored, subset: Subset | None) -> Spread:
    """How the scores are spread, with the subset at hand."""
    return _spread(opened, said, subset, said.key, subset.key if subset else "")


@st.cache_resource(max_entries=16, show_spinner=False)
def _spread(_opened: Opened, _said: Scored, _subset: Subset | None, key: str, chosen_key: str) -> Spread:
    ids: np.ndarray | None = _subset.ids if _subset else None
    return spread(_said.found.scores, _opened.analysis.counts.scored_tokens, ids)


def lengths_of(opened: Opened, said: Scored) -> ByLength:
    """The scores by length."""
    return _lengths(opened, said, said.key)


@st.cache_resource(max_entries=12, show_spinner=False)
def _lengths(_opened: Opened, _said: Scored, key: str) -> ByLength:
    return by_length(_said.found.scores, _opened.analysis.counts.scored_tokens)


def controls_of(opened: Opened, said: Scored) -> Beside:
    """The controls beside the scores; a projection pass changes which of them can be told, so that is part of the key."""
    return _controls(opened, said, json_hash([said.key, reasons(opened.analysis, said.capability)]))


@st.cache_resource(max_entries=12, show_spinner="Scoring by the controls …")
def _controls(_opened: Opened, _said: Scored, key: str) -> Beside:
    return beside(_opened.analysis, _said.capability, _said.found.scores)


def agreement_of(opened: Opened, capability: Capability, *, every: bool) -> Agreement:
    """How far the readings agree: sites and poolings, or all with their signs and scales too.

    Not kept in memory: it is kept beside the analysis, and a projection pass changes what there is to compare.
    """
    with st.spinner("Comparing the readings …"):
        return agreement(opened.analysis, capability, readings=READINGS if every else PLAIN)
