"""How many of the samples that are shown or chosen are those a capability was learned from: finding them again is no feat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.scores.capability import Capability
from core.scores.own_samples import caveat_of, learned_from
from pages.shared.engine import Opened
from pages.shared.numbers import count, whole


def own_of(opened: Opened, one: Capability) -> np.ndarray:
    """Which samples a capability was learned from, bool (n)."""
    return _own(opened, one, opened.key, one.sha256)


@st.cache_resource(max_entries=32, show_spinner=False)
def _own(_opened: Opened, _one: Capability, key: str, sha256: str) -> np.ndarray:
    return learned_from(_opened.dataset, _one)


def own_among(opened: Opened, one: Capability, ids: np.ndarray, *, of: str) -> str:
    """How many of these ids are a capability's own samples, in a sentence; `of` says what the ids are."""
    its_own = own_of(opened, one)
    said = f"{whole(int(its_own[ids].sum()))} of {of} are samples that {one.name} was learned from"
    return f"{said} ({count(int(its_own.sum()), 'sample')} of them in this pool). {caveat_of(one)}".strip()


def own_picks(opened: Opened, every: Sequence[Capability], ids: np.ndarray) -> str:
    """How many of each capability's picks, int (capabilities, k), are its own samples, in a sentence."""
    parts = [f"{one.name} {whole(int(own_of(opened, one)[own].sum()))}" for one, own in zip(every, ids, strict=True)]
    said = f"Picks that are samples a capability was itself learned from: {', '.join(parts)} of {whole(ids.shape[1])} each."
    untold = [one.name for one in every if caveat_of(one)]
    more = " of an older Gamut, which may not know all of their samples: learn them again."
    return f"{said} {', '.join(untold)}:{more}" if untold else said
